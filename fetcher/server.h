/*
 * server - reach an account's server: connect, TLS as its settings want it,
 * log in.
 */
#ifndef FETCHER_SERVER_H
#define FETCHER_SERVER_H

#include "base/err.h"
#include "base/macros.h"
#include "fetcher/config.h"
#include "fetcher/proto.h"

/*
 * A session that is logged in. Anything but PS_SUCCESS: e says why; the
 * password was never sent in clear text where TLS is required. *p is set in any
 * case, for proto_free() of the caller.
 */
enum status server_open(const struct account *a, const struct poll_how *how,
    struct proto **p, struct err *e) MUST_CHECK;

/* Connect to the account's host at its service, or else to port. */
enum status server_connect(const struct account *a, const char *name,
    const char *port, struct conn **c, struct err *e) MUST_CHECK;
/* TLS from the first octet. */
enum status server_wrap(const struct account *a, struct conn *c, struct err *e)
    MUST_CHECK;

enum tls_want {
	TLS_NEVER, /* sslproto '' */
	TLS_MAY,   /* when it is offered */
	TLS_MUST,
	TLS_WRAPPED, /* ssl: from the first octet */
};

/* What an account's settings ask for; loopback servers need not have it. */
enum tls_want server_tls_want(const struct account *a, bool loopback);

#endif
