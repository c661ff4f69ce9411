/* poll - one account, start to end: straight down. Runs in: poll child. */

#include "fetcher/poll.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "fetcher/account.h"
#include "fetcher/ask.h"
#include "fetcher/headway.h"
#include "fetcher/host.h"
#include "fetcher/message.h"
#include "fetcher/report.h"
#include "fetcher/server.h"
#include "fetcher/told.h"

/* So many polls may fail within a message before it comes last. */
#define BROKEN_POLLS 3

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* One line that sums up. */
static void tell_kind(const struct poll *q, enum status st)
{
	static const char *const kinds[] = { [PS_SOCKET] = "socket",
		[PS_PROTOCOL] = "client/server protocol",
		[PS_ERROR] = "client/server synchronization",
		[PS_LOCKBUSY] = "lock busy on server",
		[PS_SMTP] = "SMTP transaction",
		[PS_DNS] = "DNS lookup" };
	const char *to = st == PS_SMTP && q->sink != NULL ? q->sink->to : NULL;

	if ((size_t)st >= NELEM(kinds) || kinds[st] == NULL)
		return;
	/* Who could not be reached was told of in full. */
	if (st == PS_SOCKET && (q->p == NULL || q->p->conn == NULL))
		return;
	report_error("%s error while fetching from %s@%s%s%s", kinds[st],
	    q->a->user, q->a->label,
	    to != NULL ? " and delivering to SMTP host " : "",
	    to != NULL ? to : "");
}

/* What is told of a session that ended badly. */
static enum status fail(struct poll *q, enum status st, const struct err *e)
{
	if (e != NULL && e->text[0] != '\0')
		report_error("%s", e->text);
	if (q->p != NULL &&
	    (q->p->silent ||
		(q->p->conn != NULL && conn_timed_out(q->p->conn))))
		told_timeout(q);
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
	tell_kind(q, st);
	return st;
}

/* --- which messages ------------------------------------------------------ */

static bool is_old(const struct poll *q, uint64_t n)
{
	return q->box.state[n] != MSG_NEW;
}

/* What was delivered before is not delivered again, unless all is wanted. */
static void find_owed(struct poll *q)
{
	bool keep = opt_flag(&q->a->o, OPT_KEEP);
	uint64_t n;

	told_owed(q);
	told_kept(q);
	for (n = 1; n <= q->box.count; n++)
		if (told_before(q, n))
			q->box.state[n] =
			    keep || q->box.read_only ? MSG_OLD : MSG_OWED;
}

static enum status list_messages(struct poll *q, uint64_t *old, struct err *e)
{
	enum status st = q->p->ops->list(q->p, &q->box, e);
	uint64_t n;

	*old = 0;
	q->window = (struct window){ 0 };
	if (st == PS_ERROR)
		err_temp(e, "", "%s", buf_c(&q->p->reply));
	if (st != PS_SUCCESS)
		return st;
	find_owed(q);
	for (n = 1; n <= q->box.count; n++)
		*old += is_old(q, n);
	return PS_SUCCESS;
}

/* " (folder F)" if it has a name. */
static void name_folder(const struct poll *q, struct buf *out)
{
	if (q->box.folder != NULL)
		buf_addf(out, " (folder %s)", q->box.folder);
}

/* In a daemon's log only mail is news. */
static void tell_none(const struct poll *q)
{
	AUTO_BUF folder = BUF_MAX(1024);

	name_folder(q, &folder);
	if (report_verbose() ||
	    (!q->how->daemon && !opt_flag(q->a->global, OPT_SYSLOG)))
		report_note("No mail for %s at %s%s", q->a->user, q->a->label,
		    buf_c(&folder));
}

static void tell_count(struct poll *q, uint64_t old)
{
	AUTO_BUF text = BUF_MAX(4096);

	if (q->box.count == 0) {
		tell_none(q);
		return;
	}
	buf_addf(&text, "%llu message%s", (unsigned long long)q->box.count,
	    plural(q->box.count));
	if (old != 0)
		buf_addf(&text, " (%llu seen)", (unsigned long long)old);
	buf_addf(&text, " for %s at %s", q->a->user, q->a->label);
	name_folder(q, &text);
	if (q->box.octets != 0)
		buf_addf(&text, " (%llu octets)",
		    (unsigned long long)q->box.octets);
	report_info("%s.", buf_c(&text));
}

