/* message - fetch one, and settle what becomes of it. Runs in: poll child. */

#include "fetcher/message.h"

#include "fetcher/headway.h"
#include "fetcher/report.h"
#include "fetcher/told.h"

static bool is_old(const struct poll *q, uint64_t n)
{
	return q->box.state[n] == MSG_OLD;
}

/* --- on the server -------------------------------------------------------- */

/* A refusal is told at the end; the others are gone on with. */
static void refused_deed(struct poll *q, uint64_t n)
{
	report_error("%s", buf_c(&q->p->reply));
	q->dele_failed = true;
	q->box.state[n] = MSG_DELIVERED;
}

void message_deed(void *arg, uint64_t n, enum deed deed, enum status st)
{
	struct poll *q = arg;

	if (deed == DEED_REMOVE)
		q->leaving--;
	if (st != PS_SUCCESS) {
		refused_deed(q, n);
		return;
	}
	if (deed == DEED_REMOVE) {
		q->box.state[n] = q->box.state[n] == MSG_OLD_TAKEN
		    ? MSG_OLD_GONE
		    : MSG_DELETED;
		q->deleted++;
	}
	if (deed == DEED_MARK || !q->p->ops->ends_at_quit)
		told_forgotten(q, n);
}

static enum status delete_message(struct poll *q, uint64_t n, struct err *e)
{
	q->leaving++;
	return q->p->ops->remove(q->p, n, e);
}

static enum status mark_message(struct poll *q, uint64_t n, struct err *e)
{
	q->box.state[n] = MSG_DELIVERED;
	if (q->p->ops->mark_seen == NULL || q->box.read_only || q->lost ||
	    opt_num(&q->a->o, OPT_TRACK) != 0)
		return PS_SUCCESS;
	return q->p->ops->mark_seen(q->p, n, e);
}

/* --- the line about it ----------------------------------------------------- */

static struct flight *begin_line(struct poll *q, const char *verb, uint64_t n)
{
	struct flight *f = flight_new(&q->flights, q, n);

	report_part("%s message %s@%s:%llu", verb, q->a->user, q->truename,
	    (unsigned long long)n);
	return f;
}

static void end_line(struct flight *f, const char *text)
{
	flight_done(&f->q->flights, f, text);
}

static void add_octets(uint64_t n)
{
	if (n > 0)
		report_part(" (%llu octets)", (unsigned long long)n);
}

static struct flight *begin_reading(struct poll *q, uint64_t n, uint64_t octets)
{
	struct flight *f = begin_line(q, "reading", n);

	report_part(" of %llu", (unsigned long long)q->box.count);
	if (q->p->ops->body != NULL)
		report_part(" (%llu header octets)",
		    (unsigned long long)q->p->head_octets);
	else
		add_octets(octets);
	return f;
}

/* --- fates ------------------------------------------------------------------- */

/* It is theirs. Where the server is lost, this is remembered. */
static enum status take(struct flight *f, bool away, struct err *e)
{
	struct poll *q = f->q;
	enum status st = PS_SUCCESS;

	told_delivered(q, f->n);
	q->box.state[f->n] = is_old(q, f->n) ? MSG_OLD_TAKEN : MSG_DELIVERED;
	if (away && !q->lost)
		st = delete_message(q, f->n, e);
	else if (!away)
		st = mark_message(q, f->n, e);
	end_line(f, away && !q->lost ? " flushed" : " not flushed");
	return st;
}

/* After the sink's answer: the mail is theirs, ours, or gone. */
static enum status settle(struct flight *f, enum fate fate, struct err *e)
{
	struct poll *q = f->q;

	if (fate == FATE_TAKEN || fate == FATE_DELETE)
		return take(f,
		    fate == FATE_DELETE || !opt_flag(&q->a->o, OPT_KEEP), e);
	end_line(f, " not flushed");
	if (fate == FATE_DOWN)
		return q->sink->ops->down;
	return fate == FATE_BROKEN ? PS_IOERR : PS_SUCCESS;
}

/* --- those under way ------------------------------------------------------- */

/* The fates that are known; wait: at least one, if any is pending. */
static enum status collect(struct poll *q, bool wait, struct err *e)
{
	enum status st = PS_SUCCESS, one;
	enum fate fate;
	size_t ticket;

	while (q->flights.pending != 0 &&
	    sink_collect(q->sink, wait, &ticket, &fate)) {
		wait = false;
		one = settle(flight_of(&q->flights, ticket), fate, e);
		if (one == PS_SUCCESS)
			continue;
		/* What the others say counts all the same. */
		q->lost = true;
		st = one;
	}
	return st;
}

static enum status make_room(struct poll *q, struct err *e)
{
	enum status st = PS_SUCCESS;

	while (st == PS_SUCCESS && flight_is_full(&q->flights))
		st = collect(q, true, e);
	return st;
}

uint64_t message_leaving(const struct poll *q)
{
	return q->deleted + q->leaving + q->flights.pending;
}

static bool can_talk(enum status st)
{
	return st != PS_SOCKET && st != PS_PROTOCOL;
}

enum status message_land(struct poll *q, enum status st, struct err *e)
{
	struct err why = { "", "" };
	enum status end = PS_SUCCESS;

	q->lost |= !can_talk(st);
	while (q->flights.pending != 0) {
		enum status one = collect(q, true, &why);

		end = end == PS_SUCCESS ? one : end;
	}
	if (end == PS_SUCCESS && !q->lost && q->p->ops->catch_up != NULL)
		end = q->p->ops->catch_up(q->p, &why);
	if ((st != PS_SUCCESS && st != PS_MAXFETCH) || end == PS_SUCCESS)
		return st;
	*e = why;
	return end;
}

