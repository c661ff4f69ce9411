/* sink_smtp - hand messages to an SMTP or LMTP listener. */

#include <stdio.h>
#include <string.h>

#include "fetcher/account.h"
#include "fetcher/host.h"
#include "fetcher/plugin.h"
#include "fetcher/refuse.h"
#include "fetcher/report.h"
#include "fetcher/sink.h"
#include "fetcher/smtphost.h"
#include "mail/smtp_client.h"
#include "net/conn.h"

/* RFC 5321 4.5.3.2: at least so long, whatever the account's timeout is. */
#define COMMAND_MS 300000
#define DATA_MS    120000
#define DOT_MS     600000
/* So many RCPTs are sent before their answers are read. */
#define WINDOW 50

struct smtp {
	struct sink s;
	struct smtp_client c;
	struct smtp_reply reply;    /* of MAIL, DATA, the dot */
	struct smtp_reply to_reply; /* of RCPT */
	const char *entry;          /* of smtphost, the one that is connected */
	struct smtphost to;         /* what it says */
	bool lmtp;
	int64_t count;    /* messages on this connection */
	bool mail_unread; /* the answer to MAIL is still to come */
	bool temporary;   /* a recipient was put off */
	enum bounce_reason reason;
	size_t *taken;      /* which recipients were accepted */
	struct arena arena; /* of one message */
	struct refusals refused;
};

static bool wanted(const struct account *a)
{
	(void)a;
	return true;
}

static void start(struct sink *sink)
{
	struct smtp *s = (struct smtp *)sink;

	s->reply.text = s->to_reply.text = BUF_MAX(SMTP_REPLY_MAX);
	s->refused.a = sink->a;
}

static void hang_up(struct sink *sink)
{
	struct smtp *s = (struct smtp *)sink;

	conn_close(s->c.conn);
	s->c.conn = NULL;
	smtp_client_clear(&s->c);
	s->entry = NULL;
}

/* What was accepted is theirs; whether they like our goodbye is not our
 * concern. */
static void quit(struct smtp *s)
{
	struct err e;

	if (s->c.conn != NULL &&
	    smtp_command(&s->c, &s->reply, &e, "QUIT") != ST_OK)
		report_dialogue("SMTP", '<', STR("(no answer to QUIT)"));
	hang_up(&s->s);
}

static void finish(struct sink *sink)
{
	struct smtp *s = (struct smtp *)sink;

	quit(s);
	smtp_reply_clear(&s->reply);
	smtp_reply_clear(&s->to_reply);
	refuse_clear(&s->refused);
	arena_clear(&s->arena);
}

static void trace(char way, struct str line, void *arg)
{
	const struct smtp *s = arg;

	report_dialogue(s->lmtp ? "LMTP" : "SMTP", way, line);
}

/* --- connecting ---------------------------------------------------------- */

/* Whoever does not know us may take the mail all the same. */
static enum st log_in(struct smtp *s, struct err *e)
{
	const char *user = opt_text(&s->s.a->o, OPT_ESMTPNAME);
	const char *password = opt_text(&s->s.a->o, OPT_ESMTPPASSWORD);
	struct smtp_reply r = SMTP_REPLY;
	enum st st = ST_OK;

	if (password != NULL && (s->c.features & SMTP_AUTH) != 0) {
		st = smtp_auth(&s->c, user != NULL ? user : calling_user(),
		    password, &r, e);
		if (st == ST_NONE)
			report_error("%s offers no way to log in that we know",
			    s->to.host);
		else if (st == ST_OK && r.code / 100 != 2)
			report_error("login at %s failed: %d %s", s->to.host,
			    r.code, buf_c(&r.text));
	}
	smtp_reply_clear(&r);
	return st == ST_NONE ? ST_OK : st;
}

static bool greet(struct smtp *s, struct err *e)
{
	enum st st = smtphost_begin(&s->c, &s->to, s->s.a, e);

	if (st == ST_OK)
		st = smtp_read(&s->c, &s->reply, e);
	if (st == ST_OK && s->reply.code / 100 == 2)
		st = smtp_hello(&s->c, s->s.hello, &s->reply, e);
	if (st == ST_OK && s->reply.code / 100 == 2)
		st = smtphost_upgrade(&s->c, &s->to, s->s.a, s->s.hello, e);
	if (st == ST_OK && s->reply.code / 100 == 2)
		return log_in(s, e) == ST_OK;
	if (st == ST_OK)
		st = err_temp(e, "", "%d %s", s->reply.code,
		    buf_c(&s->reply.text));
	return st == ST_OK;
}

