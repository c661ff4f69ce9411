/*
 * json - texts as JSON strings. RFC 8259 7.
 */
#ifndef MAPTOOL_JSON_H
#define MAPTOOL_JSON_H

#include "base/buf.h"
#include "base/str.h"

/*
 * Add s in double quotes; the short escapes where there are some, control
 * characters and DEL as \u00XX; a byte that is no UTF-8 becomes U+FFFD.
 */
void json_add(struct buf *out, struct str s);

#endif
