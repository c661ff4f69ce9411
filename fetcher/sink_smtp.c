/* sink_smtp - hand messages to an SMTP or LMTP listener. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "fetcher/account.h"
#include "fetcher/bounce.h"
#include "fetcher/host.h"
#include "fetcher/report.h"
#include "fetcher/sink.h"
#include "mail/smtp_client.h"
#include "net/conn.h"

/* RFC 5321 4.5.3.2: at least so long, whatever the account's timeout is. */
#define COMMAND_MS 300000
#define DATA_MS    120000
#define DOT_MS     600000

enum stage {
	AT_MAIL,
	AT_RCPT,
	AT_DATA,
	AT_DOT
};

struct sink {
	const struct account *a;
	const char *hello;
	struct smtp_client c;
	struct smtp_reply reply;
	const char *entry; /* of smtphost, the one that is connected */
	bool lmtp;
	int64_t count;   /* messages on this connection */
	char rcpt[1024]; /* the address that was accepted */
	bool by_default;
	const struct sink_mail *mail;
};

struct sink *sink_new(const struct account *a, const char *hello)
{
	struct sink *s = xcalloc(1, sizeof(*s));

	s->a = a;
	s->hello = hello;
	s->reply.text = BUF_MAX(SMTP_REPLY_MAX);
	return s;
}

static void hang_up(struct sink *s)
{
	conn_close(s->c.conn);
	s->c.conn = NULL;
	s->entry = NULL;
}

void sink_free(struct sink *s)
{
	struct err e;

	if (s == NULL)
		return;
	/* What was accepted is theirs; whether they like our goodbye is not
	 * our concern. */
	if (s->c.conn != NULL &&
	    smtp_command(&s->c, &s->reply, &e, "QUIT") != ST_OK)
		report_dialogue("SMTP", '<', STR("(no answer to QUIT)"));
	hang_up(s);
	smtp_reply_clear(&s->reply);
	free(s);
}

static void trace(char way, struct str line, void *arg)
{
	const struct sink *s = arg;

	report_dialogue(s->lmtp ? "LMTP" : "SMTP", way, line);
}

/* --- connecting ---------------------------------------------------------- */

/* "host", "host/port", "/path" */
static void split_entry(const char *entry, char host[256], char port[32])
{
	const char *slash = strchr(entry, '/');

	snprintf(port, 32, "25");
	if (slash == NULL || slash == entry) {
		snprintf(host, 256, "%s", entry);
		return;
	}
	snprintf(host, 256, "%.*s", (int)(slash - entry), entry);
	snprintf(port, 32, "%s", slash + 1);
}

static bool greet(struct sink *s, struct err *e)
{
	enum st st = smtp_read(&s->c, &s->reply, e);

	if (st == ST_OK && s->reply.code / 100 == 2)
		st = smtp_hello(&s->c, s->hello, &s->reply, e);
	if (st == ST_OK && s->reply.code / 100 != 2)
		st = err_temp(e, "", "%d %s", s->reply.code,
		    buf_c(&s->reply.text));
	return st == ST_OK;
}

static bool connect_entry(struct sink *s, const char *entry, struct err *e)
{
	char host[256], port[32];
	int64_t ms = opt_num(&s->a->o, OPT_TIMEOUT) * 1000;

	split_entry(entry, host, port);
	s->lmtp = opt_flag(&s->a->o, OPT_LMTP) || entry[0] == '/';
	s->c =
	    (struct smtp_client){ .lmtp = s->lmtp, .trace = trace, .arg = s };
	if (conn_open(&s->c.conn, host, port, ms, e) != ST_OK)
		return false;
	conn_set_timeout(s->c.conn, ms > COMMAND_MS ? ms : COMMAND_MS);
	s->entry = entry;
	s->count = 0;
	if (greet(s, e))
		return true;
	hang_up(s);
	return false;
}

