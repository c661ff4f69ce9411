/* round - a child per poll, and what it says. Runs in: parent. */

#include "fetcher/round.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/num.h"
#include "fetcher/daemon.h"
#include "fetcher/gate.h"
#include "fetcher/kept.h"
#include "fetcher/method.h"
#include "fetcher/report.h"
#include "fetcher/secret.h"
#include "fetcher/tidings.h"

#define IDS_MAX (64u << 20)
/* No step of a poll waits longer than for a sink's final answer. */
#define LONGEST_MS 600000
#define GRACE_MS   60000
/* The name of the other file: the id file's, and this. */
#define DELIVERED "-delivered"
#define KEPT      "-kept"

/* The files that the parent keeps. */
struct files {
	struct uidl *ids, *delivered;
	struct kept *kept;
};

struct child {
	struct account *a;
	pid_t pid;
	int fd; /* what it says */
	struct buf said;
	bool listed;  /* its list of ids has begun */
	size_t noted; /* so much of it was looked at as it came */
	const struct files *f;
	struct tidings_poll went;
	uint64_t large[TIDINGS_SIZES];
};

/* --- what the child says ------------------------------------------------- */

/* See told.h. */
static void learn(const struct child *c)
{
	const char *user = c->a->user, *host = c->a->host;
	struct str rest = buf_str(&c->said), line, what;

	while (str_cut(&rest, '\n', &line)) {
		what = str_skip(line, 1);
		switch (line.n != 0 ? *line.p : '\0') {
		case 'C':
			if (!str_starts(rest, STR("E\n")) &&
			    str_search(rest, STR("\nE\n")) < 0)
				return; /* not all of it has come */
			uidl_clear(c->f->ids, user, host, STR_NONE);
			break;
		case 'A':
			uidl_add(c->f->ids, user, host, what);
			break;
		case 'X':
			uidl_clear(c->f->delivered, user, host, what);
			break;
		case 'D':
			uidl_add(c->f->delivered, user, host, what);
			break;
		case 'F':
			uidl_remove(c->f->delivered, user, host, what);
			break;
		case 'B':
			kept_count(c->f->kept, user, host, what);
			break;
		case 'G':
			kept_remove(c->f->kept, user, host, what);
			break;
		case 'Z':
			kept_renew(c->f->kept, user, host, what);
			break;
		case 'K':
			kept_add(c->f->kept, user, host, what, clock_seconds());
			break;
		}
	}
}

static void learn_rest(struct child *c)
{
	struct str rest = buf_str(&c->said), line;
	uint64_t size;

	c->went.large = c->large;
	while (str_cut(&rest, '\n', &line)) {
		c->went.timed_out |= str_eqc(line, "T");
		if (line.n > 1 && *line.p == 'O' &&
		    c->went.large_n < TIDINGS_SIZES &&
		    num_u64(str_skip(line, 1), UINT64_MAX, &size))
			c->large[c->went.large_n++] = size;
	}
}

/* What was delivered is in the files before the server hears of it. */
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
		if (line.n != 0 && *line.p == 'A')
			uidl_note(c->f->ids, c->a->user, c->a->host,
			    str_skip(line, 1));
		if (line.n != 0 && *line.p == 'D')
			uidl_note(c->f->delivered, c->a->user, c->a->host,
			    str_skip(line, 1));
	}
	c->noted = c->said.n - rest.n;
}

static bool listen_once(struct child *c)
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
	if (n == 2 && p[0] == 'P')
		return true; /* nothing to remember */
	buf_grew(&c->said, (size_t)n);
	note(c);
	return true;
}

