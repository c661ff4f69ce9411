/* poll - one account, start to end: straight down. Runs in: poll child. */

#include "fetcher/poll.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/xalloc.h"
#include "fetcher/carry.h"
#include "fetcher/host.h"
#include "fetcher/pop3.h"
#include "fetcher/report.h"
#include "fetcher/server.h"
#include "fetcher/sink.h"

/* The id lines of one account, at most. */
#define IDS_MAX ((size_t)64 << 20)

enum msg_state {
	MSG_NEW,       /* not delivered: it comes again */
	MSG_OLD,       /* was seen before this poll */
	MSG_DELIVERED, /* and stays on the server */
	MSG_DELETED,   /* if QUIT works */
	MSG_OLD_GONE,  /* the same, and seen before: fetchmail keeps its line */
};

struct poll {
	const struct account *a;
	const struct poll_how *how;
	struct arena arena;
	const char *truename;
	struct pop3 p;
	struct sink *sink;
	uint64_t count, octets, last;
	const char **uids; /* 1..count, NULL without UIDL */
	char *state;       /* enum msg_state of each, NULL: not listed */
	uint64_t fetched, deleted;
	bool dele_failed, quit_done;
	struct carry_last last_carried;
};

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* For the mail that a daemon sends about it: round.c. */
static void tell_large(const struct poll *q, uint64_t size)
{
	dprintf(q->how->ids_out, "O%llu\n", (unsigned long long)size);
}

static void tell_timeout(const struct poll *q)
{
	dprintf(q->how->ids_out, "T\n");
}

/* What is told of a session that ended badly. */
static enum status fail(struct poll *q, enum status st, const struct err *e)
{
	static const char *const kinds[] = { [PS_SOCKET] = "socket",
		[PS_PROTOCOL] = "client/server protocol",
		[PS_ERROR] = "client/server synchronization",
		[PS_LOCKBUSY] = "lock busy on server",
		[PS_SMTP] = "SMTP transaction",
		[PS_DNS] = "DNS lookup" };

	if (e != NULL && e->text[0] != '\0')
		report_error("%s", e->text);
	if (q->p.conn != NULL && conn_timed_out(q->p.conn))
		tell_timeout(q);
	if (st == PS_AUTHFAIL) {
		report_error("Authorization failure on %s@%s", q->a->user,
		    q->a->host);
		report_error(
		    "Check the user name and the password in the rc "
		    "file, and whether the server wants another method "
		    "(auth in fetcherrc(5)).");
	}
	if (st == PS_SERVBUSY)
		report_error("Server busy error on %s@%s", q->a->user,
		    q->a->host);
	if (st == PS_LOCKBUSY) {
		report_error("lock busy!  Is another session active?");
		report_error("Lock-busy error on %s@%s", q->a->user,
		    q->a->host);
	}
	if ((size_t)st < NELEM(kinds) && kinds[st] != NULL)
		report_error("%s error while fetching from %s@%s", kinds[st],
		    q->a->user, q->a->label);
	return st;
}

/* --- which messages ------------------------------------------------------ */

static enum status ask_new(struct poll *q, struct err *e)
{
	bool uidl = opt_flag(&q->a->o, OPT_UIDL);
	bool all = opt_flag(&q->a->o, OPT_FETCHALL);
	enum status st = pop3_stat(&q->p, &q->count, &q->octets, e);

	if (st != PS_SUCCESS || q->count == 0)
		return st;
	if (all && !uidl)
		return PS_SUCCESS;
	if (!uidl) {
		st = pop3_last(&q->p, &q->last, e);
		if (st != PS_ERROR)
			return st;
	}
	q->uids = arena_array(&q->arena, q->count + 1, sizeof(char *));
	st = pop3_uidl(&q->p, q->count, q->uids, e);
	if (st == PS_ERROR) {
		q->uids = NULL; /* the server has none: all are new */
		st = PS_SUCCESS;
	}
	return st;
}

static bool seen_before(const struct poll *q, uint64_t n)
{
	if (q->uids != NULL && q->uids[n] != NULL)
		return uidl_seen(q->how->ids, q->a->user, q->a->host,
		    str_c(q->uids[n]));
	return n <= q->last;
}

