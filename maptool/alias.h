/*
 * alias - lines of an alias file: "name: value, value". A pure parser.
 *
 * Both sides are read as RFC 822 words and printed again: the name without its
 * quotes, the value in one form (", " between items, one blank between words,
 * quotes where they are needed). Postfix: aliases(5), postalias(1).
 */
#ifndef MAPTOOL_ALIAS_H
#define MAPTOOL_ALIAS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/str.h"

/*
 * NULL: key and val are the record. Else why the line is none: "need
 * name:value pair", "name must be local".
 */
const char *alias_parse(struct str line, struct buf *key, struct buf *val)
    MUST_CHECK;

/*
 * A name with the quotes that it needs in an address: "a b". False: it needs
 * none; out is of no use then.
 */
bool alias_quote_key(struct str name, struct buf *out) MUST_CHECK;

#endif
