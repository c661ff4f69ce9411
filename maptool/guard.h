/*
 * guard - do something in a child process, so that what a damaged file makes a
 * library do (crash, loop) happens there.
 */
#ifndef MAPTOOL_GUARD_H
#define MAPTOOL_GUARD_H

#include <sys/types.h>

#include <stdint.h>

#include "base/err.h"
#include "base/macros.h"

/* The child's work. out: what is written there comes to the parent. Returns
 * its exit status. */
typedef int guard_fn(int out, void *arg);

struct guard {
	pid_t pid; /* 0: none */
	int fd;    /* the other end of out */
};

/*
 * Start it. A signal that a crash sends ends it without a core file. SIGINT,
 * SIGTERM and SIGHUP do not reach this process before guard_end().
 */
enum st guard_start(struct guard *g, guard_fn *fn, void *arg, struct err *e)
    MUST_CHECK;

/* Up to n bytes of its output; 0 at the end. ST_TEMP: not within timeout_ms. */
enum st guard_read(struct guard *g, void *p, size_t n, int64_t timeout_ms,
    size_t *got, struct err *e) MUST_CHECK;

/*
 * Wait for its end. ST_TEMP: it "was ended by signal N (TEXT)", or did not end
 * within timeout_ms (negative: no limit) and was killed: "did not end within N
 * seconds".
 */
enum st guard_end(struct guard *g, int64_t timeout_ms, int *status,
    struct err *e) MUST_CHECK;

/* Both, for who wants no output. */
enum st guard_run(guard_fn *fn, void *arg, int64_t timeout_ms, int *status,
    struct err *e) MUST_CHECK;

#endif
