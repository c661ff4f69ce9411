/*
 * message - one message of a folder: old, oversized, or carried to the sink,
 * and what becomes of it on the server then.
 */
#ifndef FETCHER_MESSAGE_H
#define FETCHER_MESSAGE_H

#include "base/macros.h"
#include "fetcher/carry.h"
#include "fetcher/poll.h"
#include "fetcher/proto.h"
#include "fetcher/sink.h"

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
	uint64_t passed;  /* at the front, dealt with, and still there */
	bool dele_failed; /* a deletion was refused */
	bool skipped;     /* the server would not give a message */
	bool quit_done;
	struct carry_last last_carried;
};

/*
 * Do what is to be done with message n. PS_SUCCESS: go on with the next one,
 * whatever became of it.
 */
enum status message_fetch(struct poll *q, uint64_t n, struct err *e) MUST_CHECK;
/* The same for one that was seen before. */
enum status message_old(struct poll *q, uint64_t n, struct err *e) MUST_CHECK;

#endif
