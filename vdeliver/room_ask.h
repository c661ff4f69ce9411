/*
 * room_ask - at RCPT: is there room for what is to come?
 *
 * The file system of the base is looked at by a thread of its own, since a
 * network file system may hang, at most once a second. Owners' quotas are asked
 * of their workers, as far as these run; none is started for that. No answer
 * in time is a yes: the delivery itself will tell.
 */
#ifndef VDELIVER_ROOM_ASK_H
#define VDELIVER_ROOM_ASK_H

#include <ev.h>
#include <stdint.h>

#include "base/err.h"
#include "base/list.h"
#include "vdeliver/resolve.h"
#include "vdeliver/settings.h"
#include "vdeliver/workers.h"

/* Owners of one recipient that are asked; the others are taken. */
#define ROOM_OWNERS 8

struct room;

/* One who asks; embedded in it. */
struct room_wait {
	struct list link; /* of those that wait for the look */
	struct room *home;
	const struct final *finals; /* live until done() */
	uint64_t size;              /* 0: not known */
	bool looking;
	struct ev_timer patience;
	struct worker_ask asks[ROOM_OWNERS];
	size_t open; /* asks without an answer */
	/* ST_OK: take it. ST_TEMP, ST_PERM: no, for e's reason. */
	void (*done)(struct room_wait *w, enum st st, const struct err *e);
};

/* base: the mailbox base, opened while that was allowed, or -1. */
struct room *room_new(struct ev_loop *loop, const struct settings *set,
    struct workers *ws, int base) MUST_CHECK;
/* done is called once, maybe at once. */
void room_ask(struct room *r, struct room_wait *w);
/* Take it back; done is not called. */
void room_cancel(struct room_wait *w);

#endif
