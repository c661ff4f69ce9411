/*
 * addr_find - look an address up by its key forms: user+ext@dom, user@dom,
 * user+ext, user, @dom. Postfix: virtual(5), canonical(5).
 */
#ifndef COMMON_MAP_ADDR_FIND_H
#define COMMON_MAP_ADDR_FIND_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"
#include "map/maps.h"

struct addr_find {
	const char *delimiters; /* recipient_delimiter, "" for none */
	bool local;             /* the domain is ours: bare user keys count */
};

/*
 * Where the first of delimiters splits local_part into user and extension;
 * the delimiter's place, or -1: not split (none there, first position,
 * mailer-daemon, double-bounce, with '-' owner-x and x-request).
 */
ptrdiff_t addr_split(struct str local_part, const char *delimiters);

/*
 * Find address ("user@domain", internal form or external, with its quotes) in
 * m: all tables for one key form, then the next form. On ST_OK val is the
 * answer and *ext the extension with its delimiter ("+tag") that the matching
 * key did not have, else empty; it borrows from address.
 * The quoted form of the local part is tried before the unquoted one.
 */
enum st addr_find(struct maps *m, const struct addr_find *how,
    struct str address, struct buf *val, struct str *ext, struct err *e)
    MUST_CHECK;

#endif
