/*
 * base64 - the strict codec of RFC 4648 section 4: one line, with padding.
 */
#ifndef COMMON_BASE_BASE64_H
#define COMMON_BASE_BASE64_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/str.h"

/* Add the encoded bytes to out; false when they do not fit. */
bool base64_encode(struct buf *out, struct str bytes);
/*
 * Add the decoded text to out; false when it is no base64 (other characters,
 * blanks, wrong length or padding, bits beyond the end) or does not fit.
 */
bool base64_decode(struct buf *out, struct str text) MUST_CHECK;

#endif