static bool connect_entry(struct smtp *s, const char *entry, struct err *e)
{
	int64_t ms = opt_num(&s->s.a->o, OPT_TIMEOUT) * 1000;
	struct plugin_to to = { s->to.host, s->to.port, ms };

	if (smtphost_parse(entry, &s->to, e) != ST_OK) {
		report_error("%s", e->text);
		return false;
	}
	s->lmtp = opt_flag(&s->s.a->o, OPT_LMTP) || entry[0] == '/';
	s->c =
	    (struct smtp_client){ .lmtp = s->lmtp, .trace = trace, .arg = s };
	if (plugin_connect(&s->c.conn, s->s.a, OPT_PLUGOUT, &to, e) != ST_OK) {
		plugin_tell_failed(NULL, &to, e);
		return false;
	}
	plugin_tell_connected(s->c.conn);
	conn_set_timeout(s->c.conn, ms > COMMAND_MS ? ms : COMMAND_MS);
	s->entry = entry;
	s->count = 0;
	if (greet(s, e))
		return true;
	report_error("%s: %s", entry, e->text);
	hang_up(&s->s);
	return false;
}

/* The first of smtphost that takes us. */
static bool connected(struct smtp *s)
{
	int64_t batch = opt_num(&s->s.a->o, OPT_BATCHLIMIT);
	const struct option_item *i = opt_list(&s->s.a->o, OPT_SMTPHOST);
	struct err e;

	if (batch > 0 && s->count >= batch)
		quit(s);
	if (s->c.conn != NULL)
		return true;
	s->s.to = "localhost";
	if (i == NULL && connect_entry(s, s->s.to, &e))
		return true;
	for (; i != NULL; i = i->next) {
		s->s.to = i->text;
		if (connect_entry(s, i->text, &e))
			return true;
	}
	report_error("%s connect to %s failed", s->lmtp ? "LMTP" : "SMTP",
	    s->s.to);
	return false;
}

/* --- the transaction ----------------------------------------------------- */

/* The listener hung up: the message stays, the next one gets a new one. */
static enum fate lost(struct smtp *s, const struct err *e)
{
	report_error("%s", e->text);
	hang_up(&s->s);
	return FATE_KEEP;
}

static void reset(struct smtp *s)
{
	struct err e;
	struct smtp_reply r = SMTP_REPLY;

	if (smtp_command(&s->c, &r, &e, "RSET") != ST_OK)
		hang_up(&s->s);
	smtp_reply_clear(&r);
}

/* What completes a bare name here. */
static const char *host_part(const struct smtp *s)
{
	return s->to.host[0] == '/' ? "localhost" : s->to.host;
}

/* An envelope of its own, once, and without a sender who may be refused. */
static enum fate to_postmaster(struct smtp *s)
{
	const char *name = host_postmaster(s->s.a);
	struct sink_accepted *ok = &s->s.accepted;
	char rcpt[SINK_ADDRESS];
	struct err e;

	if (ok->by_default || name[0] == '\0' || s->c.conn == NULL)
		return FATE_KEEP;
	ok->by_default = true;
	sink_address(s->s.a, host_part(s), name, rcpt);
	if (smtp_command(&s->c, &s->reply, &e, "MAIL FROM:<>") != ST_OK)
		return lost(s, &e);
	if (s->reply.code / 100 == 2 &&
	    smtp_command(&s->c, &s->to_reply, &e, "RCPT TO:<%s>", rcpt) !=
		ST_OK)
		return lost(s, &e);
	if (s->reply.code / 100 != 2 || s->to_reply.code / 100 != 2) {
		report_error("can't even send to PM!");
		reset(s);
		return FATE_KEEP;
	}
	ok->rcpt = arena_strz(&s->arena, str_c(rcpt));
	ok->n = 1;
	return FATE_TAKEN;
}

/* FATE_TAKEN: not at the dot; the postmaster is the recipient now. */
static enum fate refused(struct smtp *s, enum stage at)
{
	enum fate fate;

	if (at != AT_DOT)
		reset(s);
	fate = refuse_message(&s->refused, at, &s->reply);
	if (!s->refused.orphan)
		return fate;
	if (at != AT_DOT)
		fate = to_postmaster(s);
	if (fate == FATE_KEEP)
		refuse_stays(&s->refused, at);
	return fate;
}

static enum st send_mail(struct smtp *s, const struct sink_mail *m,
    struct err *e)
{
	AUTO_BUF more = BUF_MAX(100);
	bool says_bits = (s->c.features & SMTP_8BITMIME) != 0;

	if (says_bits && m->body_bits != 0)
		buf_addf(&more, " BODY=%s",
		    m->body_bits == 8 ? "8BITMIME" : "7BIT");
	if ((s->c.features & SMTP_SIZE) != 0 && m->size > 0)
		buf_addf(&more, " SIZE=%llu", (unsigned long long)m->size);
	s->mail_unread = true;
	return smtp_send(&s->c, e, "MAIL FROM:<%s>%s", m->sender, buf_c(&more));
}

