/*
 * ask - servers that are asked to send, instead of being read: ETRN (RFC 1985),
 * where the mail comes to the listener by itself, and ODMR (RFC 2645), where it
 * comes over the connection that we made.
 */
#ifndef FETCHER_ASK_H
#define FETCHER_ASK_H

#include "base/err.h"
#include "base/macros.h"
#include "fetcher/config.h"
#include "fetcher/poll.h"

/* Is the account's protocol one of these? */
bool ask_wanted(const struct account *a);
/* Ask for all of fetchdomains, our own name without. PS_AUTHFAIL, PS_NOMAIL:
 * why is told; else e says it. */
enum status ask_server(const struct account *a, const struct poll_how *how,
    struct err *e) MUST_CHECK;

#endif