/* The first of smtphost that takes us. */
static bool connected(struct sink *s)
{
	int64_t batch = opt_num(&s->a->o, OPT_BATCHLIMIT);
	const struct option_item *i = opt_list(&s->a->o, OPT_SMTPHOST);
	const char *last = i != NULL ? NULL : "localhost";
	struct err e;

	if (s->c.conn != NULL && batch > 0 && s->count >= batch) {
		if (smtp_command(&s->c, &s->reply, &e, "QUIT") != ST_OK)
			report_dialogue("SMTP", '<', str_c(e.text));
		hang_up(s);
	}
	if (s->c.conn != NULL)
		return true;
	if (i == NULL && connect_entry(s, "localhost", &e))
		return true;
	for (; i != NULL; i = i->next) {
		last = i->text;
		if (connect_entry(s, i->text, &e))
			return true;
	}
	report_error("%s connect to %s failed", s->lmtp ? "LMTP" : "SMTP",
	    last);
	report_error("%s; is a mail server running there? See smtphost in "
		     "fetcherrc(5)",
	    e.text);
	return false;
}

/* --- addresses ----------------------------------------------------------- */

/* A bare name gets a domain: smtpname, smtpaddress, or the listener's host. */
static void complete(const struct sink *s, const char *name, char out[1024])
{
	const char *domain = opt_text(&s->a->o, OPT_SMTPADDRESS);
	const char *instead = opt_text(&s->a->o, OPT_SMTPNAME);
	char host[256], port[32];

	if (strchr(name, '@') != NULL) {
		snprintf(out, 1024, "%s", name);
		return;
	}
	if (instead != NULL) {
		snprintf(out, 1024, "%s", instead);
		return;
	}
	split_entry(s->entry, host, port);
	if (domain == NULL)
		domain = host[0] == '/' ? "localhost" : host;
	snprintf(out, 1024, "%s@%s", name, domain);
}

static const char *local_name(const struct sink *s)
{
	const struct option_item *i = opt_list(&s->a->o, OPT_IS);

	return i != NULL ? i->text : calling_user();
}

const char *sink_accepted(const struct sink *s, bool *by_default)
{
	*by_default = s->by_default;
	return s->rcpt;
}

/* --- refusals ------------------------------------------------------------ */

static bool is_antispam(const struct sink *s, int code)
{
	const struct option_item *i;

	for (i = opt_list(&s->a->o, OPT_ANTISPAM); i != NULL; i = i->next)
		if (i->num == -1)
			return false;
	for (i = opt_list(&s->a->o, OPT_ANTISPAM); i != NULL; i = i->next)
		if (i->num == code)
			return true;
	return false;
}

/* "550 5.1.1 <x>: ..." on one line. */
static const char *whole_reply(const struct sink *s, struct buf *text)
{
	buf_setf(text, "%d %s", s->reply.code, buf_c(&s->reply.text));
	return buf_c(text);
}

static void log_reply(const struct sink *s)
{
	AUTO_BUF text = BUF_MAX(SMTP_REPLY_MAX + 10);

	report_error("%s error: %s", s->lmtp ? "LMTP" : "SMTP",
	    whole_reply(s, &text));
}

static bool is_daemon(const char *address)
{
	return address[0] == '\0' ||
	    str_istarts(str_c(address), STR("MAILER-DAEMON@")) ||
	    str_ieqc(str_c(address), "MAILER-DAEMON");
}

/* A notice to the sender; with "no bouncemail" to the postmaster, if this kind
 * goes there at all. */
