/*
 * lock - one fetcher at a time: the pid file and what a second one does.
 */
#ifndef FETCHER_LOCK_H
#define FETCHER_LOCK_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/macros.h"

/* What the lock file says. */
struct lock_holder {
	pid_t pid;       /* 0: nobody */
	bool background; /* it has an interval: a daemon */
};

/* Read the file; a stale one (no such process, no number in it) is removed and
 * said to be. */
void lock_read(const char *path, struct lock_holder *h);
/*
 * Create it exclusively, 0600, with our pid, and the interval (seconds) of a
 * daemon, 0 for none. ST_TEMP: it cannot be made.
 */
enum st lock_take(const char *path, long interval, struct err *e) MUST_CHECK;
/* Remove it. */
void lock_release(const char *path);

#endif
