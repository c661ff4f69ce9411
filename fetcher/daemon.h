/*
 * daemon - going to the background, sleeping between rounds, and the signals
 * that end or wake. Runs in: parent.
 */
#ifndef FETCHER_DAEMON_H
#define FETCHER_DAEMON_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/macros.h"

/*
 * Fork and leave the terminal: returns in the child, with standard input,
 * output and errors on /dev/null. The parent waits for daemon_ready() and exits
 * with its status. ST_TEMP: no process could be made.
 */
enum st daemon_detach(struct err *e) MUST_CHECK;
/* Let the parent, if there is one, exit; errors went to its terminal so far. */
void daemon_ready(int status);

/*
 * Catch SIGTERM, SIGINT (the end, and SIGHUP as well in the foreground) and
 * SIGUSR1 (wake up; as root SIGHUP too); ignore SIGPIPE.
 */
void daemon_signals(bool background);
/* Hold back these signals (over exec as well), or let them come:
 * daemon_signals() does. */
void daemon_hold(bool on);
/* In a child: the signals as they were. */
void daemon_signals_reset(void);
/* The signal that ended us, 0 for none. */
int daemon_ended_by(void);

enum daemon_event {
	DAEMON_READABLE, /* or closed: see revents */
	DAEMON_TIMEOUT,
	DAEMON_SIGNAL, /* ask daemon_ended_by() */
};
/* Wait for input until a clock_ms(). A signal that wants the end interrupts it
 * once: later calls wait on. */
enum daemon_event daemon_wait(struct pollfd *p, size_t n, int64_t deadline);

/*
 * Sleep until the time is over or a signal came, also one that came since the
 * sleep before. Returns the signal that woke us, else 0.
 */
int daemon_sleep(int64_t seconds);

#endif
