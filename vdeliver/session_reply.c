/* session_reply - what a session says, to the client and to the log. */
/* runs in: front */

#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"
#include "vdeliver/session_state.h"

/* Replies echo what the client said; what is longer is cut. */
#define REPLY_MAX 16000

/* soft_bounce: a permanent refusal becomes a temporary one, code and dsn. */
static void soften(const struct session *s, int *code, char dsn[10])
{
	if (!s->in->set->soft_bounce || *code < 500 || *code > 599)
		return;
	*code -= 100;
	if (dsn[0] == '5')
		dsn[0] = '4';
}

static void make_printable(char *s, size_t n)
{
	for (; n != 0; s++, n--)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			*s = '?';
}

/* "550 5.1.1 text" without line end. */
static void format(const struct session *s, const struct session_reply *r,
    struct buf *b)
{
	char dsn[10];
	int code = r->code;

	snprintf(dsn, sizeof(dsn), "%s", r->dsn != NULL ? r->dsn : "");
	soften(s, &code, dsn);
	buf_addf(b, "%d %s%s%s", code, dsn, dsn[0] != '\0' ? " " : "", r->text);
	make_printable(b->p, b->n);
}

void session_put(struct session *s, const struct session_reply *r)
{
	AUTO_BUF b = BUF_MAX(4 * REPLY_MAX);

	format(s, r, &b);
	buf_addc(&b, "\r\n");
	buf_add(&s->out, buf_str(&b));
	if (r->code >= 400)
		s->in->failed = true;
}

void session_say(struct session *s, int code, const char *dsn, const char *fmt,
    ...)
{
	char line[REPLY_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	session_put(s, &(struct session_reply){ code, dsn, line });
}

void session_log_reject(struct session *s, const char *what, struct str rcpt,
    const char *text)
{
	struct session_state *in = s->in;
	AUTO_BUF b = BUF_MAX(4 * REPLY_MAX);

	buf_addf(&b, "%s: reject: %s from %s: %s;",
	    s->mail.qid != NULL ? s->mail.qid : "NOQUEUE", what, in->peer,
	    text);
	if (s->mail.sender_orig.p != NULL)
		buf_addf(&b, " from=<%.*s>", STR_ARG(s->mail.sender_orig));
	if (rcpt.n != 0)
		buf_addf(&b, " to=<%.*s>", STR_ARG(rcpt));
	buf_addf(&b, " proto=%s",
	    in->lmtp        ? "LMTP"
		: in->esmtp ? "ESMTP"
			    : "SMTP");
	if (in->helo.n != 0)
		buf_addf(&b, " helo=<%.*s>", STR_ARG(buf_str(&in->helo)));
	log_info("%s", buf_c(&b));
}

void session_reject(struct session *s, const char *what, struct str rcpt,
    const struct session_reply *r)
{
	AUTO_BUF b = BUF_MAX(4 * REPLY_MAX);

	format(s, r, &b);
	session_log_reject(s, what, rcpt, buf_c(&b));
	session_put(s, r);
}

static void add_count(struct buf *b, const char *name, unsigned ok,
    unsigned all)
{
	size_t i;

	buf_addch(b, ' ');
	for (i = 0; name[i] != '\0'; i++)
		buf_addch(b, str_lower(name[i]));
	buf_addf(b, "=%u", ok);
	if (ok != all || all == 0)
		buf_addf(b, "/%u", all);
}

void session_log_end(struct session *s)
{
	struct session_state *in = s->in;
	AUTO_BUF b = BUF_MAX(LOG_LINE_MAX);
	unsigned ok = 0, all = 0;
	size_t i;

	for (i = 0; i < session_n_verbs; i++) {
		if (in->counts[i].all == 0)
			continue;
		add_count(&b, session_verbs[i].name, in->counts[i].ok,
		    in->counts[i].all);
		ok += in->counts[i].ok;
		all += in->counts[i].all;
	}
	add_count(&b, "commands", ok, all);
	log_info("disconnect from %s%s", in->peer, buf_c(&b));
}
