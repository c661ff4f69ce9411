/* imap_text - a message's text: so many octets, whatever they are. Runs in:
 * poll child. */

#include "fetcher/imap.h"

static const char *const items[] = {
	[IMAP_HEAD] = "RFC822.HEADER",
	[IMAP_BODY] = "BODY.PEEK[TEXT]",
};

static void begin_text(struct imap *p, uint64_t uid)
{
	p->want_text = true;
	p->answered = false;
	p->text = TEXT_NONE;
	p->text_uid = uid;
}

/* The answer up to the text. */
static enum status begun(struct imap *p, enum status st, uint64_t *octets,
    struct err *e)
{
	if (st == IMAP_STOPPED) {
		*octets = p->text_left;
		return PS_SUCCESS;
	}
	p->want_text = false;
	if (st == PS_SUCCESS) {
		buf_setf(&p->base.reply, "it is not there any more");
		st = PS_ERROR;
	}
	if (st == PS_ERROR)
		err_temp(e, "", "%s", buf_c(&p->base.reply));
	return st;
}

enum status imap_open(struct imap *p, uint64_t uid, enum imap_part part,
    uint64_t *octets, struct err *e)
{
	enum status st;

	*octets = 0;
	st = imap_open_asked(p, uid, part, octets, e);
	if (st != PS_NOMAIL)
		return st;
	if (p->due_n != 0) {
		st = imap_catch_up(&p->base, e);
		if (st != PS_SUCCESS)
			return st == PS_ERROR ? PS_PROTOCOL : st;
	}
	begin_text(p, uid);
	st = imap_command(p, e, "UID FETCH %llu %s", (unsigned long long)uid,
	    items[part]);
	return begun(p, st, octets, e);
}

/*
 * The octets are there; the message counts only when the server has said that
 * they are this one's, and all.
 */
static enum status end_text(struct imap *p, struct err *e)
{
	enum status st;

	p->text = TEXT_NONE;
	p->answered = true;
	p->in.silent = false;
	st = imap_go_on(p, e);
	p->want_text = false;
	if (st == PS_ERROR)
		err_temp(e, "", "%s", buf_c(&p->base.reply));
	if (st != PS_SUCCESS)
		return st;
	if (p->text_got != p->text_uid) {
		err_temp(e, "", "the server gave message %llu for %llu",
		    (unsigned long long)p->text_got,
		    (unsigned long long)p->text_uid);
		return PS_PROTOCOL;
	}
	return PS_NOMAIL;
}

enum status imap_line(struct proto *b, struct str *line, struct err *e)
{
	struct imap *p = (struct imap *)b;
	enum status st;

	*line = STR_NONE;
	if (p->text == TEXT_NONE)
		return PS_NOMAIL;
	if (p->text_left == 0)
		return p->ahead ? imap_end_ahead(p, e) : end_text(p, e);
	if (p->text == TEXT_SMALL) {
		*line = buf_str(&p->small);
		p->text_left = 0;
		return PS_SUCCESS;
	}
	st = imap_take(&p->in, p->text_left, line, e);
	if (st == PS_SUCCESS)
		p->text_left -= line->n;
	return st;
}
