/*
 * front - the process that talks to clients. It has no files, no names and no
 * rights; what needs the world it asks of the router.
 */
#ifndef VDELIVER_FRONT_H
#define VDELIVER_FRONT_H

#include <stddef.h>

#include "base/macros.h"
#include "net/listen.h"
#include "vdeliver/front_tls.h"
#include "vdeliver/settings.h"

struct front_listener {
	int fd;
	enum listen_proto proto;
	bool is_unix;
	bool tls; /* from the first byte on */
};

struct front_start {
	const struct settings *set;
	int router, monitor;
	const struct front_tls *tls; /* contexts, or NULL: no TLS */
	const struct front_listener *listeners;
	size_t n;
};

/* Runs until the router or the monitor is gone, or, after W_DRAIN, until the
 * last session has ended. */
void front_run(const struct front_start *start) NORETURN;

#endif
