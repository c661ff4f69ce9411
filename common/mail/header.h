/*
 * header - one line of a message header at a time. RFC 5322 2.2, 3.6.8.
 *
 * Lines come without their line end. Nothing is copied.
 */
#ifndef COMMON_MAIL_HEADER_H
#define COMMON_MAIL_HEADER_H

#include <stdbool.h>

#include "base/macros.h"
#include "base/str.h"

/*
 * The field name when line begins a header field: printable ASCII without
 * blank and colon, then blanks (obsolete, but seen), then a colon. Empty when
 * it is none. *value is what follows the colon, left blanks cut; may be NULL.
 */
struct str header_name(struct str line, struct str *value);

/*
 * The same for a line of which only the beginning is known: HEADER_MORE means
 * that it could still become a header.
 */
enum header_kind {
	HEADER_YES,
	HEADER_NO,
	HEADER_MORE
};
enum header_kind header_begins(struct str start);

/* True for a line that continues the field before it: blank or tab first. */
bool header_folded(struct str line);

/* True when name (any case) is in list: names separated by blanks, commas. */
bool header_listed(struct str name, struct str list);

#endif
