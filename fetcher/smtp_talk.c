/* smtp_talk - one connection to a listener. Runs in: poll child. */

#include "fetcher/smtp_talk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "fetcher/account.h"
#include "fetcher/host.h"
#include "fetcher/plugin.h"
#include "fetcher/report.h"

/* RFC 5321 4.5.3.2: at least so long, whatever the account's timeout is. */
#define COMMAND_MS 300000
#define DATA_MS    120000
#define DOT_MS     600000
/* So many RCPTs are sent before their answers are read. */
#define WINDOW 50

struct smtp_talk *smtp_talk_new(struct sink *sink)
{
	struct smtp_talk *s = xcalloc(1, sizeof(*s));

	s->sink = sink;
	s->reply.text = s->to_reply.text = BUF_MAX(SMTP_REPLY_MAX);
	s->refused.a = sink->a;
	return s;
}

static void hang_up(struct smtp_talk *s)
{
	conn_close(s->c.conn);
	s->c.conn = NULL;
	smtp_client_clear(&s->c);
	s->entry = NULL;
	s->state = TALK_CLOSED;
}

/* What was accepted is theirs; whether they like our goodbye is not our
 * concern. */
void smtp_talk_quit(struct smtp_talk *s)
{
	struct err e;

	if (s->c.conn != NULL && s->state == TALK_IDLE &&
	    smtp_command(&s->c, &s->reply, &e, "QUIT") != ST_OK)
		report_dialogue("SMTP", '<', STR("(no answer to QUIT)"));
	hang_up(s);
}

void smtp_talk_free(struct smtp_talk *s)
{
	if (s == NULL)
		return;
	smtp_talk_quit(s);
	smtp_reply_clear(&s->reply);
	smtp_reply_clear(&s->to_reply);
	refuse_clear(&s->refused);
	arena_clear(&s->arena);
	free(s);
}

static void trace(char way, struct str line, void *arg)
{
	const struct smtp_talk *s = arg;

	report_dialogue(s->lmtp ? "LMTP" : "SMTP", way, line);
}

/* --- connecting ---------------------------------------------------------- */

/* Whoever does not know us may take the mail all the same. */
static enum st log_in(struct smtp_talk *s, struct err *e)
{
	const char *user = opt_text(&s->sink->a->o, OPT_ESMTPNAME);
	const char *password = opt_text(&s->sink->a->o, OPT_ESMTPPASSWORD);
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

static bool greet(struct smtp_talk *s, struct err *e)
{
	enum st st = smtphost_begin(&s->c, &s->to, s->sink->a, e);

	if (st == ST_OK)
		st = smtp_read(&s->c, &s->reply, e);
	if (st == ST_OK && s->reply.code / 100 == 2)
		st = smtp_hello(&s->c, s->sink->hello, &s->reply, e);
	if (st == ST_OK && s->reply.code / 100 == 2)
		st = smtphost_upgrade(&s->c, &s->to, s->sink->a, s->sink->hello,
		    e);
	if (st == ST_OK && s->reply.code / 100 == 2)
		return log_in(s, e) == ST_OK;
	if (st == ST_OK)
		st = err_temp(e, "", "%d %s", s->reply.code,
		    buf_c(&s->reply.text));
	return st == ST_OK;
}

static int64_t command_ms(const struct smtp_talk *s)
{
	int64_t ms = opt_num(&s->sink->a->o, OPT_TIMEOUT) * 1000;

	return ms > COMMAND_MS ? ms : COMMAND_MS;
}

static bool connect_entry(struct smtp_talk *s, const char *entry, struct err *e)
{
	int64_t ms = opt_num(&s->sink->a->o, OPT_TIMEOUT) * 1000;
	struct plugin_to to = { s->to.host, s->to.port, ms };

	if (smtphost_parse(entry, &s->to, e) != ST_OK) {
		report_error("%s", e->text);
		return false;
	}
	s->lmtp = opt_flag(&s->sink->a->o, OPT_LMTP) || entry[0] == '/';
	s->c =
	    (struct smtp_client){ .lmtp = s->lmtp, .trace = trace, .arg = s };
	if (plugin_connect(&s->c.conn, s->sink->a, OPT_PLUGOUT, &to, e) !=
	    ST_OK) {
		plugin_tell_failed(NULL, &to, e);
		return false;
	}
	plugin_tell_connected(s->c.conn);
	conn_set_timeout(s->c.conn, command_ms(s));
	s->entry = entry;
	s->count = 0;
	s->state = TALK_IDLE;
	if (greet(s, e))
		return true;
	report_error("%s: %s", entry, e->text);
	hang_up(s);
	return false;
}

bool smtp_talk_open(struct smtp_talk *s)
{
	const struct option_item *i = opt_list(&s->sink->a->o, OPT_SMTPHOST);
	struct err e;

	s->sink->to = "localhost";
	if (i == NULL && connect_entry(s, s->sink->to, &e))
		return true;
	for (; i != NULL; i = i->next) {
		s->sink->to = i->text;
		if (connect_entry(s, i->text, &e))
			return true;
	}
	report_error("%s connect to %s failed", s->lmtp ? "LMTP" : "SMTP",
	    s->sink->to);
	return false;
}

/* Who wants TLS from the start says nothing before we do. */
static bool greets_first(const struct smtp_talk *s)
{
	return s->to.tls != SMTPHOST_TLS &&
	    opt_text(&s->sink->a->o, OPT_PLUGOUT) == NULL;
}

bool smtp_talk_open_like(struct smtp_talk *s, const struct smtp_talk *like)
{
	s->to = like->to;
	s->lmtp = like->lmtp;
	s->entry = like->entry;
	s->count = 0;
	s->c =
	    (struct smtp_client){ .lmtp = s->lmtp, .trace = trace, .arg = s };
	if (!greets_first(s) ||
	    conn_open_like(&s->c.conn, like->c.conn, command_ms(s)) != ST_OK)
		return false;
	s->state = TALK_OPENING;
	s->until = CLOCK_NEVER;
	return true;
}

bool smtp_talk_greeted(struct smtp_talk *s)
{
	struct err e;

	s->state = TALK_IDLE;
	if (greet(s, &e))
		return true;
	hang_up(s);
	return false;
}

/* --- the transaction ----------------------------------------------------- */

/* The listener hung up: the message stays, the next one gets a new one. */
static enum fate lost(struct smtp_talk *s, const struct err *e)
{
	report_error("%s", e->text);
	hang_up(s);
	return FATE_KEEP;
}

static void reset(struct smtp_talk *s)
{
	struct err e;
	struct smtp_reply r = SMTP_REPLY;

	if (smtp_command(&s->c, &r, &e, "RSET") != ST_OK)
		hang_up(s);
	smtp_reply_clear(&r);
}

/* What completes a bare name here. */
static const char *host_part(const struct smtp_talk *s)
{
	return s->to.host[0] == '/' ? "localhost" : s->to.host;
}

/* An envelope of its own, once, and without a sender who may be refused. */
static enum fate to_postmaster(struct smtp_talk *s)
{
	const char *name = host_postmaster(s->sink->a);
	struct sink_accepted *ok = &s->sink->accepted;
	char rcpt[SINK_ADDRESS];
	struct err e;