static void notice(struct sink *s, const char *reason, bool to_postmaster)
{
	AUTO_BUF text = BUF_MAX(SMTP_REPLY_MAX + 10);
	char dsn[10], to[1024], failed[1024];
	struct bounce b = { .to = s->mail->sender,
		.fqdn = host_fqdn(),
		.reason = reason,
		.recipient = failed,
		.status = dsn,
		.header = s->mail->header };
	struct err e;

	if (is_daemon(s->mail->sender))
		return;
	if (!opt_flag(s->a->global, OPT_BOUNCEMAIL)) {
		if (!to_postmaster || host_postmaster(s->a)[0] == '\0')
			return;
		complete(s, host_postmaster(s->a), to);
		b.to = to;
	}
	complete(s, local_name(s), failed);
	smtp_reply_dsn(&s->reply, dsn);
	if (dsn[0] == '\0')
		snprintf(dsn, sizeof(dsn), "%c.0.0",
		    '0' + s->reply.code / 100 % 10);
	b.reply = str_c(whole_reply(s, &text));
	if (bounce_send(&b, s->entry, &e) != ST_OK)
		report_error("notice to %s could not be sent: %s", b.to,
		    e.text);
	else
		report_note("mail from MAILER-DAEMON@%s bounced to %s", b.fqdn,
		    b.to);
}

static void reset(struct sink *s)
{
	struct err e;
	struct smtp_reply r = SMTP_REPLY;

	if (smtp_command(&s->c, &r, &e, "RSET") != ST_OK)
		hang_up(s);
	smtp_reply_clear(&r);
}

static void refusal_notice(struct sink *s)
{
	if (is_antispam(s, s->reply.code)) {
		if (opt_flag(s->a->global, OPT_SPAMBOUNCE))
			notice(s,
			    "Your message was refused as spam by the "
			    "receiving mail server.",
			    true);
	} else if (s->reply.code == 552) {
		notice(s, "This message was too large (SMTP error 552).",
		    false);
	} else if (s->reply.code / 100 == 5 && s->reply.code != 553) {
		notice(s, "General SMTP/ESMTP error.", false);
	}
}

/* MAIL, DATA or the final dot was refused. */
static enum fate refused(struct sink *s, enum stage at)
{
	bool soft = opt_flag(s->a->global, OPT_SOFTBOUNCE);
	int code = s->reply.code;

	if (at != AT_DOT)
		reset(s);
	if (at == AT_MAIL && code == 530) {
		report_error("SMTP server requires STARTTLS, keeping "
			     "message.");
		return FATE_KEEP;
	}
	if (!is_antispam(s, code)) {
		log_reply(s);
		if (at == AT_DOT && code / 100 == 5)
			report_error("SMTP listener refused delivery");
	}
	if (code / 100 != 5 && !is_antispam(s, code))
		return FATE_KEEP;
	refusal_notice(s);
	return soft ? FATE_KEEP : FATE_DELETE;
}

/* The listener hung up: the message stays, the next one gets a new one. */
static enum fate lost(struct sink *s, const struct err *e)
{
	report_error("%s", e->text);
	hang_up(s);
	return FATE_KEEP;
}

/* --- the transaction ----------------------------------------------------- */

static enum st mail_from(struct sink *s, const struct sink_mail *m,
    struct err *e)
{
	AUTO_BUF more = BUF_MAX(100);
	bool eight = m->body_bits == 8 && (s->c.features & SMTP_8BITMIME) != 0;
	bool seven = m->body_bits == 7 && (s->c.features & SMTP_8BITMIME) != 0;

	if (eight || seven)
		buf_addf(&more, " BODY=%s", eight ? "8BITMIME" : "7BIT");
	if ((s->c.features & SMTP_SIZE) != 0 && m->size > 0)
		buf_addf(&more, " SIZE=%llu", (unsigned long long)m->size);
	return smtp_command(&s->c, &s->reply, e, "MAIL FROM:<%s>%s", m->sender,
	    buf_c(&more));
}

static enum st rcpt_to(struct sink *s, const char *name, struct err *e)
{
	complete(s, name, s->rcpt);
	return smtp_command(&s->c, &s->reply, e, "RCPT TO:<%s>", s->rcpt);
}