/* Until it closes its end, or does not move any more. */
static void listen_to(struct child *c)
{
	int64_t limit = opt_num(&c->a->o, OPT_TIMEOUT) * 1000;
	bool told = false;

	if (limit < LONGEST_MS)
		limit = LONGEST_MS;
	limit += GRACE_MS;
	for (;;) {
		switch (daemon_wait(c->fd, told ? GRACE_MS : limit)) {
		case DAEMON_READABLE:
			if (!listen_once(c))
				return;
			break;
		case DAEMON_SIGNAL:
			if (!told) {
				kill(c->pid, SIGTERM);
				told = true;
				break;
			}
			return;
		case DAEMON_TIMEOUT:
			report_error("polling %s has not moved for %lld "
				     "seconds; it is ended",
			    c->a->label, (long long)limit / 1000);
			kill(c->pid, SIGKILL);
			return;
		}
	}
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

/* --- polling ------------------------------------------------------------- */

static void NORETURN run_child(const struct account *a, struct poll_how *how,
    pid_t parent)
{
	daemon_signals_reset();
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		exit(PS_UNDEFINED);
	exit((int)gate_poll(a, how));
}

static bool start_child(struct child *c, struct poll_how *how)
{
	pid_t parent = getpid();
	int fd[2];

	fflush(stdout);
	if (pipe2(fd, O_CLOEXEC) != 0)
		return false;
	c->pid = fork();
	if (c->pid == 0) {
		close(fd[0]);
		how->ids_out = fd[1];
		run_child(c->a, how, parent);
	}
	close(fd[1]);
	c->fd = fd[0];
	if (c->pid < 0)
		fd_clear(&c->fd);
	return c->pid > 0;
}

static void save(const struct files *f)
{
	struct err e;

	if (uidl_save(f->ids, &e) != ST_OK)
		report_error("%s", e.text);
	if (uidl_save(f->delivered, &e) != ST_OK)
		report_error("%s", e.text);
	if (kept_save(f->kept, &e) != ST_OK)
		report_error("%s", e.text);
}

static enum status poll_one(const struct round *r, struct account *a,
    const struct files *f)
{
	struct child c = { .a = a, .said = BUF_MAX(IDS_MAX), .f = f };
	struct poll_how how = { .check = r->check,
		.daemon = r->daemon,
		.turn = r->turn,
		.ids = f->ids,
		.delivered = f->delivered,
		.kept = f->kept };
	enum status st;
	struct err e;

	if (secret_get(a, &e) != ST_OK) {
		report_error("%s", e.text);
		return PS_AUTHFAIL;
	}
	if (!start_child(&c, &how)) {
		report_error("cannot start a process to poll %s: %m", a->label);
		return PS_UNDEFINED;
	}
	listen_to(&c);
	fd_clear(&c.fd);
	st = wait_child(&c);
	learn(&c);
	learn_rest(&c);
	c.went.st = st;
	if (st == PS_AUTHFAIL || method_wants_token(a))
		secret_forget(a); /* it may have been changed, or expired */
	if (r->detached)
		tidings_after(a, &c.went);
	buf_clear(&c.said);
	save(f);
	return st;
}

static void tell_status(enum status st)
{
	const char *name = status_name(st);

	if (st == PS_SUCCESS || st == PS_NOMAIL || daemon_ended_by() != 0)
		return;
	if (name != NULL)
		report_always("Query status=%d (%s)", (int)st, name);
	else
		report_always("Query status=%d", (int)st);
}

/* "interval n": only in each nth round. */
static bool is_due(const struct round *r, const struct account *a)
{
	int64_t every = opt_num(&a->o, OPT_INTERVAL);

	return every <= 1 || r->turn % (unsigned long)every == 0;
}

static enum status poll_all(const struct round *r, const struct files *f)
{
	enum status last = PS_NOMAIL;
	bool any = false;
	struct account *a;

	tidings_reap();
	for (a = r->accounts; a != NULL && daemon_ended_by() == 0;
	     a = a->next) {
		if (!is_due(r, a) || a->rests)
			continue;
		if (!gate_is_open(a, r->daemon)) {
			last = PS_SUCCESS; /* as fetchmail has it */
			continue;
		}
		last = poll_one(r, a, f);
		gate_polled(a);
		any |= last == PS_SUCCESS;
		tell_status(last);
	}
	return any ? PS_SUCCESS : last;
}

/* Ours alone, beside the id file, which stays as fetchmail knows it. */
static enum st load(struct files *f, const char *idfile, struct err *e)
{
	AUTO_BUF path = BUF_MAX(PATH_MAX);

	if (uidl_load(&f->ids, idfile, e) != ST_OK)
		return ST_TEMP;
	buf_setf(&path, "%s" DELIVERED, idfile);
	if (uidl_load(&f->delivered, buf_c(&path), e) != ST_OK)
		return ST_TEMP;
	buf_setf(&path, "%s" KEPT, idfile);
	return kept_load(&f->kept, buf_c(&path), e);
}

enum status round_run(const struct round *r)
{
	struct files f = { 0 };
	enum status st = PS_IOERR;
	struct err e;

	if (load(&f, r->idfile, &e) != ST_OK)
		report_error("%s", e.text);
	else
		st = poll_all(r, &f);
	uidl_free(f.ids);
	uidl_free(f.delivered);
	kept_free(f.kept);
	return st;
}