static bool is_old(const struct poll *q, uint64_t n)
{
	return q->state[n] == MSG_OLD;
}

static enum status list_messages(struct poll *q, uint64_t *old, struct err *e)
{
	enum status st = ask_new(q, e);
	uint64_t n;

	*old = 0;
	if (st != PS_SUCCESS)
		return st;
	q->state = arena_alloc(&q->arena, q->count + 1);
	for (n = 1; n <= q->count; n++) {
		q->state[n] = seen_before(q, n) ? MSG_OLD : MSG_NEW;
		*old += is_old(q, n);
	}
	return PS_SUCCESS;
}

/* In a daemon's log only mail is news. */
static void tell_none(const struct poll *q)
{
	if (report_verbose() ||
	    (!q->how->daemon && !opt_flag(q->a->global, OPT_SYSLOG)))
		report_note("No mail for %s at %s", q->a->user, q->a->label);
}

static void tell_count(struct poll *q, uint64_t old)
{
	if (q->count == 0)
		tell_none(q);
	else if (old == 0)
		report_info("%llu message%s for %s at %s (%llu octets).",
		    (unsigned long long)q->count, plural(q->count), q->a->user,
		    q->a->label, (unsigned long long)q->octets);
	else
		report_info("%llu message%s (%llu seen) for %s at %s (%llu "
			    "octets).",
		    (unsigned long long)q->count, plural(q->count),
		    (unsigned long long)old, q->a->user, q->a->label,
		    (unsigned long long)q->octets);
}

/* --- what the parent hears ------------------------------------------------ */

/*
 * What was deleted is gone after QUIT; without one it is there again, and must
 * not be delivered twice. What was known before stays so until the server does
 * not list it any more, as with fetchmail.
 */
static bool counts_as_seen(const struct poll *q, uint64_t n)
{
	return q->state[n] == MSG_OLD || q->state[n] == MSG_DELIVERED ||
	    q->state[n] == MSG_OLD_GONE ||
	    (q->state[n] == MSG_DELETED && !q->quit_done);
}

/* The parent keeps the id file: it forgets this account and learns anew. */
static void tell_ids(const struct poll *q)
{
	AUTO_BUF out = BUF_MAX(IDS_MAX);
	uint64_t n;

	if (q->uids == NULL || q->state == NULL || q->count == 0)
		return;
	buf_addc(&out, "C\n");
	for (n = 1; n <= q->count; n++)
		if (counts_as_seen(q, n) && q->uids[n] != NULL)
			buf_addf(&out, "A%s\n", q->uids[n]);
	buf_addc(&out, "E\n");
	if (!io_write_full(q->how->ids_out, buf_c(&out), out.n))
		report_error("the parent does not listen: %m");
}

/* This one was delivered, whatever happens to us now. */
static void tell_delivered(const struct poll *q, uint64_t n)
{
	if (q->uids != NULL && q->uids[n] != NULL &&
	    dprintf(q->how->ids_out, "A%s\n", q->uids[n]) < 0)
		report_error("the parent does not listen: %m");
}

/* We move: the parent waits on. */
static void tell_moved(void *arg)
{
	const struct poll *q = arg;
	ssize_t unused UNUSED = write(q->how->ids_out, "P\n", 2);
}

/* --- one message --------------------------------------------------------- */

static enum status delete_message(struct poll *q, uint64_t n, struct err *e)
{
	enum status st =
	    pop3_command(&q->p, e, "DELE %llu", (unsigned long long)n);

	if (st == PS_ERROR) {
		report_error("%s", buf_c(&q->p.reply));
		q->dele_failed = true;
		q->state[n] = MSG_DELIVERED;
		return PS_SUCCESS;
	}
	if (st == PS_SUCCESS) {
		q->state[n] = MSG_DELETED;
		q->deleted++;
	}
	return st;
}

static void begin_line(const struct poll *q, const char *verb, uint64_t n,
    uint64_t size, bool of)
{
	report_part("%s message %s@%s:%llu", verb, q->a->user, q->truename,
	    (unsigned long long)n);
	if (of)
		report_part(" of %llu", (unsigned long long)q->count);
	if (size > 0)
		report_part(" (%llu octets)", (unsigned long long)size);
}

