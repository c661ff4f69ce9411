/*
 * delivering_state - what the files delivering*.c share; nobody else includes
 * it.
 */
#ifndef VDELIVER_DELIVERING_STATE_H
#define VDELIVER_DELIVERING_STATE_H

#include "vdeliver/delivering.h"

enum stage {
	STAGE_ONE,     /* a single job does it all */
	STAGE_PREPARE, /* every job stages */
	STAGE_RELAY,   /* relayhost has it */
	STAGE_LOCK,    /* jobs for mboxes lock them */
	STAGE_VERDICT, /* every job publishes or drops */
};

/* Which targets an RCPT stands for; several may share one. */
struct claim {
	struct claim *next;
	struct route *route;
};

struct delivery {
	struct message m;
	const struct ways *ways;
	enum stage stage;
	bool told; /* that it waits */
	struct route **routes;
	size_t route_count;
	struct claim **claims; /* by RCPT */
	struct work **works;
	size_t work_count, pending;
	struct relay_work *relay; /* NULL: nothing goes out, or not yet */
	int64_t received_ms;
};

/* delivering.c */
/* All or nothing for SMTP; for LMTP within each RCPT. */
void delivering_spread_failures(struct delivery *d);
/* It takes long, and stands in nobody's way: say so, once. */
void delivering_waits(struct delivery *d);
/* After the relay: lock, publish, reply. */
void delivering_relayed(struct delivery *d);

/* delivering_relay.c: true when some of the message is on its way out; then
 * delivering_relayed() is called later. */
bool delivering_relay(struct delivery *d);
/*
 * What was relayed is gone: a mailbox of the same group that fails for good now
 * must not make the client believe that nothing was delivered, so that it fails
 * for now, and the client tries again.
 */
void delivering_soften(struct delivery *d);

/* delivering_log.c: lines as Postfix's qmgr, virtual and smtp write them. */
void delivering_log(const struct delivery *d, const char *fmt, ...)
    PRINTF(2, 3);
void delivering_log_status(const struct delivery *d, const struct route *r);

#endif
