/*
 * child - one running poll, as its parent sees it: a process, what it says
 * (told.h), and how long it has not moved. Runs in: parent.
 */
#ifndef FETCHER_CHILD_H
#define FETCHER_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/macros.h"
#include "fetcher/config.h"
#include "fetcher/poll.h"
#include "fetcher/state.h"
#include "fetcher/status.h"
#include "fetcher/tidings.h"

struct child {
	struct account *a; /* NULL: none runs here */
	pid_t pid;
	int fd;           /* what it says; readable or closed */
	int64_t patience; /* in ms, for one step of it */
	int64_t end_ms;   /* clock_ms(): it hangs */
	struct state *state;
	char *secret; /* where it leaves what it asked for; may be NULL */
	struct buf said;
	bool stopped; /* child_stop(): what it says buys no time */
	bool listed;  /* its list of ids has begun */
	size_t noted; /* so much of it was looked at as it came */
};

/*
 * Begin to poll an account. how->ids, delivered and kept are set from the
 * state, which must outlive the child. False: no process could be made, and
 * errno says why.
 */
bool child_start(struct child *c, struct account *a, struct state *s,
    const struct poll_how *how) MUST_CHECK;
/* Its fd is readable: take what it says. False: that was all. */
bool child_listen(struct child *c) MUST_CHECK;
/* It shall end (SIGTERM), and gets some time for it. */
void child_stop(struct child *c);
/* end_ms has come: kill it. */
void child_kill(const struct child *c);
/*
 * It has closed its end, or was killed: wait for the process, learn what it
 * said, free. detached: mail may be sent about it (tidings.h).
 */
enum status child_end(struct child *c, bool detached) MUST_CHECK;

#endif
