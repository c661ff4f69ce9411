/*
 * tidings - mail from a daemon that nobody watches: logins that fail, messages
 * that are too large, servers that do not answer any more. Runs in: parent;
 * each mail is sent by a process of its own that nobody waits for.
 */
#ifndef FETCHER_TIDINGS_H
#define FETCHER_TIDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "fetcher/config.h"
#include "fetcher/status.h"

/* So many time-outs in a row, and an account rests until we are awakened. */
#define TIDINGS_TIMEOUTS 20
/* Sizes that one mail names, at most. */
#define TIDINGS_SIZES 1000

/* How a poll went. */
struct tidings_poll {
	enum status st;
	bool timed_out;
	const uint64_t *large; /* sizes of what was left for its size */
	size_t large_n;
};

enum tidings {
	TIDINGS_NONE = 0,
	TIDINGS_AUTH = 1, /* the login was refused several times in a row */
	TIDINGS_LARGE =
	    2, /* something is too large, "warnings" after the last */
	TIDINGS_REST = 4, /* the account rests from now on */
	TIDINGS_BACK = 8, /* the login works again, after such a mail */
};

/*
 * Remember a poll of the account; the mails that are due, as a set. now: in
 * seconds, never back.
 */
unsigned tidings_learn(struct account *a, const struct tidings_poll *p,
    int64_t now);
/* The whole mail, lines ending in CRLF. */
void tidings_text(struct buf *out, const struct account *a, enum tidings what,
    const struct tidings_poll *p, time_t now);

/* After a poll: learn, and send what is due. */
void tidings_after(struct account *a, const struct tidings_poll *p);
/* Forget that accounts rest. */
void tidings_wake(struct account *first);
/* Collect the processes that have sent mail. */
void tidings_reap(void);

/* "authfail-mail": "never" or a number above 0; ST_TEMP: it is neither. */
enum st tidings_check(const struct options *global, struct err *e) MUST_CHECK;

#endif
