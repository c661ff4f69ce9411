/*
 * rhs - right-hand sides that are names of files (postmap -F): the value is
 * what the files hold, joined by newlines.
 */
#ifndef COMMON_MAP_RHS_H
#define COMMON_MAP_RHS_H

#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

/*
 * Replace out by the content of the files that names lists. ST_TEMP: "open
 * NAME: REASON", "read NAME: REASON", "empty pathname list: >>NAMES<<'".
 */
enum st rhs_read(struct str names, struct buf *out, struct err *e) MUST_CHECK;

#endif