static enum st read_mail(struct smtp *s, struct err *e)
{
	enum st st = ST_OK;

	if (s->mail_unread)
		st = conn_flush(s->c.conn, e);
	if (s->mail_unread && st == ST_OK)
		st = smtp_read(&s->c, &s->reply, e);
	s->mail_unread = false;
	return st;
}

/* The answer to one RCPT. */
static void judge(struct smtp *s, size_t i, const char *rcpt)
{
	struct sink_accepted *ok = &s->s.accepted;

	if (s->reply.code / 100 != 2)
		return; /* without MAIL it says nothing */
	if (s->to_reply.code / 100 == 2) {
		if (ok->n == 0)
			ok->rcpt = arena_strz(&s->arena, str_c(rcpt));
		s->taken[ok->n++] = i;
	} else if (refuse_is_temporary(&s->refused, s->to_reply.code)) {
		refuse_log(&s->refused, &s->to_reply);
		s->temporary = true;
	} else {
		refuse_rcpt(&s->refused, rcpt, &s->to_reply);
	}
}

/* Recipients from..to-1: all commands, then all answers. */
static enum st some_rcpts(struct smtp *s, const struct sink_mail *m,
    size_t from, size_t to, struct err *e)
{
	char rcpt[SINK_ADDRESS];
	enum st st = ST_OK;
	size_t i;

	for (i = from; i < to && st == ST_OK; i++) {
		sink_address(s->s.a, host_part(s), m->rcpt[i], rcpt);
		st = smtp_send(&s->c, e, "RCPT TO:<%s>", rcpt);
	}
	if (st == ST_OK)
		st = conn_flush(s->c.conn, e);
	if (st == ST_OK)
		st = read_mail(s, e);
	for (i = from; i < to && st == ST_OK; i++) {
		sink_address(s->s.a, host_part(s), m->rcpt[i], rcpt);
		st = smtp_read(&s->c, &s->to_reply, e);
		if (st == ST_OK)
			judge(s, i, rcpt);
	}
	return st;
}

/* MAIL and RCPTs, in one flight where PIPELINING allows it. */
static enum st envelope(struct smtp *s, const struct sink_mail *m,
    struct err *e)
{
	bool flight = (s->c.features & SMTP_PIPELINING) != 0;
	size_t window = flight ? WINDOW : 1, i = 0, to;
	enum st st = send_mail(s, m, e);

	if (st == ST_OK && !flight)
		st = read_mail(s, e);
	while (st == ST_OK && i < m->rcpt_n && !s->temporary &&
	    (s->mail_unread || s->reply.code / 100 == 2)) {
		to = m->rcpt_n - i < window ? m->rcpt_n : i + window;
		st = some_rcpts(s, m, i, to, e);
		i = to;
	}
	return st == ST_OK ? read_mail(s, e) : st;
}

/* No recipient is left: the postmaster may have it. */
static enum fate try_postmaster(struct smtp *s)
{
	const char *name = host_postmaster(s->s.a);
	struct sink_accepted *ok = &s->s.accepted;
	char rcpt[SINK_ADDRESS];
	struct err e;

	ok->by_default = true;
	if (name[0] == '\0') {
		reset(s);
		return refuse_fate(&s->refused);
	}
	sink_address(s->s.a, host_part(s), name, rcpt);
	if (smtp_command(&s->c, &s->to_reply, &e, "RCPT TO:<%s>", rcpt) !=
	    ST_OK)
		return lost(s, &e);
	if (s->to_reply.code / 100 == 2) {
		ok->rcpt = arena_strz(&s->arena, str_c(rcpt));
		ok->n = 1;
		return FATE_TAKEN;
	}
	report_error("can't even send to PM!");
	reset(s);
	return refuse_fate(&s->refused);
}

static enum fate recipients(struct smtp *s, const struct sink_mail *m)
{
	enum fate fate = FATE_TAKEN;
	struct err e;

	if (envelope(s, m, &e) != ST_OK)
		return lost(s, &e);
	if (s->reply.code / 100 != 2)
		return refused(s, AT_MAIL);
	if (s->temporary) {
		reset(s);
		return FATE_KEEP;
	}
	if (s->s.accepted.n == 0)
		fate = try_postmaster(s);
	/* A listener that takes one connection at a time would have us wait
	 * for ourselves: while there is a transaction, notices wait. */
	if (fate != FATE_TAKEN)
		refuse_tell(&s->refused, BOUNCE_ADDRESSES);
	return fate;
}

static enum fate ask_for_text(struct smtp *s)
{
	enum fate fate;
	struct err e;

