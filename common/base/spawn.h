/*
 * spawn - run a shell command, feed it or read it, wait for its end; all with
 * deadlines.
 * Or run a program that stands for the other side of a connection.
 */
#ifndef COMMON_BASE_SPAWN_H
#define COMMON_BASE_SPAWN_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

struct spawn {
	pid_t pid; /* 0: none */
	int in;    /* its standard input, -1 when closed; never blocks */
};

/* Who it runs as; the groups are those of the user. */
struct spawn_user {
	uid_t uid;
	gid_t gid;
	const char *name;
};

/*
 * Start "sh -c command" in its own process group, with default signals and a
 * pipe as standard input; output goes where ours does. as may be NULL. ST_TEMP:
 * no process could be made.
 */
enum st spawn_shell(struct spawn *p, const char *command,
    const struct spawn_user *as, struct err *e) MUST_CHECK;

/*
 * Start argv[0], found by PATH, without a shell, with a socket as standard
 * input and output; it gets SIGTERM when we end. *fd is our side of the socket;
 * p->in stays closed. ST_TEMP: it could not be started, and why.
 */
enum st spawn_peer(struct spawn *p, char *const *argv, int *fd, struct err *e)
    MUST_CHECK;

/*
 * Start "sh -c command" in the same way, with nothing to read, and add what it
 * writes to out, until it closes its output; then wait for its end. ST_TEMP: it
 * could not be started, was late, wrote more than out has room for, or a signal
 * came to us: it was killed then. "timeout after N seconds ...", "it wrote more than
 * N octets".
 */
enum st spawn_output(const char *command, struct buf *out, int64_t timeout_ms,
    int *status, struct err *e) MUST_CHECK;

/*
 * Write to its input. ST_NONE: it does not read (any more). ST_TEMP: timeout,
 * "timeout after N seconds waiting for WHAT".
 */
enum st spawn_write(struct spawn *p, struct str bytes, int64_t timeout_ms,
    struct err *e) MUST_CHECK;

/*
 * Close its input and wait for its end; *status is that of the shell: 0..255,
 * or 128 and the signal's number. ST_TEMP: timeout; it was killed then.
 */
enum st spawn_wait(struct spawn *p, int64_t timeout_ms, int *status,
    struct err *e) MUST_CHECK;

/* Kill its process group and collect it, if it still runs. */
void spawn_kill(struct spawn *p);

#endif
