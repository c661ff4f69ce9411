/* guard - a child process for what may crash. */

#include "maptool/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"

static const int crashes[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL,
	SIGPIPE };
static const int ends[] = { SIGHUP, SIGINT, SIGTERM };

static void hold_ends(int how)
{
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < NELEM(ends); i++)
		sigaddset(&set, ends[i]);
	sigprocmask(how, &set, NULL);
}

static void NORETURN child(int out, guard_fn *fn, void *arg)
{
	static const struct rlimit no_core = { 0, 0 };
	size_t i;
	int status;

	for (i = 0; i < NELEM(crashes); i++)
		signal(crashes[i], SIG_DFL);
	setrlimit(RLIMIT_CORE, &no_core);
	hold_ends(SIG_UNBLOCK);
	status = fn(out, arg);
	if (fflush(stdout) != 0)
		status = 2;
	_exit(status);
}

enum st guard_start(struct guard *g, guard_fn *fn, void *arg, struct err *e)
{
	int pipes[2];

	*g = (struct guard){ 0, -1 };
	fflush(stdout);
	if (pipe2(pipes, O_CLOEXEC) != 0)
		return err_temp(e, "", "pipe: %m");
	hold_ends(SIG_BLOCK);
	g->pid = fork();
	if (g->pid == 0) {
		close(pipes[0]);
		child(pipes[1], fn, arg);
	}
	close(pipes[1]);
	g->fd = pipes[0];
	if (g->pid > 0)
		return ST_OK;
	err_temp(e, "", "fork: %m");
	hold_ends(SIG_UNBLOCK);
	fd_clear(&g->fd);
	return ST_TEMP;
}

enum st guard_read(struct guard *g, void *p, size_t n, int64_t timeout_ms,
    size_t *got, struct err *e)
{
	struct pollfd pfd = { .fd = g->fd, .events = POLLIN };
	int64_t deadline = clock_deadline(timeout_ms);
	ssize_t r;
	int rc;

	do
		rc = poll(&pfd, 1, clock_left(deadline));
	while (rc < 0 && errno == EINTR);
	r = rc > 0 ? read(g->fd, p, n) : -1;
	*got = r > 0 ? (size_t)r : 0;
	if (rc == 0)
		return err_temp(e, "", "did not end within %jd seconds",
		    (intmax_t)timeout_ms / 1000);
	return r >= 0 ? ST_OK : err_temp(e, "", "read: %m");
}

/* Its output ends when it does. */
static enum st wait_for_end(struct guard *g, int64_t timeout_ms, struct err *e)
{
	int64_t deadline = clock_deadline(timeout_ms);
	char ignored[512];
	size_t got = 1;
	enum st st = ST_OK;
	int left;

	while (st == ST_OK && got != 0) {
		left = clock_left(deadline);
		st = guard_read(g, ignored, sizeof(ignored), left, &got, e);
		if (st == ST_OK && got != 0 && left == 0)
			st = err_temp(e, "", "did not end in time");
	}
	return st;
}

enum st guard_end(struct guard *g, int64_t timeout_ms, int *status,
    struct err *e)
{
	enum st st = wait_for_end(g, timeout_ms, e);
	int how = 0;
	pid_t rc;

	if (st != ST_OK)
		kill(g->pid, SIGKILL);
	do
		rc = waitpid(g->pid, &how, 0);
	while (rc < 0 && errno == EINTR);
	fd_clear(&g->fd);
	g->pid = 0;
	hold_ends(SIG_UNBLOCK);
	if (st != ST_OK)
		return st;
	if (rc < 0)
		return err_temp(e, "", "wait: %m");
	if (WIFSIGNALED(how))
		return err_temp(e, "", "was ended by signal %d (%s)",
		    WTERMSIG(how), strsignal(WTERMSIG(how)));
	*status = WEXITSTATUS(how);
	return ST_OK;
}

enum st guard_run(guard_fn *fn, void *arg, int64_t timeout_ms, int *status,
    struct err *e)
{
	struct guard g;

	if (guard_start(&g, fn, arg, e) != ST_OK)
		return ST_TEMP;
	return guard_end(&g, timeout_ms, status, e);
}
