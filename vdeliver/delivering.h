/*
 * delivering - one message from its commit to the final replies: duplicates,
 * jobs by owner, two phases when there are several or when some of it goes to
 * relayhost, log lines.
 *
 *	every mailbox prepared -> relayed -> mboxes locked -> all published
 */
#ifndef VDELIVER_DELIVERING_H
#define VDELIVER_DELIVERING_H

#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "vdeliver/relays.h"
#include "vdeliver/resolve.h"
#include "vdeliver/settings.h"
#include "vdeliver/workers.h"

/* An accepted RCPT and the mailboxes that it leads to. */
struct accepted {
	struct accepted *next;
	struct str original;      /* as X-Original-To shows it */
	struct str given;         /* as RCPT had it: the log's orig_to */
	struct str address;       /* rewritten */
	struct str orcpt, notify; /* for the relay; decoded, as given */
	struct final *finals;
};

struct message {
	struct arena arena; /* taken over with all that is in it */
	struct accepted *rcpts;
	size_t rcpt_count;
	struct str qid, sender, body;
	struct str ret, envid; /* as given, for the relay */
	unsigned flags;        /* enum wire_flags */
	int fd;                /* taken over; -1: body is inline */
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

/* Who delivers. */
struct ways {
	const struct settings *set;
	struct workers *workers;
	struct relays *relays;
};

/* Deliver *m (copied, arena and fd taken over). done() is called once. */
void delivering_start(const struct ways *ways, const struct message *m);

#endif
