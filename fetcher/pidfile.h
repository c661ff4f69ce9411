/*
 * pidfile - one fetcher at a time: the pid file and what a second one does.
 */
#ifndef FETCHER_PIDFILE_H
#define FETCHER_PIDFILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/macros.h"

/* What the lock file says. */
struct pidfile_holder {
	pid_t pid;       /* 0: nobody */
	bool background; /* it has an interval: a daemon */
};

/* Read the file; a stale one (no such process, no number in it) is removed and
 * said to be. */
void pidfile_read(const char *path, struct pidfile_holder *h);
/*
 * Create it exclusively, 0600, with our pid, and the interval (seconds) of a
 * daemon, 0 for none. ST_TEMP: it cannot be made.
 */
enum st pidfile_take(const char *path, long interval, struct err *e) MUST_CHECK;
/* Remove it. */
void pidfile_release(const char *path);

#endif