/* --- all of them ----------------------------------------------------------- */

static void tell_limit(const struct poll *q, uint64_t most)
{
	uint64_t left = q->box.count - q->deleted;

	report_note("fetchlimit %llu reached; %llu message%s left on server "
		    "%s account %s",
	    (unsigned long long)most, (unsigned long long)left, plural(left),
	    q->a->host, q->a->user);
}

/* Where removing takes effect at the end, "expunge n" ends the session. */
uint64_t message_session_limit(const struct poll *q)
{
	if (!q->p->ops->ends_at_quit || opt_flag(&q->a->o, OPT_KEEP))
		return 0;
	return (uint64_t)opt_num(&q->a->o, OPT_EXPUNGE);
}

/* *again: a new session takes the rest. PS_MAXFETCH: it is enough. */
static enum status is_enough(struct poll *q, bool *again, struct err *e)
{
	uint64_t most = (uint64_t)opt_num(&q->a->o, OPT_FETCHLIMIT);
	uint64_t here = message_session_limit(q);
	bool all = most > 0 && q->fetched >= most;
	enum status st;

	if (!all && (here == 0 || message_leaving(q) < here))
		return PS_SUCCESS;
	st = message_land(q, PS_SUCCESS, e);
	if (st != PS_SUCCESS)
		return st;
	if (!all && q->deleted < here)
		return PS_SUCCESS;
	tell_limit(q, all ? most : here);
	*again = !all;
	return PS_MAXFETCH;
}

/* The server has failed within it in three polls: it blocks no other. */
static bool is_hopeless(struct poll *q, uint64_t n)
{
	return q->box.state[n] == MSG_NEW &&
	    told_broken_before(q, n) >= BROKEN_POLLS;
}

bool message_is_wanted(struct poll *q, uint64_t n)
{
	if (q->box.state[n] == MSG_OWED || q->box.state[n] == MSG_EXPIRED)
		return false;
	if (is_old(q, n) && !opt_flag(&q->a->o, OPT_FETCHALL))
		return false;
	return !is_hopeless(q, n);
}

/* After all others. */
static enum status fetch_hopeless(struct poll *q, struct err *e)
{
	enum status st = PS_SUCCESS;
	bool again = false;
	uint64_t n;

	for (n = 1; n <= q->box.count && st == PS_SUCCESS; n++) {
		if (!is_hopeless(q, n))
			continue;
		st = is_enough(q, &again, e);
		if (st != PS_SUCCESS)
			return again ? PS_SUCCESS : st;
		report_error("the server has failed within message "
			     "%s@%s:%llu in %lld polls; it is tried last",
		    q->a->user, q->a->host, (unsigned long long)n,
		    (long long)told_broken_before(q, n));
		st = message_fetch(q, n, e);
	}
	return st;
}

static enum status fetch_all(struct poll *q, bool *again, struct err *e)
{
	bool hopeless = false;
	enum status st = PS_SUCCESS;
	uint64_t n;

	for (n = 1 + q->passed; n <= q->box.count && st == PS_SUCCESS; n++) {
		if (is_hopeless(q, n)) {
			hopeless = true;
			continue;
		}
		if (!message_is_wanted(q, n)) {
			st = message_old(q, n, e);
			continue;
		}
		st = is_enough(q, again, e);
		q->passed = n - 1 - q->deleted;
		if (st != PS_SUCCESS)
			return *again ? PS_SUCCESS : st;
		st = message_fetch(q, n, e);
	}
	q->passed = 0;
	return st == PS_SUCCESS && hopeless ? fetch_hopeless(q, e) : st;
}

/* What is to come, for who looks at a terminal. Sizes that would have to be
 * asked for are not. */
