/*
 * postconf_json - one object a line, as postconf -j of Postfix 3.11 prints it.
 */
#ifndef MAPTOOL_POSTCONF_JSON_H
#define MAPTOOL_POSTCONF_JSON_H

#include "base/buf.h"
#include "base/str.h"

/*
 * Add '{"NAME": "VALUE"}' and a newline. Bytes that are no UTF-8 become
 * U+FFFD, so that it is JSON (RFC 8259) in any case.
 */
void pc_json(const char *name, struct str value, struct buf *out);

#endif