static enum status skip_old(struct poll *q, uint64_t n, struct err *e)
{
	enum status st;

	if (!opt_flag(&q->a->o, OPT_FLUSH))
		return PS_SUCCESS;
	begin_line(q, "skipping", n, 0, false);
	st = delete_message(q, n, e);
	report_done(" flushed");
	return st;
}

static enum status skip_large(struct poll *q, uint64_t n, uint64_t size,
    struct err *e)
{
	bool away = opt_flag(&q->a->o, OPT_LIMITFLUSH);
	enum status st = PS_SUCCESS;

	tell_large(q, size);
	begin_line(q, "skipping", n, size, false);
	report_part(" (oversized)");
	if (away)
		st = delete_message(q, n, e);
	report_done(away ? " flushed" : " not flushed");
	return st;
}

/* TOP leaves no mark on servers that mark what was retrieved. */
static bool use_top(const struct poll *q)
{
	bool keep = opt_flag(&q->a->o, OPT_KEEP);
	bool uidl = opt_flag(&q->a->o, OPT_UIDL);

	return !opt_flag(&q->a->o, OPT_FETCHALL) && !(keep && !uidl) &&
	    getenv("FETCHMAIL_POP3_FORCE_RETR") == NULL &&
	    !q->p.greeting_maillennium;
}

static enum status start_text(struct poll *q, uint64_t n, uint64_t size,
    struct err *e)
{
	enum status st;

	q->p.text_size = size;
	st = pop3_retr(&q->p, n, use_top(q), e);
	if (st == PS_ERROR && use_top(q))
		st = pop3_retr(&q->p, n, false, e);
	return st;
}

/* After the sink's answer: the mail is theirs, ours, or gone. */
static enum status settle(struct poll *q, uint64_t n, enum fate fate,
    struct err *e)
{
	bool keep = opt_flag(&q->a->o, OPT_KEEP), old;
	enum status st = PS_SUCCESS;

	if (fate == FATE_DOWN || fate == FATE_BROKEN) {
		report_done(" not flushed");
		return fate == FATE_DOWN ? q->sink->ops->down : PS_IOERR;
	}
	if (fate == FATE_DELETE || (fate == FATE_TAKEN && !keep)) {
		old = is_old(q, n);
		tell_delivered(q, n);
		st = delete_message(q, n, e);
		if (old && q->state[n] == MSG_DELETED)
			q->state[n] = MSG_OLD_GONE;
		report_done(" flushed");
		return st;
	}
	if (fate == FATE_TAKEN) {
		q->state[n] = MSG_DELIVERED;
		tell_delivered(q, n);
	}
	report_done(" not flushed");
	return st;
}

static enum status fetch_one(struct poll *q, uint64_t n, struct err *e)
{
	struct carry c = { .a = q->a,
		.truename = q->truename,
		.p = &q->p,
		.sink = q->sink,
		.last = &q->last_carried,
		.moved = tell_moved,
		.arg = q };
	uint64_t limit = (uint64_t)opt_num(&q->a->o, OPT_LIMIT);
	enum fate fate = FATE_KEEP;
	enum status st = pop3_list(&q->p, n, &c.size, e);

	tell_moved(q);
	if (st != PS_SUCCESS && st != PS_ERROR)
		return st;
	if (limit > 0 && c.size > limit)
		return skip_large(q, n, c.size, e);
	begin_line(q, "reading", n, c.size, true);
	st = start_text(q, n, c.size, e);
	if (st == PS_ERROR) {
		report_done(" not flushed");
		report_error("couldn't fetch headers, message %s@%s:%llu "
			     "(%llu octets)",
		    q->a->user, q->a->host, (unsigned long long)n,
		    (unsigned long long)c.size);
		return PS_SUCCESS;
	}
	if (st == PS_SUCCESS)
		st = carry_message(&c, &fate, e);
	if (st != PS_SUCCESS) {
		report_done(" (broken off)");
		return st;
	}
	q->fetched++;
	return settle(q, n, fate, e);
}