static void begin_progress(struct poll *q, uint64_t old)
{
	bool all = opt_flag(&q->a->o, OPT_FETCHALL);
	uint64_t octets =
	    q->p->ops->body == NULL && (all || old == 0) ? q->box.octets : 0;
	uint64_t n, size = 0, count = 0;
	struct err ignored;

	for (n = 1; n <= q->box.count; n++) {
		if (!all && is_old(q, n))
			continue;
		count++;
		if (q->p->ops->body != NULL &&
		    q->p->ops->octets(q->p, n, &size, &ignored) == PS_SUCCESS)
			octets += size;
	}
	headway_begin(count, octets);
}

/* --- a folder -------------------------------------------------------------- */

static enum status select_folder(struct poll *q, const char *folder,
    struct err *e)
{
	enum status st = PS_SUCCESS;

	q->box = (struct box){ .folder = folder };
	q->deleted = q->leaving = 0;
	if (q->p->ops->select != NULL)
		st = q->p->ops->select(q->p, &q->box, e);
	if (st == PS_ERROR) {
		report_error("mailbox selection failed");
		err_temp(e, "", "%s: %s", folder != NULL ? folder : "INBOX",
		    buf_c(&q->p->reply));
	}
	return st;
}

static bool can_quit(enum status st)
{
	return st != PS_SOCKET && st != PS_PROTOCOL && st != PS_DNS;
}

/* What was taken goes, whatever else went wrong. */
static enum status leave_folder(struct poll *q, enum status st, struct err *e)
{
	bool well = st == PS_SUCCESS || st == PS_MAXFETCH;
	struct err ignored;
	enum status end;

	if (q->p->ops->leave == NULL || q->lost || !can_quit(st))
		return st;
	end = q->p->ops->leave(q->p, well ? e : &ignored);
	return well && end != PS_SUCCESS ? end : st;
}

static enum status do_folder(struct poll *q, bool *again, struct err *e)
{
	uint64_t old;
	enum status st = list_messages(q, &old, e);

	if (st != PS_SUCCESS)
		return st;
	tell_count(q, old);
	if (q->how->check) {
		q->fetched += q->box.count - old;
		return PS_SUCCESS;
	}
	if (q->box.count != 0) {
		begin_progress(q, old);
		st = fetch_all(q, again, e);
		st = message_land(q, st, e);
	}
	return leave_folder(q, st, e);
}

static void new_sink(struct poll *q)
{
	sink_free(q->sink);
	q->sink = sink_new(q->a,
	    opt_flag(q->a->global, OPT_INVISIBLE) ? q->truename : host_fqdn());
}

/* "idle": wait in the folder for more, and take it, until something fails. */
static enum status idle(struct poll *q, struct err *e)
{
	bool again = false;
	enum status st = PS_SUCCESS;

	while (st == PS_SUCCESS) {
		new_sink(q); /* no listener waits with us */
		st = q->p->ops->wait(q->p, e);
		if (st != PS_SUCCESS) {
			report_error("re-poll failed");
			break;
		}
		q->box = (struct box){ .folder = q->box.folder,
			.read_only = q->box.read_only };
		q->deleted = q->leaving = 0;
		st = do_folder(q, &again, e);
	}
	return st;
}

static bool is_pattern(const char *folder)
{
	return folder != NULL && strchr(folder, '*') != NULL;
}

/* "!NAME" beside a pattern takes it out, and so does "move NAME". */
static bool is_excluded(const struct account *a, const char *name)
{
	const struct option_item *i = opt_list(&a->o, OPT_FOLDER);
	const char *to = opt_text(&a->o, OPT_MOVE);

	for (; i != NULL; i = i->next)
		if (i->text[0] == '!' && fnmatch(i->text + 1, name, 0) == 0)
			return true;
	return to != NULL && strcmp(to, name) == 0;
}

/* A folder that cannot be selected is passed over here. */
static enum status do_pattern(struct poll *q, const char *pattern, bool *again,
    struct err *e)
{
	const char *name;
	enum status st = PS_SUCCESS;
	uint64_t n;

