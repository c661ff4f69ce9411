/* bounce - reports of RFC 3464: the text, and sending it. */

#include "fetcher/bounce.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "fetcher/report.h"
#include "fetcher/smtphost.h"
#include "mail/smtp_client.h"
#include "net/conn.h"

#define TIMEOUT_MS 300000

/* The first sentence is what log readers of fetchmail look for. */
static const char *const reasons[] = {
	[BOUNCE_ADDRESSES] =
	    "Some addresses were rejected by the MDA fetchmail forwards to.",
	[BOUNCE_TOO_LARGE] = "This message was too large (SMTP error 552).",
	[BOUNCE_GENERAL] = "General SMTP/ESMTP error.",
	[BOUNCE_LMTP] = "LMTP partial delivery failure.",
	[BOUNCE_SPAM] = "The receiving server takes this message for spam.",
};

bool bounce_allowed(struct str sender)
{
	ptrdiff_t at = str_rfind(sender, '@');

	if (at >= 0)
		sender = str_head(sender, (size_t)at);
	return sender.n != 0 && !str_ieqc(sender, "MAILER-DAEMON");
}

/* "d.d{1,3}.d{1,3}" and the first digit is 2, 4 or 5 (RFC 3463 2). */
static bool is_enhanced(struct str word)
{
	size_t i, dots = 0, digits = 0;

	if (word.n > 9 || word.n < 5 || memchr("245", word.p[0], 3) == NULL)
		return false;
	for (i = 0; i < word.n; i++) {
		if (word.p[i] == '.' && digits != 0) {
			dots++;
			digits = 0;
		} else if (word.p[i] < '0' || word.p[i] > '9' ||
		    ++digits > (dots == 0 ? 1 : 3)) {
			return false;
		}
	}
	return dots == 2 && digits != 0;
}

void bounce_status(struct str reply, char status[10])
{
	char first = reply.n >= 3 ? reply.p[0] : '5';
	struct str word;

	memcpy(status, "5.0.0", 6);
	if (first == '2' || first == '4')
		status[0] = first;
	reply = str_skip(reply, 4);
	if (str_word(&reply, " \n", &word) && is_enhanced(word)) {
		memcpy(status, word.p, word.n);
		status[word.n] = '\0';
	}
}

/* A reply, its further lines each on a line that begins with indent. */
static void add_reply(struct buf *out, const char *indent, struct str reply)
{
	struct str line;
	bool more;
	size_t i;

	do {
		more = str_cut(&reply, '\n', &line);
		line = str_trim_right(line);
		for (i = 0; i < line.n; i++)
			buf_addch(out,
			    (unsigned char)line.p[i] < ' ' || line.p[i] == 0x7f
				? '?'
				: line.p[i]);
		buf_addc(out, "\r\n");
		if (more)
			buf_addc(out, indent);
	} while (more);
}

/* Addresses come from mail: none of them may end a line. */
static void add_word(struct buf *out, const char *s)
{
	for (; *s != '\0'; s++)
		buf_addch(out,
		    (unsigned char)*s < ' ' || *s == 0x7f ? '?' : *s);
}

static void add_top(struct buf *out, const struct bounce *b,
    const char *boundary)
{
	buf_addc(out,
	    "Subject: Mail delivery failed: returning message to "
	    "sender\r\n");
	buf_addf(out,
	    "From: Mail Delivery System <MAILER-DAEMON@%s>\r\nTo: ", b->fqdn);
	add_word(out, b->to);
	buf_addc(out, "\r\nDate: ");
	clock_add_date(out, b->now);
	buf_addf(out, "\r\nMessage-ID: <%lld.%lu@%s>\r\n", (long long)b->now,
	    b->serial, b->fqdn);
	buf_addf(out,
	    "Auto-Submitted: auto-replied\r\n"
	    "MIME-Version: 1.0\r\n"
	    "Content-Type: multipart/report; "
	    "report-type=delivery-status;\r\n\tboundary=\"%s\"\r\n\r\n",
	    boundary);
}

static void add_words(struct buf *out, const struct bounce *b)
{
	size_t i;

	buf_addc(out,
	    "Content-Type: text/plain\r\n\r\n"
	    "This is an automatic message of the program that collects "
	    "mail.\r\n\r\n"
	    "A message of yours could not be delivered to all of its "
	    "recipients.\r\n\r\n");
	buf_addf(out, "Reason: %s\r\n\r\n", reasons[b->reason]);
	buf_addc(out, "The following address(es) failed:\r\n");
	for (i = 0; i < b->failed_n; i++) {
		add_word(out, b->failed[i].address);
		buf_addc(out, "\r\n   SMTP error: ");
		add_reply(out, "      ", b->failed[i].reply);
	}
	buf_addc(out, "\r\n");
}

static void add_status(struct buf *out, const struct bounce *b)
{
	char status[10];
	size_t i;

	buf_addf(out,
	    "Content-Type: message/delivery-status\r\n\r\n"
	    "Reporting-MTA: dns; %s\r\n\r\n",
	    b->fqdn);
	for (i = 0; i < b->failed_n; i++) {
		bounce_status(b->failed[i].reply, status);
		buf_addc(out, "Final-Recipient: rfc822; ");
		add_word(out, b->failed[i].address);
		buf_addc(out, "\r\nLast-Attempt-Date: ");
		clock_add_date(out, b->now);
		buf_addf(out,
		    "\r\nAction: failed\r\nStatus: %s\r\n"
		    "Diagnostic-Code: ",
		    status);
		add_reply(out, " ", b->failed[i].reply);
		buf_addc(out, "\r\n");
	}
}

