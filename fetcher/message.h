/*
 * message - one message of a folder: old, oversized, or carried to the sink,
 * and what becomes of it on the server then.
 */
#ifndef FETCHER_MESSAGE_H
#define FETCHER_MESSAGE_H

#include "base/macros.h"
#include "fetcher/carry.h"
#include "fetcher/flight.h"
#include "fetcher/poll.h"
#include "fetcher/proto.h"
#include "fetcher/sink.h"
#include "fetcher/window.h"

/* A poll, as its parts see it. */
struct poll {
	const struct account *a;
	const struct poll_how *how;
	struct arena arena;
	const char *truename;
	struct proto *p;
	struct sink *sink;
	struct box box;
	uint64_t fetched; /* in all sessions */
	uint64_t deleted; /* in this session, in this folder */
	uint64_t leaving; /* the same, not answered yet */
	uint64_t passed;  /* at the front, dealt with, and still there */
	bool dele_failed; /* a deletion was refused */
	bool skipped;     /* the server would not give a message */
	bool quit_done;
	bool lost; /* the server: nothing more can be said to it */
	struct carry_last last_carried;
	struct flights flights;
	struct window window;
};

/*
 * Do what is to be done with message n. PS_SUCCESS: go on with the next one,
 * whatever became of it.
 */
enum status message_fetch(struct poll *q, uint64_t n, struct err *e) MUST_CHECK;
/* Is it one of those that are fetched in their turn? */
bool message_is_wanted(struct poll *q, uint64_t n) MUST_CHECK;
/* After so many deletions a new session takes the rest; 0: after none. */
uint64_t message_session_limit(const struct poll *q) MUST_CHECK;
/* How many are or may be deleted in this session, by what is under way. */
uint64_t message_leaving(const struct poll *q) MUST_CHECK;
/*
 * Wait for all that is under way on both sides: fates, then deletions. st: how
 * it went before; if the server can still be talked to, deletions are sent.
 */
enum status message_land(struct poll *q, enum status st, struct err *e)
    MUST_CHECK;
/* struct proto.done; arg: a struct poll. */
void message_deed(void *arg, uint64_t n, enum deed deed, enum status st);
/* The same for one that was seen before. */
enum status message_old(struct poll *q, uint64_t n, struct err *e) MUST_CHECK;

#endif
