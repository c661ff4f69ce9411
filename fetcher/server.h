/*
 * server - reach an account's server: connect, TLS as its settings want it,
 * log in.
 */
#ifndef FETCHER_SERVER_H
#define FETCHER_SERVER_H

#include "base/err.h"
#include "base/macros.h"
#include "fetcher/config.h"
#include "fetcher/pop3.h"

/*
 * A POP3 session that is logged in. Anything but PS_SUCCESS: e says why; the
 * password was never sent in clear text where TLS is required. What is set up
 * of p stays for the caller to close.
 */
enum status server_open(const struct account *a, struct pop3 *p, struct err *e)
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
