/*
 * headway - one line on a terminal about a fetch that takes long: how much is
 * done of all, how fast, and how long it will take. It is overwritten, and goes
 * when something else is to be said. Runs in: poll child.
 */
#ifndef FETCHER_HEADWAY_H
#define FETCHER_HEADWAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct headway {
	uint64_t messages, octets; /* of all; octets 0: not known */
	uint64_t done, moved;      /* messages, octets */
	int64_t elapsed_ms;
};

/* Nothing is shown unless somebody allows it: only who looks at a terminal,
 * where nothing else comes. Before any child is made. */
void headway_allow(bool on);

/* A folder begins: so many messages are to be fetched. */
void headway_begin(uint64_t messages, uint64_t octets);
void headway_moved(size_t octets);
/* One message is done, however it ended; the line goes. */
void headway_next(void);

/* The line itself: pure. */
void headway_text(struct buf *out, const struct headway *p);

#endif
