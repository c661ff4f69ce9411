/*
 * braces - text in braces: "{ text }".
 */
#ifndef COMMON_MAP_BRACES_H
#define COMMON_MAP_BRACES_H

#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

/*
 * Take the outer braces of *s off, and the blanks inside them. ST_TEMP, with
 * the text "syntax error after '}' in "TEXT"" and the like: *s does not start
 * with a brace, its partner is missing or is followed by something.
 */
enum st braces_strip(struct str *s, struct err *e) MUST_CHECK;

#endif
