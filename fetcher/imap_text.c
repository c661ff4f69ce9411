/* imap_text - a message's text: so many octets, whatever they are. Runs in:
 * poll child. */

#include "fetcher/imap.h"

enum status imap_open(struct imap *p, uint64_t uid, const char *item,
    uint64_t *octets, struct err *e)
{
	enum status st;

	*octets = 0;
	p->want_text = true;
	p->answered = false;
	p->text = TEXT_NONE;
	p->text_uid = uid;
	st = imap_command(p, e, "UID FETCH %llu %s", (unsigned long long)uid,
	    item);
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
	if (p->fetch.uid != p->text_uid) {
		err_temp(e, "", "the server gave message %llu for %llu",
		    (unsigned long long)p->fetch.uid,
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
		return end_text(p, e);
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
