/* imap_window - commands whose answers are read later (RFC 3501 5.5): flags in
 * sets, EXPUNGE. Runs in: poll child. */

#include "fetcher/imap.h"

/* What is read away at most, when nobody wants it any more. */
#define DROP_MAX ((uint64_t)4 << 20)
/* Sets in commands are no longer than this. */
#define SET_TEXT_MAX 2000

/* --- sets ------------------------------------------------------------------- */

static void end_range(struct imap_set *s)
{
	s->text.max = SET_TEXT_MAX + 64;
	if (s->last == 0)
		return;
	buf_addf(&s->text, s->text.n != 0 ? ",%u" : "%u", s->first);
	if (s->last != s->first)
		buf_addf(&s->text, ":%u", s->last);
	s->last = 0;
}

void imap_set_add(struct imap_set *s, uint32_t uid)
{
	if (s->last == 0 || uid != s->last + 1) {
		end_range(s);
		s->first = uid;
	}
	s->last = uid;
	s->n++;
}

void imap_set_reset(struct imap_set *s)
{
	buf_reset(&s->text);
	s->last = 0;
	s->n = 0;
}

static bool is_long(const struct imap_set *s)
{
	return s->text.n >= SET_TEXT_MAX;
}

/* --- what is under way --------------------------------------------------------- */

static struct imap_due *head(struct imap *p)
{
	return &p->due[p->due_first];
}

static struct imap_due pop(struct imap *p)
{
	struct imap_due d = *head(p);

	p->due_first = (p->due_first + 1) % IMAP_DUE_MAX;
	p->due_n--;
	return d;
}

/* The command in line, after imap_begin(). */
static enum status put(struct imap *p, const struct buf *line,
    struct imap_due due, struct err *e)
{
	if (p->due_n == IMAP_DUE_MAX) {
		err_temp(e, "", "too many commands without an answer");
		return PS_PROTOCOL;
	}
	due.tag = p->tag;
	p->due[(p->due_first + p->due_n++) % IMAP_DUE_MAX] = due;
	return imap_put(p, buf_c(line), NULL, e);
}

static void expect(struct imap *p, const struct imap_due *d)
{
	p->due_tag = d->tag;
	imap_answers(p);
}

static enum status drop_text(struct imap *p, struct err *e)
{
	struct str part;
	uint64_t octets = 0;
	enum status st = PS_SUCCESS;

	while (st == PS_SUCCESS) {
		st = imap_line(&p->base, &part, e);
		octets += part.n;
		if (octets > DROP_MAX || p->text_left > DROP_MAX)
			return PS_ERROR;
	}
	return st == PS_NOMAIL ? PS_SUCCESS : st;
}

static void tell(struct imap *p, const struct imap_due *d, enum status st)
{
	uint64_t i;

	for (i = 0; i < d->count; i++) {
		if (p->base.done != NULL)
			p->base.done(p->base.arg, p->flagged[p->flagged_first],
			    d->deed, st);
		p->flagged_first = (p->flagged_first + 1) % IMAP_FLAGGED_MAX;
		p->flagged_n--;
	}
}

/* STORE or EXPUNGE. */
static enum status read_deed(struct imap *p, struct err *e)
{
	struct imap_due d = pop(p);
	enum status st;

	expect(p, &d);
	st = imap_await(p, e);
	if (st != PS_SUCCESS && st != PS_ERROR)
		return st;
	if (d.what == IMAP_STORE)
		tell(p, &d, st);
	else if (st == PS_ERROR)
		p->not_expunged = true;
	return PS_SUCCESS;
}

static enum status read_deeds(struct imap *p, struct err *e)
{
	enum status st = PS_SUCCESS;

	if (conn_flush(p->base.conn, e) != ST_OK)
		return PS_SOCKET;
	while (st == PS_SUCCESS && p->due_n != 0)
		st = read_deed(p, e);
	return st;
}

enum status imap_catch_up(struct proto *b, struct err *e)
{
	struct imap *p = (struct imap *)b;
	enum status st = drop_text(p, e);

	if (st == PS_SUCCESS)
		st = imap_send_flags(p, e);
	return st == PS_SUCCESS ? read_deeds(p, e) : st;
}

/* --- flags ---------------------------------------------------------------------- */

static const char *const flags[] = {
	[DEED_REMOVE] = "\\Seen \\Deleted",
	[DEED_MARK] = "\\Seen",
};

enum status imap_send_flags(struct imap *p, struct err *e)
{
	AUTO_BUF line = BUF_MAX(SET_TEXT_MAX + 256);
	struct imap_due d = { .what = IMAP_STORE,
		.deed = p->deed,
		.count = p->store.n };

	enum status st;

	if (p->store.n == 0)
		return PS_SUCCESS;
	st = read_deeds(p, e);
	if (st != PS_SUCCESS)
		return st;
	end_range(&p->store);
	imap_begin(p, &line);
	buf_addf(&line, "UID STORE %s +FLAGS.SILENT (%s)",
	    buf_c(&p->store.text), flags[p->deed]);
	imap_set_reset(&p->store);
	return put(p, &line, d, e);
}

enum status imap_flag(struct imap *p, uint64_t n, enum deed deed, struct err *e)
{
	enum status st = PS_SUCCESS;

	if (p->deed != deed)
		st = imap_send_flags(p, e);
	if (st == PS_SUCCESS && p->flagged_n == IMAP_FLAGGED_MAX) {
		err_temp(e, "", "too many commands without an answer");
		st = PS_PROTOCOL;
	}
	if (st != PS_SUCCESS)
		return st;
	p->deed = deed;
	p->flagged[(p->flagged_first + p->flagged_n++) % IMAP_FLAGGED_MAX] = n;
	imap_set_add(&p->store, p->uids[n]);
	if (deed == DEED_REMOVE)
		imap_set_add(&p->marked, p->uids[n]);
	if (p->store.n >= IMAP_STORE_MAX || is_long(&p->store))
		st = imap_send_flags(p, e);
	return st;
}

bool imap_must_expunge(const struct imap *p, uint64_t every)
{
	return (every != 0 && p->marked.n >= every) || is_long(&p->marked);
}

enum status imap_send_expunge(struct imap *p, struct err *e)
{
	AUTO_BUF line = BUF_MAX(SET_TEXT_MAX + 256);
	/* A server may carry out what is under way in any order. */
	enum status st = imap_catch_up(&p->base, e);

	if (st != PS_SUCCESS || p->marked.n == 0)
		return st;
	end_range(&p->marked);
	imap_begin(p, &line);
	if (p->uidplus)
		buf_addf(&line, "UID EXPUNGE %s", buf_c(&p->marked.text));
	else
		buf_addc(&line, "EXPUNGE");
	imap_set_reset(&p->marked);
	return put(p, &line, (struct imap_due){ .what = IMAP_EXPUNGE }, e);
}