/* --- reading ---------------------------------------------------------------- */

/* retrieve-error: what becomes of the others, and whether it comes again. */
static enum status not_had(struct poll *q, uint64_t n, struct err *e)
{
	int64_t what = opt_num(&q->a->o, OPT_RETRIEVEERROR);

	q->skipped = true;
	if (what == RETRIEVE_ABORT) {
		err_temp(e, "",
		    "message %llu cannot be had (retrieve-error "
		    "abort)",
		    (unsigned long long)n);
		return PS_ERROR;
	}
	if (what != RETRIEVE_MARKSEEN)
		return PS_SUCCESS;
	report_error("message %s@%s:%llu counts as seen from now on",
	    q->a->user, q->a->host, (unsigned long long)n);
	return mark_message(q, n, e);
}

static enum status not_given(struct poll *q, uint64_t n, uint64_t octets,
    struct err *e)
{
	report_always("couldn't fetch headers, message %s@%s:%llu (%llu "
		      "octets)",
	    q->a->user, q->a->host, (unsigned long long)n,
	    (unsigned long long)octets);
	return not_had(q, n, e);
}

static bool had_notice(void *arg, int code)
{
	const struct flight *one = arg;

	return told_refused_before(one->q, one->n, code);
}

static void sent_notice(void *arg, int code)
{
	const struct flight *one = arg;

	told_refused(one->q, one->n, code);
}

/* Somebody watches this line: nothing else comes before its end. */
static enum status watch(struct poll *q, struct flight *f, struct err *e)
{
	enum fate fate = FATE_KEEP;
	size_t ticket;

	if (!sink_collect(q->sink, true, &ticket, &fate))
		bug("the sink has forgotten a message");
	return settle(f, fate, e);
}

static enum status carried(struct poll *q, struct flight *f, enum fate fate,
    struct err *e)
{
	q->fetched++;
	if (fate != FATE_PENDING)
		return settle(f, fate, e);
	if (report_live())
		return watch(q, f, e);
	flight_wait(&q->flights, f);
	return collect(q, false, e);
}

static enum status carry(struct poll *q, uint64_t n, uint64_t octets,
    struct err *e)
{
	struct flight *f = begin_reading(q, n, octets);
	struct carry c = { .a = q->a,
		.notices = &f->notices,
		.ticket = flight_ticket(&q->flights, f),
		.truename = q->truename,
		.p = q->p,
		.n = n,
		.folder = q->box.folder,
		.sink = q->sink,
		.size = octets,
		.last = &q->last_carried,
		.moved = told_moved,
		.arg = q };
	enum fate fate = FATE_KEEP;
	enum status st;

	f->notices = (struct sink_notices){ had_notice, sent_notice, f };
	st = carry_message(&c, &fate, e);
	headway_next();
	if (st == PS_SUCCESS)
		return carried(q, f, fate, e);
	if (st != PS_ERROR) {
		end_line(f, " (broken off)");
		told_broken(q, n);
		return st;
	}
	end_line(f, " not flushed");
	report_error("couldn't fetch message %s@%s:%llu: %s", q->a->user,
	    q->a->host, (unsigned long long)n, e->text);
	return not_had(q, n, e);
}

/* --- old ones, large ones --------------------------------------------------- */

enum status message_old(struct poll *q, uint64_t n, struct err *e)
{
	bool owed = q->box.state[n] == MSG_OWED;
	bool expired = q->box.state[n] == MSG_EXPIRED;
	enum status st;
	struct flight *f;

	if ((!owed && !expired && !opt_flag(&q->a->o, OPT_FLUSH)) ||
	    q->box.read_only)
		return PS_SUCCESS;
	st = make_room(q, e);
	if (st != PS_SUCCESS)
		return st;
	f = begin_line(q, "skipping", n);
	if (owed)
		report_part(" (delivered before)");
	if (expired)
		report_part(" (kept for %lld days)",
		    (long long)opt_keep_days(&q->a->o));
	st = delete_message(q, n, e);
	end_line(f, " flushed");
	return st;
}

static enum status skip_large(struct poll *q, uint64_t n, uint64_t octets,
    struct err *e)
{
	bool away = opt_flag(&q->a->o, OPT_LIMITFLUSH) && !q->box.read_only;
	enum status st = PS_SUCCESS;
	struct flight *f;

	told_large(q, octets);
	f = begin_line(q, "skipping", n);
	add_octets(octets);
	report_part(" (oversized)");
	if (away)
		st = delete_message(q, n, e);
	end_line(f, away ? " flushed" : " not flushed");
	return st;
}

/* --- in its turn -------------------------------------------------------------- */

enum status message_fetch(struct poll *q, uint64_t n, struct err *e)
{
	uint64_t limit = (uint64_t)opt_num(&q->a->o, OPT_LIMIT), octets;
	enum status st = make_room(q, e);

	told_moved(q);
	if (st == PS_SUCCESS)
		st = q->p->ops->octets(q->p, n, &octets, e);
	if (st != PS_SUCCESS && st != PS_ERROR)
		return st;
	if (limit > 0 && octets > limit)
		return skip_large(q, n, octets, e);
	st = window_fill(q, n, e);
	if (st != PS_SUCCESS)
		return st;
	window_opened(q, n);
	st = q->p->ops->open(q->p, n, octets, e);
	if (st == PS_ERROR)
		return not_given(q, n, octets, e);
	return st == PS_SUCCESS ? carry(q, n, octets, e) : st;
}
