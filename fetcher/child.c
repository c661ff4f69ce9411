/* child - a poll's process and its lines. Runs in: parent. */

#include "fetcher/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/num.h"
#include "fetcher/daemon.h"
#include "fetcher/gate.h"
#include "fetcher/method.h"
#include "fetcher/report.h"
#include "fetcher/secret.h"

/* The lines of one poll, at most. */
#define SAID_MAX (64u << 20)
/* No step of a poll waits longer than for a sink's final answer. */
#define LONGEST_MS 600000
#define GRACE_MS   60000

/* --- in the child --------------------------------------------------------- */

/* Asking for the password may take long, and holds up nobody here. */
static enum status run(struct child *c, struct poll_how *how)
{
	struct err e;

	if (secret_get(c->a, &e) != ST_OK) {
		report_error("%s", e.text);
		return PS_AUTHFAIL;
	}
	secret_put(c->a, c->secret);
	return gate_poll(c->a, how);
}

static void NORETURN run_child(struct child *c, struct poll_how *how,
    pid_t parent)
{
	daemon_signals_reset();
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		exit(PS_UNDEFINED);
	exit((int)run(c, how));
}

bool child_start(struct child *c, struct account *a, struct state *s,
    const struct poll_how *like)
{
	int64_t ms = opt_num(&a->o, OPT_TIMEOUT) * 1000;
	struct poll_how how = *like;
	pid_t parent = getpid();
	int fd[2], saved;

	fflush(stdout);
	if (pipe2(fd, O_CLOEXEC) != 0)
		return false;
	how.ids = s->ids;
	how.delivered = s->delivered;
	how.kept = s->kept;
	how.journal = s->journal.fd >= 0 ? &s->journal : NULL;
	*c = (struct child){ .a = a, .said = BUF_MAX(SAID_MAX), .state = s };
	c->secret = secret_room(a);
	c->pid = fork();
	if (c->pid == 0) {
		close(fd[0]);
		how.ids_out = fd[1];
		run_child(c, &how, parent);
	}
	saved = errno;
	close(fd[1]);
	c->fd = fd[0];
	c->patience = (ms > LONGEST_MS ? ms : LONGEST_MS) + GRACE_MS;
	c->end_ms = clock_deadline(c->patience);
	if (c->pid > 0)
		return true;
	fd_clear(&c->fd);
	secret_free(c->secret);
	c->a = NULL;
	errno = saved;
	return false;
}

/* --- what it says ---------------------------------------------------------- */

static void note(struct child *c)
{
	struct str rest = str_skip(buf_str(&c->said), c->noted), line;

	if (c->listed)
		return;
	while (str_find(rest, '\n') >= 0) {
		str_cut(&rest, '\n', &line);
		/* Lists of what is there come whole, or do not count. */
		c->listed |= str_eqc(line, "C");
		if (c->listed)
			return;
		state_note(c->state, c->a, line);
	}
	c->noted = c->said.n - rest.n;
}

bool child_listen(struct child *c)
{
	size_t room;
	char *p = buf_room(&c->said, 4096, &room);
	ssize_t n;

	if (p == NULL)
		return false;
	do
		n = read(c->fd, p, room);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return false;
	if (!c->stopped)
		c->end_ms = clock_deadline(c->patience);
	if (n == 2 && p[0] == 'P')
		return true; /* nothing to remember */
	buf_grew(&c->said, (size_t)n);
	note(c);
	return true;
}

/* For mails about it. */
static void learn_rest(const struct child *c, struct tidings_poll *went,
    uint64_t large[TIDINGS_SIZES])
{
	struct str rest = buf_str(&c->said), line;
	uint64_t size;

	went->large = large;
	while (str_cut(&rest, '\n', &line)) {
		went->timed_out |= str_eqc(line, "T");
		if (line.n > 1 && *line.p == 'O' &&
		    went->large_n < TIDINGS_SIZES &&
		    num_u64(str_skip(line, 1), UINT64_MAX, &size))
			large[went->large_n++] = size;
	}
}

/* --- its end --------------------------------------------------------------- */

void child_stop(struct child *c)
{
	kill(c->pid, SIGTERM);
	c->stopped = true;
	c->patience = GRACE_MS;
	c->end_ms = clock_deadline(GRACE_MS);
}

void child_kill(const struct child *c)
{
	report_error("polling %s has not moved for %lld seconds; it is ended",
	    c->a->label, (long long)c->patience / 1000);
	kill(c->pid, SIGKILL);
}

static enum status wait_child(const struct child *c)
{
	int status;

	while (waitpid(c->pid, &status, 0) < 0)
		if (errno != EINTR)
			return PS_UNDEFINED;
	if (WIFEXITED(status))
		return (enum status)WEXITSTATUS(status);
	if (daemon_ended_by() == 0)
		report_error("the process that polled %s was killed by "
			     "signal %d",
		    c->a->label, WTERMSIG(status));
	return PS_UNDEFINED;
}

/* False: there was none to be had, and so no login. */
static bool learn_secret(struct child *c, enum status st)
{
	bool had = c->secret == NULL || secret_take(c->a, c->secret);

	secret_free(c->secret);
	if (st == PS_AUTHFAIL || method_wants_token(c->a))
		secret_forget(c->a); /* it may have been changed, or expired */
	return had;
}

enum status child_end(struct child *c, bool detached)
{
	uint64_t large[TIDINGS_SIZES];
	struct tidings_poll went = { 0 };
	enum status st;

	fd_clear(&c->fd);
	st = wait_child(c);
	state_learn(c->state, c->a, buf_str(&c->said));
	learn_rest(c, &went, large);
	went.st = st;
	if (learn_secret(c, st) && detached)
		tidings_after(c->a, &went);
	gate_polled(c->a);
	buf_clear(&c->said);
	c->a = NULL;
	return st;
}