static void add_header(struct buf *out, struct str header)
{
	struct str line;
	bool more;

	buf_addc(out, "Content-Type: text/rfc822-headers\r\n\r\n");
	if (header.n > BOUNCE_HEADER_MAX) {
		header = str_head(header, BOUNCE_HEADER_MAX);
		header =
		    str_head(header, (size_t)(str_rfind(header, '\n') + 1));
	}
	while (header.n != 0) {
		more = str_cut(&header, '\n', &line);
		if (line.n != 0 && line.p[line.n - 1] == '\r')
			line.n--;
		if (more && line.n == 0 && header.n == 0)
			break;
		buf_add(out, line);
		buf_addc(out, "\r\n");
	}
	buf_addc(out, "\r\n");
}

/* RFC 2046 5.1.1: no line of what it divides begins with it. */
static void make_boundary(struct buf *boundary, const struct bounce *b)
{
	unsigned turn = 0;

	do {
		buf_setf(boundary, "=_%llx_%lx_%u", (unsigned long long)b->now,
		    b->serial, turn++);
	} while (str_search(b->header, buf_str(boundary)) >= 0);
}

void bounce_text(struct buf *out, const struct bounce *b)
{
	AUTO_BUF boundary = BUF_MAX(70);

	make_boundary(&boundary, b);
	add_top(out, b, buf_c(&boundary));
	buf_addf(out, "--%s\r\n", buf_c(&boundary));
	add_words(out, b);
	buf_addf(out, "--%s\r\n", buf_c(&boundary));
	add_status(out, b);
	buf_addf(out, "--%s\r\n", buf_c(&boundary));
	add_header(out, b->header);
	buf_addf(out, "--%s--\r\n", buf_c(&boundary));
}

/* --- sending ------------------------------------------------------------- */

static void trace(char way, struct str line, void *arg)
{
	(void)arg;
	report_dialogue("SMTP", way, line);
}

/* Each step wants an answer of this class; false: that was it. */
static bool step(struct smtp_client *c, struct smtp_reply *r, int class,
    struct err *e, const char *command)
{
	enum st st = command != NULL ? smtp_command(c, r, e, "%s", command)
				     : smtp_read(c, r, e);

	if (st == ST_OK && r->code / 100 == class)
		return true;
	if (st == ST_OK)
		err_temp(e, "", "%d %s", r->code, buf_c(&r->text));
	return false;
}

static bool greet(struct smtp_client *c, struct smtp_reply *r,
    const struct bounce *b, const struct smtphost *to, struct err *e)
{
	AUTO_BUF line = BUF_MAX(4096);

	if (smtphost_begin(c, to, NULL, e) != ST_OK || !step(c, r, 2, e, NULL))
		return false;
	if (to->tls == SMTPHOST_STARTTLS)
		return smtp_hello(c, b->fqdn, r, e) == ST_OK &&
		    smtphost_upgrade(c, to, NULL, b->fqdn, e) == ST_OK;
	buf_setf(&line, "HELO %s", b->fqdn);
	return step(c, r, 2, e, buf_c(&line));
}

static bool talk(struct smtp_client *c, struct smtp_reply *r,
    const struct bounce *b, struct err *e)
{
	AUTO_BUF text = BUF_MAX(BOUNCE_MAX);
	AUTO_BUF line = BUF_MAX(4096);

	if (!step(c, r, 2, e, "MAIL FROM:<>"))
		return false;
	buf_setf(&line, "RCPT TO:<%s>", b->to);
	if (!step(c, r, 2, e, buf_c(&line)) || !step(c, r, 3, e, "DATA"))
		return false;
	bounce_text(&text, b);
	smtp_text_begin(c);
	if (smtp_text(c, buf_str(&text), e) != ST_OK ||
	    smtp_text_end(c, e) != ST_OK || !step(c, r, 2, e, NULL))
		return false;
	/* It is theirs now, whatever they say to our goodbye. */
	return step(c, r, 2, NULL, "QUIT") || true;
}

static enum st send_to(const struct bounce *b, const char *entry, struct err *e)
{
	struct smtp_client c = { .trace = trace };
	struct smtp_reply r = SMTP_REPLY;
	struct smtphost to;
	bool ok;

	if (smtphost_parse(entry, &to, e) != ST_OK ||
	    conn_open(&c.conn, to.host, to.port, TIMEOUT_MS, e) != ST_OK)
		return ST_TEMP;
	ok = greet(&c, &r, b, &to, e) && talk(&c, &r, b, e);
	smtp_reply_clear(&r);
	smtp_client_clear(&c);
	conn_close(c.conn);
	return ok ? ST_OK : ST_TEMP;
}

enum st bounce_send(const struct bounce *b, const char *fallback, struct err *e)
{
	if (send_to(b, "localhost", e) == ST_OK)
		return ST_OK;
	if (fallback == NULL || fallback[0] == '/')
		return ST_TEMP;
	return send_to(b, fallback, e);
}
