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
static enum status delete_message(struct poll *q, uint64_t n, struct err *e)
{
	enum status st = q->p->ops->remove(q->p, n, e);

	if (st == PS_ERROR) {
		report_error("%s", buf_c(&q->p->reply));
		q->dele_failed = true;
		q->box.state[n] = MSG_DELIVERED;
		return PS_SUCCESS;
	}
	if (st != PS_SUCCESS)
		return st;
	q->box.state[n] = MSG_DELETED;
	q->deleted++;
	if (!q->p->ops->ends_at_quit)
		told_forgotten(q, n);
	return PS_SUCCESS;
}

static enum status mark_message(struct poll *q, uint64_t n, struct err *e)
{
	enum status st = PS_SUCCESS;

	q->box.state[n] = MSG_DELIVERED;
	if (q->p->ops->mark_seen == NULL || q->box.read_only ||
	    opt_num(&q->a->o, OPT_TRACK) != 0)
		return PS_SUCCESS;
	st = q->p->ops->mark_seen(q->p, n, e);
	if (st == PS_ERROR) {
		report_error("%s", buf_c(&q->p->reply));
		q->dele_failed = true;
		return PS_SUCCESS;
	}
	if (st == PS_SUCCESS)
		told_forgotten(q, n);
	return st;
}

/* --- the line about it ----------------------------------------------------- */

static void begin_line(const struct poll *q, const char *verb, uint64_t n)
{
	report_part("%s message %s@%s:%llu", verb, q->a->user, q->truename,
	    (unsigned long long)n);
}

static void add_octets(uint64_t n)
{
	if (n > 0)
		report_part(" (%llu octets)", (unsigned long long)n);
}

static void begin_reading(const struct poll *q, uint64_t n, uint64_t octets)
{
	begin_line(q, "reading", n);
	report_part(" of %llu", (unsigned long long)q->box.count);
	if (q->p->ops->body != NULL)
		report_part(" (%llu header octets)",
		    (unsigned long long)q->p->head_octets);
	else
		add_octets(octets);
}

/* --- old ones, large ones --------------------------------------------------- */

enum status message_old(struct poll *q, uint64_t n, struct err *e)
{
	bool owed = q->box.state[n] == MSG_OWED;
	bool expired = q->box.state[n] == MSG_EXPIRED;
	enum status st;

	if ((!owed && !expired && !opt_flag(&q->a->o, OPT_FLUSH)) ||
	    q->box.read_only)
		return PS_SUCCESS;
	begin_line(q, "skipping", n);
	if (owed)
		report_part(" (delivered before)");
	if (expired)
		report_part(" (kept for %lld days)",
		    (long long)opt_keep_days(&q->a->o));
	st = delete_message(q, n, e);
	report_done(" flushed");
	return st;
}

static enum status skip_large(struct poll *q, uint64_t n, uint64_t octets,
    struct err *e)
{
	bool away = opt_flag(&q->a->o, OPT_LIMITFLUSH) && !q->box.read_only;
	enum status st = PS_SUCCESS;

	told_large(q, octets);
	begin_line(q, "skipping", n);
	add_octets(octets);
	report_part(" (oversized)");
	if (away)
		st = delete_message(q, n, e);
	report_done(away ? " flushed" : " not flushed");
	return st;
}

/* --- new ones --------------------------------------------------------------- */

/* After the sink's answer: the mail is theirs, ours, or gone. */
static enum status settle(struct poll *q, uint64_t n, enum fate fate,
    struct err *e)
{
	bool keep = opt_flag(&q->a->o, OPT_KEEP), old = is_old(q, n);
	enum status st = PS_SUCCESS;

	if (fate == FATE_DOWN || fate == FATE_BROKEN) {
		report_done(" not flushed");
		return fate == FATE_DOWN ? q->sink->ops->down : PS_IOERR;
	}
	if (fate == FATE_DELETE || (fate == FATE_TAKEN && !keep)) {
		told_delivered(q, n);
		st = delete_message(q, n, e);
		if (old && q->box.state[n] == MSG_DELETED)
			q->box.state[n] = MSG_OLD_GONE;
		report_done(" flushed");
		return st;
	}
	if (fate == FATE_TAKEN) {
		told_delivered(q, n);
		st = mark_message(q, n, e);
	}
	report_done(" not flushed");
	return st;
}

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

struct refused_one {
	struct poll *q;
	uint64_t n;
};

static bool had_notice(void *arg, int code)
{
	const struct refused_one *one = arg;

	return told_refused_before(one->q, one->n, code);
}

static void sent_notice(void *arg, int code)
{
	const struct refused_one *one = arg;

	told_refused(one->q, one->n, code);
}

static enum status carry(struct poll *q, uint64_t n, uint64_t octets,
    struct err *e)
{
	struct refused_one one = { q, n };
	const struct sink_notices notices = { had_notice, sent_notice, &one };
	struct carry c = { .a = q->a,
		.notices = &notices,
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

	begin_reading(q, n, octets);
	st = carry_message(&c, &fate, e);
	headway_next();
	if (st == PS_ERROR) {
		report_done(" not flushed");
		report_error("couldn't fetch message %s@%s:%llu: %s",
		    q->a->user, q->a->host, (unsigned long long)n, e->text);
		return not_had(q, n, e);
	}
	if (st != PS_SUCCESS) {
		report_done(" (broken off)");
		told_broken(q, n);
		return st;
	}
	q->fetched++;
	return settle(q, n, fate, e);
}

enum status message_fetch(struct poll *q, uint64_t n, struct err *e)
{
	uint64_t limit = (uint64_t)opt_num(&q->a->o, OPT_LIMIT), octets;
	enum status st = q->p->ops->octets(q->p, n, &octets, e);

	told_moved(q);
	if (st != PS_SUCCESS && st != PS_ERROR)
		return st;
	if (limit > 0 && octets > limit)
		return skip_large(q, n, octets, e);
	st = q->p->ops->open(q->p, n, octets, e);
	if (st == PS_ERROR)
		return not_given(q, n, octets, e);
	return st == PS_SUCCESS ? carry(q, n, octets, e) : st;
}