	if (q->p->ops->folder == NULL)
		return PS_SUCCESS;
	for (n = 0; st == PS_SUCCESS; n++) {
		st = q->p->ops->folder(q->p, pattern, n, &name, e);
		if (st != PS_SUCCESS || name == NULL)
			break;
		if (is_excluded(q->a, name))
			continue;
		st = select_folder(q, name, e);
		if (st == PS_SUCCESS) {
			st = do_folder(q, again, e);
		} else if (st == PS_ERROR) {
			report_error("%s", e->text);
			st = PS_SUCCESS;
		}
	}
	return st;
}

/* One entry of "folder"; any: there is a pattern among them. */
static enum status do_entry(struct poll *q, const char *folder, bool any,
    bool *again, struct err *e)
{
	enum status st;

	if (any && folder[0] == '!')
		return PS_SUCCESS;
	if (is_pattern(folder))
		return do_pattern(q, folder, again, e);
	st = select_folder(q, folder, e);
	return st == PS_SUCCESS ? do_folder(q, again, e) : st;
}

static enum status all_folders(struct poll *q, bool *again, struct err *e)
{
	const struct option_item *f = opt_list(&q->a->o, OPT_FOLDER);
	const struct option_item *i;
	enum status st = PS_SUCCESS;
	bool any = false;

	for (i = f; i != NULL; i = i->next)
		any |= is_pattern(i->text);
	do {
		st = do_entry(q, f != NULL ? f->text : NULL, any, again, e);
		f = f != NULL ? f->next : NULL;
	} while (f != NULL && st == PS_SUCCESS);
	if (st == PS_SUCCESS && opt_flag(&q->a->o, OPT_IDLE) &&
	    q->p->ops->wait != NULL && !q->how->check)
		st = idle(q, e);
	return st;
}

/* --- the session ----------------------------------------------------------- */

static enum status quit(struct poll *q, struct err *e)
{
	enum status st = q->p->ops->quit(q->p, e);

	q->quit_done = st == PS_SUCCESS;
	if (st == PS_ERROR) {
		report_error("%s", buf_c(&q->p->reply));
		st = PS_PROTOCOL;
	}
	return st;
}

/* What went wrong first is what counts. */
static enum status close_session(struct poll *q, enum status st, struct err *e)
{
	struct err bye = { "", "" };
	enum status end;

	if (q->p == NULL || q->p->conn == NULL || !can_quit(st))
		return st;
	end = quit(q, &bye);
	if (end != PS_SUCCESS && st == PS_SUCCESS) {
		*e = bye;
		return end;
	}
	return st;
}

/* *again: a new session is to take the rest. */
static enum status session(struct poll *q, bool *again, struct err *e)
{
	enum status st = server_open(q->a, q->how, &q->p, e);

	*again = false;
	q->quit_done = false;
	q->lost = false;
	if (st == PS_SUCCESS) {
		q->p->done = message_deed;
		q->p->arg = q;
		st = all_folders(q, again, e);
	}
	st = close_session(q, st, e);
	if (st != PS_SUCCESS && st != PS_MAXFETCH)
		st = fail(q, st, e);
	if (!q->how->check && q->p != NULL)
		told_ids(q);
	proto_free(q->p);
	q->p = NULL;
	q->box = (struct box){ 0 };
	return st;
}

static enum status finish(const struct poll *q, enum status st)
{
	if (st != PS_SUCCESS)
		return st;
	if (q->dele_failed)
		return PS_PROTOCOL;
	if (q->fetched != 0)
		return PS_SUCCESS;
	return q->skipped ? PS_ERROR : PS_NOMAIL;
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
	bool again = false;
	enum status st = PS_SUCCESS;

	if (account_fits(q->a, e) != ST_OK) {
		report_bare_error("%s", e->text);
		return PS_SYNTAX;
	}
	if (ask_wanted(q->a)) {
		st = ask_server(q->a, q->how, e);
		return st == PS_SOCKET || st == PS_PROTOCOL || st == PS_SMTP
		    ? fail(q, st, e)
		    : st;
	}
	new_sink(q);
	do {
		st = session(q, &again, e);
	} while (st == PS_SUCCESS && again);
	return finish(q, st);
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
	if (st == PS_SUCCESS)
		st = run(&q, &e);
	sink_free(q.sink);
	flight_clear(&q.flights);
	arena_clear(&q.arena);
	tell_state(a, "completed");
	return st;
}
