/*
 * address - mail addresses: parse, rewrite, quote, split lists.
 *
 * Internal form has no quotes and backslashes: what follows the last '@' is
 * the domain, what is before it the local part, whatever bytes that holds.
 * External form is what stands in headers, replies and logs: the local part is
 * quoted when RFC 5321 4.1.2 wants it. Syntax: RFC 5322 3.4, read generously;
 * rewriting: trivial-rewrite(8) as a table of booleans.
 */
#ifndef COMMON_MAIL_ADDRESS_H
#define COMMON_MAIL_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

struct address_rules {
	const char *myorigin, *mydomain;
	bool append_at_myorigin;  /* user: user@myorigin */
	bool append_dot_mydomain; /* user@host: user@host.mydomain */
	bool swap_bangpath;       /* site!user: user@site */
	bool allow_percent_hack;  /* user%dom: user@dom */
	bool strict_rfc821;       /* only <address>, nothing around it */
};

/* All of it in the arena that was given to address_parse(). */
struct address {
	struct str original; /* as received, without source route: external */
	struct str address;  /* rewritten: internal form */
	bool
	    routed; /* the local part says to go on elsewhere: @ ! or % in it */
};

/*
 * Parse an envelope argument: "<a@b>", "a@b", "Name <a@b>", "(c) <@r:a@b>".
 * The null address "<>" gives two empty strs and is ST_OK: the caller says
 * where it is allowed.
 *
 * ST_PERM (5.1.7): no address, unbalanced <> or quotes, two addresses, blank
 * in the local part, text behind '>', "user@", empty or hyphen-edged labels,
 * domain over 255 octets, strict_rfc821 and no <>.
 */
enum st address_parse(struct address *out, const struct address_rules *rules,
    struct str text, struct arena *a, struct err *e) MUST_CHECK;

/*
 * Rewrite an internal address: steps 3 to 5 of the rules above (routes, bang
 * path, percent hack, origin, domain, final dot). Empty stays empty.
 */
struct str address_rewrite(const struct address_rules *rules,
    struct str internal, struct arena *a);

/* Add the external form of an internal address to out. */
void address_quote(struct buf *out, struct str internal);
/* The same in an arena. */
struct str address_external(struct str internal, struct arena *a);

/* What follows the last '@', empty when there is none; and what is before. */
struct str address_domain(struct str internal);
struct str address_local(struct str internal);

/*
 * Split a list of addresses, separated by commas, blanks or both, with names,
 * comments and groups ("The User <u@d>, v@d (x)"); each is rewritten. The
 * result, in internal form, lies in a: *n strs at *list. Nothing in text that
 * is an address, as in ",": ST_NONE.
 *
 * ST_PERM (5.1.3): an address in it is none; the text says which.
 */
enum st address_list(const struct address_rules *rules, struct str text,
    struct arena *a, struct str **list, size_t *n, struct err *e) MUST_CHECK;

#endif
