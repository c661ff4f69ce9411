/*
 * relayhost - where mail for other hosts goes: "[host]:port", "host:port",
 * "host", several of them separated by blanks or commas, in order of
 * preference. No MX records are looked up, brackets or not. postconf(5).
 */
#ifndef VDELIVER_RELAYHOST_H
#define VDELIVER_RELAYHOST_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

struct maps;

struct relayhost {
	struct str text; /* as it is written */
	struct str host; /* without brackets, and without "ipv6:" */
	struct str port; /* a number or a service; "25" when none is given */
	bool bare;       /* without brackets: elsewhere it may have an MX */
};

/*
 * The next destination of the list, taken off its front. ST_NONE: no more.
 * ST_TEMP: it is none, with the parameter's name and the item.
 */
enum st relayhost_next(struct str *list, struct relayhost *r, struct err *e)
    MUST_CHECK;

/* Every item is right; one warning for those that have no brackets. */
enum st relayhost_check(const char *list, struct err *e) MUST_CHECK;

/* Octets of all addresses together; there is no need to try more. */
#define RELAYHOST_PLACES_MAX 8000

/*
 * The addresses of all destinations, a line "HOST ADDRESS PORT[ LOGIN]\n" each.
 * protocols is inet_protocols. LOGIN is "user:password" in base64, where
 * passwords (NULL: nobody logs in) has one: see relay_sasl.h. It may wait for
 * the DNS. ST_TEMP: none has any (4.4.3), or the table cannot be asked.
 */
enum st relayhost_places(const char *list, const char *protocols,
    struct maps *passwords, struct buf *places, struct err *e) MUST_CHECK;

#endif