	conn_set_timeout(s->c.conn, DATA_MS);
	if (smtp_command(&s->c, &s->reply, &e, "DATA") != ST_OK)
		return lost(s, &e);
	if (s->reply.code == 354) {
		smtp_text_begin(&s->c);
		return FATE_TAKEN;
	}
	conn_set_timeout(s->c.conn, COMMAND_MS);
	fate = refused(s, AT_DATA);
	/* There is one postmaster, and so one more try. */
	return fate == FATE_TAKEN ? ask_for_text(s) : fate;
}

static enum fate begin(struct sink *sink, const struct sink_mail *m)
{
	struct smtp *s = (struct smtp *)sink;
	enum fate fate;

	if (!connected(s))
		return FATE_DOWN;
	arena_clear(&s->arena);
	refuse_begin(&s->refused, m);
	s->refused.proto = s->lmtp ? "LMTP" : "SMTP";
	s->refused.entry = s->entry;
	s->refused.host = host_part(s);
	s->taken = arena_array(&s->arena, m->rcpt_n + 1, sizeof(*s->taken));
	s->temporary = false;
	s->reason = BOUNCE_ADDRESSES;
	if (refuse_orphaned(&s->refused))
		fate = to_postmaster(s);
	else
		fate = recipients(s, m);
	return fate == FATE_TAKEN ? ask_for_text(s) : fate;
}

static enum fate broken(struct smtp *s, const struct err *e)
{
	report_error("error writing message text: %s", e->text);
	hang_up(&s->s);
	return FATE_BROKEN;
}

static enum fate text(struct sink *sink, struct str piece)
{
	struct smtp *s = (struct smtp *)sink;
	struct err e;

	if (smtp_text(&s->c, piece, &e) != ST_OK)
		return broken(s, &e);
	return FATE_TAKEN;
}

/* RFC 2033 4.2: an answer for each recipient that was accepted. */
static enum fate lmtp_answers(struct smtp *s)
{
	size_t i, put_off = 0, ok = 0;
	char rcpt[SINK_ADDRESS];
	struct err e;

	for (i = 0; i < s->s.accepted.n; i++) {
		if (smtp_read(&s->c, &s->reply, &e) != ST_OK)
			return lost(s, &e);
		ok += s->reply.code / 100 == 2;
		if (s->reply.code / 100 == 2 || s->s.accepted.n == 1)
			continue;
		sink_address(s->s.a, host_part(s),
		    s->refused.m->rcpt[s->taken[i]], rcpt);
		if (refuse_is_temporary(&s->refused, s->reply.code)) {
			refuse_log(&s->refused, &s->reply);
			put_off++;
		} else {
			refuse_rcpt(&s->refused, rcpt, &s->reply);
		}
	}
	if (ok == s->s.accepted.n)
		return FATE_TAKEN;
	if (s->s.accepted.n == 1)
		return refused(s, AT_DOT);
	/* Those who have it get it twice, before somebody gets nothing. */
	if (put_off != 0)
		return FATE_KEEP;
	s->reason = BOUNCE_LMTP;
	if (ok != 0)
		return FATE_TAKEN;
	refuse_tell(&s->refused, BOUNCE_LMTP);
	return refuse_fate(&s->refused);
}

static enum fate end(struct sink *sink)
{
	struct smtp *s = (struct smtp *)sink;
	struct err e;
	enum fate fate = FATE_TAKEN;

	if (smtp_text_end(&s->c, &e) != ST_OK)
		return broken(s, &e);
	if (report_verbose())
		report_note("%s>. (EOM)", s->lmtp ? "LMTP" : "SMTP");
	conn_set_timeout(s->c.conn, DOT_MS);
	s->count++;
	if (s->lmtp)
		fate = lmtp_answers(s);
	else if (smtp_read(&s->c, &s->reply, &e) != ST_OK)
		return lost(s, &e);
	else if (s->reply.code / 100 != 2)
		fate = refused(s, AT_DOT);
	/* What is kept comes again, and its refusals with it. */
	if (fate == FATE_TAKEN)
		refuse_tell(&s->refused, s->reason);
	if (s->c.conn != NULL)
		conn_set_timeout(s->c.conn, COMMAND_MS);
	return fate;
}

/* What it has had is sent, and that this was not all is plain to see: there is
 * no final dot. */
static void break_off(struct sink *sink)
{
	struct smtp *s = (struct smtp *)sink;
	struct err e;

	if (s->c.conn != NULL && conn_flush(s->c.conn, &e) != ST_OK)
		report_error("%s", e.text);
	hang_up(sink);
}

const struct sink_ops sink_smtp_ops = {
	.wanted = wanted,
	.size = sizeof(struct smtp),
	.down = PS_SMTP,
	.open = start,
	.close = finish,
	.begin = begin,
	.text = text,
	.end = end,
	.abort = break_off,
};