static enum status fetch_all(struct poll *q, struct err *e)
{
	uint64_t most = (uint64_t)opt_num(&q->a->o, OPT_FETCHLIMIT), n, left;
	bool all = opt_flag(&q->a->o, OPT_FETCHALL);
	enum status st = PS_SUCCESS;

	for (n = 1; n <= q->count && st == PS_SUCCESS; n++) {
		if (is_old(q, n) && !all) {
			st = skip_old(q, n, e);
			continue;
		}
		if (most > 0 && q->fetched >= most) {
			left = q->count - q->deleted;
			report_note("fetchlimit %llu reached; %llu message%s "
				    "left on server %s account %s",
			    (unsigned long long)most, (unsigned long long)left,
			    plural(left), q->a->host, q->a->user);
			return PS_MAXFETCH;
		}
		st = fetch_one(q, n, e);
	}
	return st;
}

/* --- the session --------------------------------------------------------- */

static enum status quit(struct poll *q, struct err *e)
{
	enum status st = pop3_command(&q->p, e, "QUIT");

	q->quit_done = st == PS_SUCCESS;
	if (st == PS_ERROR) {
		report_error("%s", buf_c(&q->p.reply));
		st = PS_PROTOCOL;
	}
	return st;
}

static enum status session(struct poll *q, struct err *e)
{
	uint64_t old;
	enum status st = list_messages(q, &old, e), end;
	struct err bye = { "", "" };

	if (st != PS_SUCCESS)
		return st;
	tell_count(q, old);
	if (!q->how->check && q->count != 0)
		st = fetch_all(q, e);
	else if (q->how->check)
		q->fetched = q->count - old;
	if (st == PS_SOCKET)
		return st;
	end = quit(q, &bye);
	if (end != PS_SUCCESS && st == PS_SUCCESS) {
		*e = bye;
		return end;
	}
	return st;
}

static enum status finish(struct poll *q, enum status st)
{
	if (st == PS_SUCCESS && q->dele_failed)
		return PS_PROTOCOL;
	if (st == PS_SUCCESS)
		return q->fetched != 0 ? PS_SUCCESS : PS_NOMAIL;
	return st;
}

static void tell_state(const struct account *a, const char *state)
{
	time_t now = time(NULL);
	char when[64];

	if (!report_verbose())
		return;
	strftime(when, sizeof(when), "%a %b %e %H:%M:%S %Y", localtime(&now));
	report_note("%s querying %s (protocol %s) at %s: poll %s",
	    PACKAGE_VERSION, a->label,
	    protocol_name((enum protocol)opt_num(&a->o, OPT_PROTOCOL)), when,
	    state);
}

static enum status run(struct poll *q, struct err *e)
{
	enum status st = server_open(q->a, &q->p, e);

	if (st == PS_SUCCESS)
		st = session(q, e);
	if (st != PS_SUCCESS && st != PS_MAXFETCH)
		st = fail(q, st, e);
	if (!q->how->check)
		tell_ids(q);
	return st;
}

enum status poll_account(const struct account *a, const struct poll_how *how)
{
	struct poll q = { .a = a, .how = how, .truename = a->host };
	struct err e = { "", "" };
	enum status st = PS_SUCCESS;

	tell_state(a, "started");
	if (opt_flag(&a->o, OPT_DNS) &&
	    host_canonical(a->host, &q.arena, &q.truename, &e) != ST_OK) {
		report_error("couldn't find canonical DNS name of %s (%s): %s",
		    a->label, a->host, e.text);
		e.text[0] = '\0';
		st = fail(&q, PS_DNS, &e);
	}
	if (st == PS_SUCCESS) {
		q.sink = sink_new(a,
		    opt_flag(a->global, OPT_INVISIBLE) ? q.truename
						       : host_fqdn());
		st = run(&q, &e);
	}
	sink_free(q.sink);
	conn_close(q.p.conn);
	pop3_clear(&q.p);
	arena_clear(&q.arena);
	tell_state(a, "completed");
	return finish(&q, st);
}
