/*
 * utf8 - is it valid, and what is it in lower case.
 */
#ifndef COMMON_BASE_UTF8_H
#define COMMON_BASE_UTF8_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/str.h"

/* Well-formed: no overlong form, surrogate or value above 10FFFF (RFC 3629). */
bool utf8_valid(struct str s);
/* Only bytes below 128. */
bool utf8_is_ascii(struct str s);

/* Replace out by s with A-Z in lower case; false when it does not fit. */
bool ascii_fold(struct buf *out, struct str s);
/*
 * The same with full Unicode case folding (CaseFolding.txt, status C and F);
 * s must be valid. ASCII strings take the short way.
 */
bool utf8_fold(struct buf *out, struct str s);

#endif
