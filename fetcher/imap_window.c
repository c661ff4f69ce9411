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
	s->text.max = SET_TEXT_MAX * 2;
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

bool imap_set_is_long(const struct imap_set *s)
{
	return s->text.n >= SET_TEXT_MAX;
}

/* --- what is under way --------------------------------------------------------- */

static struct imap_due *due_at(struct imap *p, unsigned i)
{
	return &p->due[(p->due_first + i) % IMAP_DUE_MAX];
}

struct imap_due *imap_due_of(struct imap *p, unsigned tag)
{
	unsigned i;

	for (i = 0; i < p->due_n; i++)
		if (due_at(p, i)->tag == tag && !due_at(p, i)->answered)
			return due_at(p, i);
	return NULL;
}

enum status imap_put_due(struct imap *p, const struct buf *line,
    struct imap_due due, struct err *e)
{
	if (p->due_n == IMAP_DUE_MAX) {
		err_temp(e, "", "too many commands without an answer");
		return PS_PROTOCOL;
	}
	due.tag = p->tag;
	*due_at(p, p->due_n++) = due;
	p->due_fetches += due.cmd == IMAP_FETCH;
	return imap_put(p, buf_c(line), NULL, e);
}

enum status imap_drop_text(struct imap *p, struct err *e)
{
	struct str part;
	uint64_t octets = 0;
	enum status st = PS_SUCCESS;

	while (st == PS_SUCCESS && p->text != TEXT_NONE) {
		st = imap_line(&p->base, &part, e);
		octets += part.n;
		if (octets > DROP_MAX || p->text_left > DROP_MAX)
			return PS_ERROR;
	}
	if (st != PS_SUCCESS && st != PS_NOMAIL)
		return st;
	st = PS_SUCCESS;
	p->want_text = false;
	if (p->in_list)
		st = imap_items(p, e);
	p->in_list = p->ahead = false;
	return st;
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

static void settle(struct imap *p, const struct imap_due *d)
{
	if (d->cmd == IMAP_STORE)
		tell(p, d, d->st);
	else if (d->cmd == IMAP_EXPUNGE && d->st == PS_ERROR)
		p->not_expunged = true;
}

/* Answers come in any order; they count in that of the commands. */
void imap_ticked(struct imap *p, struct imap_due *d, enum status st)
{
	bool first = d == due_at(p, 0);

	d->answered = true;
	d->st = st;
	p->due_fetches -= d->cmd == IMAP_FETCH;
	while (p->due_n != 0 && due_at(p, 0)->answered) {
		struct imap_due one = *due_at(p, 0);

		p->due_first = (p->due_first + 1) % IMAP_DUE_MAX;
		p->due_n--;
		if (!first)
			buf_setf(&p->base.reply, "the server refused it");
		settle(p, &one);
		first = false;
	}
}

static enum status read_one(struct imap *p, struct err *e)
{
	enum status st;

	p->due_tag = due_at(p, 0)->tag;
	imap_answers(p);
	st = imap_await(p, e);
	return st == PS_ERROR ? PS_SUCCESS : st;
}

/* Texts that come meanwhile are for nobody. */
static enum status read_deeds(struct imap *p, struct err *e)
{
	enum status st = PS_SUCCESS;

	if (conn_flush(p->base.conn, e) != ST_OK)
		return PS_SOCKET;
	while (st == PS_SUCCESS && p->due_n != 0)
		st = read_one(p, e);
	return st;
}

enum status imap_catch_up(struct proto *b, struct err *e)
{
	struct imap *p = (struct imap *)b;
	enum status st = imap_drop_text(p, e);

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
	AUTO_BUF line = BUF_MAX(SET_TEXT_MAX * 2 + 256);
	struct imap_due d = { .cmd = IMAP_STORE,
		.deed = p->deed,
		.count = p->store.n };
	enum status st = PS_SUCCESS;

	if (p->store.n == 0)
		return PS_SUCCESS;
	if (p->due_fetches == 0)
		st = read_deeds(p, e);
	if (st != PS_SUCCESS)
		return st;
	end_range(&p->store);
	imap_begin(p, &line);
	buf_addf(&line, "UID STORE %s +FLAGS.SILENT (%s)",
	    buf_c(&p->store.text), flags[p->deed]);
	imap_set_reset(&p->store);
	return imap_put_due(p, &line, d, e);
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
	if (p->store.n >= IMAP_STORE_MAX || imap_set_is_long(&p->store))
		st = imap_send_flags(p, e);
	return st;
}

bool imap_must_expunge(const struct imap *p, uint64_t every)
{
	/* This can wait until no text is under way: imap_can_ask(). */
	return p->due_fetches == 0 &&
	    ((every != 0 && p->marked.n >= every) ||
		imap_set_is_long(&p->marked));
}

enum status imap_send_expunge(struct imap *p, struct err *e)
{
	AUTO_BUF line = BUF_MAX(SET_TEXT_MAX * 2 + 256);
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
	return imap_put_due(p, &line, (struct imap_due){ .cmd = IMAP_EXPUNGE },
	    e);
}
