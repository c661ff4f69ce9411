/*
 * delivering - one message from its commit to the final replies: duplicates,
 * jobs by owner, two phases when there are several, log lines.
 */
#ifndef VDELIVER_DELIVERING_H
#define VDELIVER_DELIVERING_H

#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "vdeliver/resolve.h"
#include "vdeliver/settings.h"
#include "vdeliver/workers.h"

/* An accepted RCPT and the mailboxes that it leads to. */
struct accepted {
	struct accepted *next;
	struct str original; /* as X-Original-To shows it */
	struct str address;  /* rewritten */
	struct final *finals;
};

struct message {
	struct arena arena; /* taken over with all that is in it */
	struct accepted *rcpts;
	size_t rcpt_count;
	struct str qid, sender, body;
	int fd; /* taken over; -1: body is inline */
	uint64_t size;
	int64_t start_ms; /* clock_ms() when the transaction began */
	bool lmtp;
	/* n replies: 1 for SMTP, one per accepted RCPT in order for LMTP. */
	void (*done)(struct message *m, const struct reply *replies, size_t n);
	/* It takes long: a mailbox is locked by others. Called at most once. */
	void (*waits)(struct message *m);
	void *owner;
	uint32_t client, txn; /* the owner's */
};

/* Deliver *m (copied, arena and fd taken over). done() is called once. */
void delivering_start(struct workers *ws, const struct settings *set,
    const struct message *m);

#endif
