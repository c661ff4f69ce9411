/*
 * boxes - the mbox files that a worker has locked or wants to.
 *
 * Jobs for the same file share one lock, so that a batch is appended under it
 * and synced once. Nothing waits: boxes_poll() makes the attempts that are due,
 * deliver_lock_delay apart; each job counts its own, deliver_lock_attempts for
 * each step. A box
 * that is held for nobody who could write by now is let go meanwhile: a job
 * that waits for one mailbox holds up no other.
 */
#ifndef VDELIVER_BOXES_H
#define VDELIVER_BOXES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/list.h"
#include "base/macros.h"
#include "base/str.h"
#include "mail/mbox.h"

struct boxes_rules {
	struct mbox_rules mbox;
	int64_t attempts, delay_ms;
};

/* The longest that a box may wait for its locks: all kinds of them. */
int64_t boxes_patience_ms(unsigned locks, int64_t attempts, int64_t delay_ms);

struct boxes;

/* In the hands of the taking thread; while it is in use (boxes_use) its mbox
 * belongs to the committing thread. */
struct box {
	struct list link; /* in boxes.all, by age */
	struct mbox mbox;
	/* ST_OK: held; ST_NONE: not yet; ST_TEMP: never. Both with err. */
	enum st st;
	struct err err;
	unsigned refs, users;
	bool shut; /* held for long: who comes now waits for the next lock */
	enum mbox_step at;
	int64_t tries, next_ms; /* attempts at this step; the next one */
	int64_t since_ms;       /* held since then */
	/* for commit.c */
	bool written;
	uint64_t size; /* when the batch began */
};

/* rules outlive it. */
struct boxes *boxes_new(const struct boxes_rules *rules) MUST_CHECK;
/* Let go of everything, dotlocks above all. NULL is fine. */
void boxes_free(struct boxes *bs);

/* One who waits for a box. */
struct box_claim {
	enum mbox_step at;
	int64_t from;   /* attempts at this step before it came */
	int64_t end_ms; /* it waits no longer than that */
};

/* The box for a path below the base, with a first attempt at its lock; c is
 * filled. Each boxes_get() needs a boxes_put(), which lets go when it is the
 * last. */
struct box *boxes_get(struct boxes *bs, struct str path, struct box_claim *c)
    MUST_CHECK;
/* ST_OK: the box is held. ST_NONE: wait. ST_TEMP: there is no hope, or it was
 * tried often enough for this claim; the box has the err. */
enum st boxes_state(const struct boxes *bs, const struct box *b,
    struct box_claim *c) MUST_CHECK;
void boxes_put(struct box *b);
/* A held box goes to the committing thread, and comes back from there. */
void boxes_use(struct box *b);
void boxes_unuse(struct box *b);

/* Make the attempts that are due. */
void boxes_poll(struct boxes *bs);
/* Let go of what is held and not in use. */
void boxes_rest(struct boxes *bs);
/* When boxes_poll() is to be called next; CLOCK_NEVER: nobody waits. */
int64_t boxes_next(const struct boxes *bs);

#endif
