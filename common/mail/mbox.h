/*
 * mbox - add messages to an mbox file, whole or not at all.
 *
 * mbox_open() goes, one attempt a call, through the order of virtual(8):
 * dotlock, open, flock and fcntl, checks. While the file is held, append()
 * adds a message or truncates what it had written; the caller syncs, and may
 * take the last message back with undo(). A crash in the middle leaves a cut
 * message, as with the original. Format: RFC 4155 with From_ lines quoted once
 * (mboxo), local time, two blanks behind the sender.
 */
#ifndef COMMON_MAIL_MBOX_H
#define COMMON_MAIL_MBOX_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

/* What holds for all files of a store; outlives them. */
struct mbox_rules {
	int base;              /* the base directory, opened for reading */
	const char *base_path; /* its name, for messages */
	unsigned locks;        /* set of enum mbox_lock */
	int64_t stale_s;       /* a dotlock of this age is nobody's */
	bool strict_owner;     /* only files of the effective uid */
	bool confine;          /* no file is opened out of the base by links */
	bool defer_quota;      /* over quota is 4.2.2 instead of 5.2.2 */
};

enum mbox_step {
	MBOX_AT_DOTLOCK, /* nothing is held */
	MBOX_AT_FILE,    /* the file is open, maybe dotlocked */
	MBOX_HELD,       /* all locks are ours, the file may be written */
};

struct mbox {
	const struct mbox_rules *rules;
	char *path; /* below the base */
	char *lock; /* PATH.lock */
	enum mbox_step step;
	bool dotlocked;
	int fd;    /* -1: not open */
	dev_t dev; /* of the open file */
	ino_t ino;
};

void mbox_init(struct mbox *m, const struct mbox_rules *rules, struct str path);
/* As mbox_close(), and free what init made. NULL is fine. */
void mbox_clear(struct mbox *m);

/*
 * Go as far as possible without waiting; a missing file is made (mode 0600),
 * its directory is not. What was reached stays for the next call.
 *
 * ST_OK: held. ST_NONE: somebody else has a lock; e is the error for whoever
 * waits no longer (4.2.0). ST_TEMP, all closed: 4.2.0, or 4.3.5 when there is
 * something else than a file. The texts are "delivery failed to mailbox PATH:
 * REASON".
 */
enum st mbox_open(struct mbox *m, struct err *e) MUST_CHECK;
/* Give up the locks, the dotlock last. The lock on the file itself stays as long
 * as another mbox shares it. */
void mbox_close(struct mbox *m);
/*
 * m waits for the lock of a file that other, of the same file by another path,
 * holds: have m share it. False: they do not fit.
 */
bool mbox_share(struct mbox *m, const struct mbox *other) MUST_CHECK;

struct mbox_msg {
	struct str sender; /* as in Return-Path; empty: MAILER-DAEMON */
	struct str head;   /* lines that go before the message, unquoted */
	struct str body;   /* the message, when fd is -1 */
	int fd;            /* or the first size octets of this file */
	uint64_t size;
};

/* Where a message lies in the file. */
struct mbox_span {
	uint64_t start, end;
};

/*
 * Add a message behind what is there. A file that lacks its last newline gets
 * one first, and an empty line. limit is the most octets the file may have, 0:
 * any.
 *
 * The file is as before unless ST_OK. ST_PERM: over limit or quota (5.2.2).
 * ST_TEMP: no space or any other trouble (4.3.0).
 */
enum st mbox_append(struct mbox *m, const struct mbox_msg *msg, uint64_t limit,
    struct mbox_span *span, struct err *e) MUST_CHECK;
/* Take an appended message back, if nothing came behind it. */
void mbox_undo(struct mbox *m, const struct mbox_span *span);
/* Shorten a longer file to size octets; what goes wrong is logged. */
void mbox_cut(struct mbox *m, uint64_t size);
/* All that was appended is on disk; ST_TEMP 4.3.0: who knows. */
enum st mbox_sync(struct mbox *m, struct err *e) MUST_CHECK;

/* e becomes "delivery failed to mailbox BASE/PATH: " and a printf text (%m);
 * ST_PERM for a dsn of class 5, else ST_TEMP. errno is kept. */
enum st mbox_fail(struct err *e, const struct mbox_rules *rules,
    struct str path, const char *dsn, const char *fmt, ...) PRINTF(5, 6);

#endif
