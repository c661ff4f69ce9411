/* bounce - notices as RFC 3464 wants them. */

#include "fetcher/bounce.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "fetcher/report.h"
#include "mail/smtp_client.h"
#include "net/conn.h"

#define TEXT_MAX   (8u << 20)
#define TIMEOUT_MS 300000

/* "550-a\n550 b" → one line each, indented. */
static void add_reply(struct buf *out, struct str reply, const char *indent)
{
	struct str line;
	bool more = true;

	while (more) {
		more = str_cut(&reply, '\n', &line);
		buf_addf(out, "%s%.*s\r\n", indent, STR_ARG(line));
	}
}

static void add_lines(struct buf *out, struct str text)
{
	struct str line;
	bool more = text.n != 0;

	while (more) {
		more = str_cut(&text, '\n', &line);
		line = str_trim_right(line);
		if (more || line.n != 0)
			buf_addf(out, "%.*s\r\n", STR_ARG(line));
	}
}

static void add_head(const struct bounce *b, const char *boundary,
    struct buf *out)
{
	buf_addc(out,
	    "Subject: Mail delivery failed: returning message to "
	    "sender\r\n");
	buf_addf(out, "From: Mail Delivery System <MAILER-DAEMON@%s>\r\n",
	    b->fqdn);
	buf_addf(out, "To: %s\r\n", b->to);
	buf_addc(out, "Date: ");
	clock_add_date(out, clock_seconds());
	buf_addf(out, "\r\nMessage-ID: <%s@%s>\r\n", boundary, b->fqdn);
	buf_addc(out,
	    "Auto-Submitted: auto-replied\r\n"
	    "MIME-Version: 1.0\r\n");
	buf_addf(out,
	    "Content-Type: multipart/report; report-type="
	    "delivery-status;\r\n\tboundary=\"%s\"\r\n\r\n",
	    boundary);
}

void bounce_text(const struct bounce *b, struct buf *out)
{
	char boundary[64];
	struct timespec now = clock_wall();

	snprintf(boundary, sizeof(boundary), "notice-%ld-%lld-%ld",
	    (long)getpid(), (long long)now.tv_sec, now.tv_nsec);
	add_head(b, boundary, out);
	buf_addf(out,
	    "--%s\r\nContent-Type: text/plain\r\n\r\n"
	    "This message was created automatically by the mail fetching "
	    "program.\r\n\r\n"
	    "A message that you sent could not be delivered to one or more "
	    "of its recipients.\r\n\r\n"
	    "Reason: %s\r\n\r\n"
	    "The following address(es) failed:\r\n\r\n%s\r\n",
	    boundary, b->reason, b->recipient);
	add_reply(out, b->reply, "   SMTP error: ");
	buf_addf(out,
	    "\r\n--%s\r\nContent-Type: message/delivery-status"
	    "\r\n\r\nReporting-MTA: dns; %s\r\n\r\n"
	    "Final-Recipient: rfc822; %s\r\nLast-Attempt-Date: ",
	    boundary, b->fqdn, b->recipient);
	clock_add_date(out, clock_seconds());
	buf_addf(out, "\r\nAction: failed\r\nStatus: %s\r\n", b->status);
	add_reply(out, b->reply, "Diagnostic-Code: ");
	buf_addf(out, "\r\n--%s\r\nContent-Type: text/rfc822-headers\r\n\r\n",
	    boundary);
	add_lines(out, b->header);
	buf_addf(out, "\r\n--%s--\r\n", boundary);
}

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

static bool talk(struct smtp_client *c, struct smtp_reply *r,
    const struct bounce *b, struct err *e)
{
	AUTO_BUF text = BUF_MAX(TEXT_MAX);
	AUTO_BUF line = BUF_MAX(4096);

	buf_setf(&line, "HELO %s", b->fqdn);
	if (!step(c, r, 2, e, NULL) || !step(c, r, 2, e, buf_c(&line)) ||
	    !step(c, r, 2, e, "MAIL FROM:<>"))
		return false;
	buf_setf(&line, "RCPT TO:<%s>", b->to);
	if (!step(c, r, 2, e, buf_c(&line)) || !step(c, r, 3, e, "DATA"))
		return false;
	bounce_text(b, &text);
	smtp_text_begin(c);
	if (smtp_text(c, buf_str(&text), e) != ST_OK ||
	    smtp_text_end(c, e) != ST_OK || !step(c, r, 2, e, NULL))
		return false;
	/* It is theirs now, whatever they say to our goodbye. */
	return step(c, r, 2, NULL, "QUIT") || true;
}

static enum st send_to(const struct bounce *b, const char *host,
    const char *port, struct err *e)
{
	struct smtp_client c = { .trace = trace };
	struct smtp_reply r = SMTP_REPLY;
	bool ok;

	if (conn_open(&c.conn, host, port, TIMEOUT_MS, e) != ST_OK)
		return ST_TEMP;
	ok = talk(&c, &r, b, e);
	smtp_reply_clear(&r);
	conn_close(c.conn);
	return ok ? ST_OK : ST_TEMP;
}

enum st bounce_send(const struct bounce *b, const char *fallback, struct err *e)
{
	char host[256];
	char *slash;

	if (send_to(b, "localhost", "25", e) == ST_OK)
		return ST_OK;
	if (fallback == NULL || fallback[0] == '/')
		return ST_TEMP;
	snprintf(host, sizeof(host), "%s", fallback);
	slash = strchr(host, '/');
	if (slash != NULL)
		*slash++ = '\0';
	return send_to(b, host, slash != NULL ? slash : "25", e);
}