/* No recipient is left: the postmaster may have it. */
static enum fate try_postmaster(struct sink *s)
{
	bool soft = opt_flag(s->a->global, OPT_SOFTBOUNCE);
	const char *name = host_postmaster(s->a);
	struct smtp_reply refusal = { s->reply.code, BUF_MAX(SMTP_REPLY_MAX) };
	struct err e;
	enum st st = ST_OK;
	bool spam = is_antispam(s, s->reply.code);
	bool tell = s->reply.code != 553 && !spam;

	buf_add(&refusal.text, buf_str(&s->reply.text));
	if (!spam)
		log_reply(s);
	s->by_default = true;
	s->reply.code = 0;
	if (name[0] != '\0')
		st = rcpt_to(s, name, &e);
	if (st == ST_OK && s->reply.code / 100 != 2 && name[0] != '\0')
		report_error("can't even send to PM!");
	if (st == ST_OK && s->reply.code / 100 != 2)
		reset(s);
	else
		soft = false;
	/* The notice speaks of the first refusal. */
	{
		int code = s->reply.code;

		s->reply.code = refusal.code;
		buf_set(&s->reply.text, buf_str(&refusal.text));
		if (tell && st == ST_OK)
			notice(s,
			    "Some addresses were rejected by the MDA "
			    "fetchmail forwards to.",
			    true);
		s->reply.code = code;
	}
	smtp_reply_clear(&refusal);
	if (st != ST_OK)
		return lost(s, &e);
	if (s->reply.code / 100 == 2)
		return FATE_TAKEN;
	return soft ? FATE_KEEP : FATE_DELETE;
}

static enum fate envelope(struct sink *s, const struct sink_mail *m)
{
	struct err e;
	enum fate fate = FATE_TAKEN;

	if (mail_from(s, m, &e) != ST_OK)
		return lost(s, &e);
	if (s->reply.code / 100 != 2)
		return refused(s, AT_MAIL);
	if (rcpt_to(s, local_name(s), &e) != ST_OK)
		return lost(s, &e);
	if (s->reply.code / 100 == 4 && !is_antispam(s, s->reply.code)) {
		log_reply(s);
		reset(s);
		return FATE_KEEP;
	}
	if (s->reply.code / 100 != 2)
		fate = try_postmaster(s);
	return fate;
}

enum fate sink_begin(struct sink *s, const struct sink_mail *m)
{
	struct err e;
	enum fate fate;

	s->mail = m;
	s->by_default = false;
	if (!connected(s))
		return FATE_DOWN;
	fate = envelope(s, m);
	if (fate != FATE_TAKEN)
		return fate;
	conn_set_timeout(s->c.conn, DATA_MS);
	if (smtp_command(&s->c, &s->reply, &e, "DATA") != ST_OK)
		return lost(s, &e);
	if (s->reply.code != 354)
		return refused(s, AT_DATA);
	smtp_text_begin(&s->c);
	return FATE_TAKEN;
}

static enum fate broken(struct sink *s, const struct err *e)
{
	report_error("error writing message text: %s", e->text);
	hang_up(s);
	return FATE_BROKEN;
}

enum fate sink_text(struct sink *s, struct str piece)
{
	struct err e;

	if (smtp_text(&s->c, piece, &e) != ST_OK)
		return broken(s, &e);
	return FATE_TAKEN;
}

enum fate sink_end(struct sink *s)
{
	struct err e;

	if (smtp_text_end(&s->c, &e) != ST_OK)
		return broken(s, &e);
	if (report_verbose())
		report_note("%s>. (EOM)", s->lmtp ? "LMTP" : "SMTP");
	conn_set_timeout(s->c.conn, DOT_MS);
	if (smtp_read(&s->c, &s->reply, &e) != ST_OK)
		return lost(s, &e);
	conn_set_timeout(s->c.conn, COMMAND_MS);
	s->count++;
	if (s->reply.code / 100 == 2)
		return FATE_TAKEN;
	return refused(s, AT_DOT);
}

void sink_abort(struct sink *s)
{
	hang_up(s);
}
