/* imap_ahead - both parts of a message in one FETCH, before its turn (RFC 3501
 * 5.5). Runs in: poll child. */

#include "fetcher/imap.h"

/* With so many commands under way nothing more is asked for; what else may be
 * said meanwhile (a STORE for each message) still has room. */
#define ASK_MAX (IMAP_DUE_MAX / 2)

/* "expunge n": no farther than to the next EXPUNGE. */
static bool is_due_soon(const struct imap *p)
{
	uint64_t every = (uint64_t)opt_num(&p->base.a->o, OPT_EXPUNGE);

	return imap_set_is_long(&p->marked) ||
	    (every > 0 && p->marked.n + p->due_fetches >= every);
}

bool imap_can_ask(const struct imap *p, uint64_t n)
{
	return p->uid_first && !p->one_by_one && p->uids[n] != 0 &&
	    p->octets[n] != 0 && p->octets[n] != UINT32_MAX &&
	    p->due_n < ASK_MAX && !is_due_soon(p) &&
	    opt_text(&p->base.a->o, OPT_MOVE) == NULL;
}

enum status imap_ask(struct imap *p, uint64_t n, struct err *e)
{
	AUTO_BUF line = BUF_MAX(128);

	p->unsent = true;
	imap_begin(p, &line);
	buf_addf(&line, "UID FETCH %u (RFC822.HEADER BODY.PEEK[TEXT])",
	    p->uids[n]);
	return imap_put_due(p, &line,
	    (struct imap_due){ .cmd = IMAP_FETCH, .uid = p->uids[n] }, e);
}

static struct imap_due *asked(struct imap *p, uint64_t uid)
{
	unsigned i;

	for (i = 0; i < p->due_n; i++) {
		struct imap_due *d = &p->due[(p->due_first + i) % IMAP_DUE_MAX];

		if (d->cmd == IMAP_FETCH && d->uid == uid && !d->answered &&
		    !d->lost)
			return d;
	}
	return NULL;
}

bool imap_is_its_turn(struct imap *p, enum imap_part part)
{
	struct imap_due *d;

	if (p->fetch.uid == p->text_uid && part == p->part)
		return true;
	p->one_by_one = true;
	d = asked(p, p->fetch.uid);
	if (d != NULL)
		d->lost = true;
	return false;
}

/* Up to the text. */
static enum status begun(struct imap *p, enum status st, uint64_t *octets)
{
	if (st == IMAP_STOPPED) {
		p->in_list = true;
		*octets = p->text_left;
		return PS_SUCCESS;
	}
	p->ahead = p->want_text = p->in_list = false;
	return st == PS_SUCCESS || st == PS_ERROR ? PS_NOMAIL : st;
}

static enum status open_head(struct imap *p, uint64_t uid, uint64_t *octets,
    struct err *e)
{
	enum status st = imap_drop_text(p, e);
	struct imap_due *d;

	if (st != PS_SUCCESS)
		return st == PS_ERROR ? PS_PROTOCOL : st;
	d = asked(p, uid);
	if (d == NULL)
		return PS_NOMAIL;
	if ((p->unsent ||
		(p->in.piece.n == 0 && !conn_has_input(p->base.conn))) &&
	    conn_flush(p->base.conn, e) != ST_OK)
		return PS_SOCKET;
	p->unsent = false;
	p->text_uid = uid;
	p->part = IMAP_HEAD;
	p->ahead = p->want_text = true;
	p->ahead_tag = p->due_tag = d->tag;
	imap_answers(p);
	return begun(p, imap_await(p, e), octets);
}

static enum status open_body(struct imap *p, uint64_t *octets, struct err *e)
{
	enum status st = PS_SUCCESS;

	p->part = IMAP_BODY;
	if (p->in_list)
		st = imap_items(p, e);
	p->in_list = false;
	if (st == PS_SUCCESS && imap_due_of(p, p->ahead_tag) != NULL) {
		p->due_tag = p->ahead_tag;
		st = imap_await(p, e);
	}
	return begun(p, st, octets);
}

enum status imap_open_asked(struct imap *p, uint64_t uid, enum imap_part part,
    uint64_t *octets, struct err *e)
{
	if (part == IMAP_HEAD)
		return open_head(p, uid, octets, e);
	if (!p->ahead || p->text_uid != uid || p->text != TEXT_NONE)
		return PS_NOMAIL;
	return open_body(p, octets, e);
}

/*
 * The tag follows, with most servers; with others (Dovecot) the next text may
 * come before it. That one must not be begun here, and all octets are there.
 */
static enum status end_message(struct imap *p, struct err *e)
{
	enum status st;
	bool ours = false;
	char c;

	p->ahead = p->want_text = p->in_list = false;
	st = imap_items(p, e);
	while (
	    st == PS_SUCCESS && !ours && imap_due_of(p, p->ahead_tag) != NULL) {
		st = imap_peek(&p->in, &c, e);
		if (st == PS_SUCCESS && c == '*')
			break;
		p->due_tag = p->ahead_tag;
		if (st == PS_SUCCESS)
			st = imap_tagged(p, &ours, e);
		if (st == PS_ERROR && !ours)
			st = PS_SUCCESS;
	}
	if (st == PS_ERROR)
		err_temp(e, "", "%s", buf_c(&p->base.reply));
	return st == PS_SUCCESS ? PS_NOMAIL : st;
}

enum status imap_end_ahead(struct imap *p, struct err *e)
{
	p->text = TEXT_NONE;
	p->in.silent = false;
	return p->part == IMAP_HEAD ? PS_NOMAIL : end_message(p, e);
}
