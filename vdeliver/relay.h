/*
 * relay - a process that hands one message after the other to relayhost. It
 * may connect, and do nothing else: no files, no names, no identity.
 */
#ifndef VDELIVER_RELAY_H
#define VDELIVER_RELAY_H

#include "base/macros.h"
#include "vdeliver/settings.h"

struct relay_tls;

struct relay_start {
	const struct settings *set;
	struct relay_tls *tls; /* NULL: TLS is off */
	int router;
};

/* Take messages from the router until it closes. */
void relay_run(const struct relay_start *start) NORETURN;

#endif