	if (ok->by_default || name[0] == '\0' || s->c.conn == NULL)
		return FATE_KEEP;
	ok->by_default = true;
	sink_address(s->sink->a, host_part(s), name, rcpt);
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
static enum fate refused(struct smtp_talk *s, enum stage at)
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

static enum st send_mail(struct smtp_talk *s, const struct sink_mail *m,
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

static enum st read_mail(struct smtp_talk *s, struct err *e)
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
static void judge(struct smtp_talk *s, size_t i, const char *rcpt)
{
	struct sink_accepted *ok = &s->sink->accepted;

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
static enum st some_rcpts(struct smtp_talk *s, const struct sink_mail *m,
    size_t from, size_t to, struct err *e)
{
	char rcpt[SINK_ADDRESS];
	enum st st = ST_OK;
	size_t i;

	for (i = from; i < to && st == ST_OK; i++) {
		sink_address(s->sink->a, host_part(s), m->rcpt[i], rcpt);
		st = smtp_send(&s->c, e, "RCPT TO:<%s>", rcpt);
	}
	if (st == ST_OK)
		st = conn_flush(s->c.conn, e);
	if (st == ST_OK)
		st = read_mail(s, e);
	for (i = from; i < to && st == ST_OK; i++) {
		sink_address(s->sink->a, host_part(s), m->rcpt[i], rcpt);
		st = smtp_read(&s->c, &s->to_reply, e);
		if (st == ST_OK)
			judge(s, i, rcpt);
	}
	return st;
}

/* MAIL and RCPTs, in one flight where PIPELINING allows it. */
static enum st envelope(struct smtp_talk *s, const struct sink_mail *m,
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
static enum fate try_postmaster(struct smtp_talk *s)
{
	const char *name = host_postmaster(s->sink->a);
	struct sink_accepted *ok = &s->sink->accepted;
	char rcpt[SINK_ADDRESS];
	struct err e;

	ok->by_default = true;
	if (name[0] == '\0') {
		reset(s);
		return refuse_fate(&s->refused);
	}
	sink_address(s->sink->a, host_part(s), name, rcpt);
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

static enum fate recipients(struct smtp_talk *s, const struct sink_mail *m)
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
	if (s->sink->accepted.n == 0)
		fate = try_postmaster(s);
	/* A listener that takes one connection at a time would have us wait
	 * for ourselves: while there is a transaction, notices wait. */
	if (fate != FATE_TAKEN)
		refuse_tell(&s->refused, BOUNCE_ADDRESSES);
	return fate;
}

static enum fate ask_for_text(struct smtp_talk *s)
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

static enum fate begin(struct smtp_talk *s, const struct sink_mail *m)
{
	enum fate fate =
	    refuse_orphaned(&s->refused) ? to_postmaster(s) : recipients(s, m);

	return fate == FATE_TAKEN ? ask_for_text(s) : fate;
}

enum fate smtp_talk_begin(struct smtp_talk *s, const struct sink_mail *m)
{
	enum fate fate;

	arena_clear(&s->arena);
	refuse_begin(&s->refused, m);
	s->refused.proto = s->lmtp ? "LMTP" : "SMTP";
	s->refused.entry = s->entry;
	s->refused.host = host_part(s);
	s->taken = arena_array(&s->arena, m->rcpt_n + 1, sizeof(*s->taken));
	s->temporary = false;
	s->reason = BOUNCE_ADDRESSES;
	fate = begin(s, m);
	s->taken_n = s->sink->accepted.n;
	if (s->state == TALK_IDLE && fate == FATE_TAKEN)
		s->state = TALK_BUSY;
	return fate;
}

void smtp_talk_keep(struct smtp_talk *s)
{
	const struct sink_mail *m = s->refused.m;
	const char **rcpt =
	    arena_array(&s->arena, m->rcpt_n + 1, sizeof(*rcpt));
	size_t i;

	for (i = 0; i < m->rcpt_n; i++)
		rcpt[i] = arena_strz(&s->arena, str_c(m->rcpt[i]));
	s->kept = *m;
	s->kept.rcpt = rcpt;
	s->kept.sender = arena_strz(&s->arena, str_c(m->sender));
	s->kept.header =
	    arena_str(&s->arena, str_head(m->header, BOUNCE_HEADER_MAX));
	s->refused.m = &s->kept;
}

static enum fate broken(struct smtp_talk *s, const struct err *e)
{
	report_error("error writing message text: %s", e->text);
	hang_up(s);
	return FATE_BROKEN;
}

enum fate smtp_talk_text(struct smtp_talk *s, struct str piece)
{
	struct err e;

	if (smtp_text(&s->c, piece, &e) != ST_OK)
		return broken(s, &e);
	return FATE_TAKEN;
}

enum fate smtp_talk_end(struct smtp_talk *s)
{
	struct err e;

	if (smtp_text_end(&s->c, &e) != ST_OK)
		return broken(s, &e);
	if (report_verbose())
		report_note("%s>. (EOM)", s->lmtp ? "LMTP" : "SMTP");
	conn_set_timeout(s->c.conn, DOT_MS);
	s->count++;
	s->state = TALK_PENDING;
	s->until = clock_deadline(DOT_MS);
	return FATE_PENDING;
}

/* RFC 2033 4.2: an answer for each recipient that was accepted. */
static enum fate lmtp_answers(struct smtp_talk *s)
{
	size_t i, put_off = 0, ok = 0;
	char rcpt[SINK_ADDRESS];
	struct err e;

	for (i = 0; i < s->taken_n; i++) {
		if (smtp_read(&s->c, &s->reply, &e) != ST_OK)
			return lost(s, &e);
		ok += s->reply.code / 100 == 2;
		if (s->reply.code / 100 == 2 || s->taken_n == 1)
			continue;
		sink_address(s->sink->a, host_part(s),
		    s->refused.m->rcpt[s->taken[i]], rcpt);
		if (refuse_is_temporary(&s->refused, s->reply.code)) {
			refuse_log(&s->refused, &s->reply);
			put_off++;
		} else {
			refuse_rcpt(&s->refused, rcpt, &s->reply);
		}
	}
	if (ok == s->taken_n)
		return FATE_TAKEN;
	if (s->taken_n == 1)
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

enum fate smtp_talk_answer(struct smtp_talk *s)
{
	enum fate fate = FATE_TAKEN;
	struct err e;

	s->state = TALK_IDLE;
	/* What came in time is there; the rest had its time before. */
	conn_set_deadline(s->c.conn, s->until);
	if (s->lmtp)
		fate = lmtp_answers(s);
	else if (smtp_read(&s->c, &s->reply, &e) != ST_OK)
		return lost(s, &e);
	else if (s->reply.code / 100 != 2)
		fate = refused(s, AT_DOT);
	/* What is kept comes again, and its refusals with it. */
	if (fate == FATE_TAKEN)
		refuse_tell(&s->refused, s->reason);
	if (s->c.conn != NULL) {
		conn_set_deadline(s->c.conn, CLOCK_NEVER);
		conn_set_timeout(s->c.conn, COMMAND_MS);
	}
	return fate;
}

/* What it has had is sent, and that this was not all is plain to see: there is
 * no final dot. */
void smtp_talk_break_off(struct smtp_talk *s)
{
	struct err e;

	if (s->c.conn != NULL && conn_flush(s->c.conn, &e) != ST_OK)
		report_error("%s", e.text);
	hang_up(s);
}
