/* session_data - the message: from DATA's line to the last reply. */
/* runs in: front */

#include <stdio.h>

#include "base/log.h"
#include "vdeliver/session_state.h"

void session_message_begin(struct session *s)
{
	struct session_state *in = s->in;
	const struct session_rcpt *only =
	    s->mail.n_rcpts == 1 ? &s->mail.rcpts[0] : NULL;

	in->origin = (struct cleanup_origin){
		.qid = s->mail.qid,
		.sender = s->mail.sender,
		.helo = buf_str(&in->helo),
		.client_name = in->name,
		.client_addr = in->addr,
		.proto = in->proto,
		.tls = in->tls_trace,
		.rcpt = only != NULL ? only->original : STR_NONE,
		.local = session_is_local(in),
		.lax_cr = in->bare_lf_ok,
	};
	spool_init(&s->mail.spool, in->env->budget,
	    (size_t)in->set->vdeliver_inline_size);
	cleanup_init(&in->cleanup, in->set, &in->origin, &s->mail.spool);
	smtp_data_init(&in->data, in->lf_dot_ok);
	in->spooling = true;
	in->chunked = !str_eqc(str_c(in->where), "DATA");
}

enum state do_data(struct session *s, const struct smtp_command *cmd)
{
	if (cmd->arg.n != 0) {
		session_say(s, 501, "5.5.4", "Syntax: DATA");
		return s->in->state;
	}
	session_message_begin(s);
	s->expects_data = true;
	session_say(s, 354, "", "End data with <CR><LF>.<CR><LF>");
	return S_DATA;
}

static bool has_bare_lf(const struct session_state *in)
{
	return in->data.bare_lf && in->env->bare_lf == BARE_LF_REJECT &&
	    !in->bare_lf_ok;
}

/* What cannot be kept is read all the same, but takes no memory. */
void session_message_add(struct session *s, struct str bytes)
{
	struct session_state *in = s->in;
	int64_t limit = in->set->message_size_limit;

	s->mail.received += bytes.n;
	if (limit > 0 && s->mail.received > (uint64_t)limit && !in->too_big) {
		in->too_big = true;
		spool_clear(&s->mail.spool);
	}
	if (in->too_big || in->discard || in->cleanup.st != ST_OK)
		return;
	cleanup_data(&in->cleanup, bytes);
	in->discard = has_bare_lf(in);
	if (in->cleanup.st != ST_OK)
		spool_clear(&s->mail.spool);
}

/* The same reply for the message, or in LMTP for each recipient. */
static void reply_all(struct session *s, const struct session_reply *r)
{
	size_t i, n = s->in->lmtp ? s->mail.n_rcpts : 1;

	for (i = 0; i < n; i++)
		session_put(s, r);
}

static struct session_reply bare_lf_reply(struct session *s, const char *where)
{
	struct session_state *in = s->in;

	session_log_reject(s, where, s->mail.rcpts[0].original,
	    "bare <LF> received");
	snprintf(in->text, sizeof(in->text), "%s Error: bare <LF> received",
	    in->set->myhostname);
	return (struct session_reply){
		(int)in->set->smtpd_forbid_bare_newline_reject_code, "5.5.2",
		in->text
	};
}

static const struct session_reply no_space = { 452, "4.3.1",
	"Insufficient system storage" };

bool session_message_bad(struct session *s, struct session_reply *why)
{
	struct session_state *in = s->in;

	if (has_bare_lf(in)) {
		*why = bare_lf_reply(s, "BDAT content");
		return true;
	}
	if (in->cleanup.st == ST_OK)
		return false;
	log_warn("%s: %s", s->mail.qid, in->cleanup.err.text);
	*why = no_space;
	return true;
}

/* The end of the message: refuse it, or ask for its delivery. */
enum state session_message_end(struct session *s)
{
	static const struct session_reply too_big = { 552, "5.3.4",
		"Error: message file too big" };
	struct session_state *in = s->in;
	struct session_reply why;
	struct err e = { .dsn = "" };
	enum st st;

	in->where = "END-OF-MESSAGE";
	s->expects_data = false;
	if (in->too_big) {
		log_warn("%s: queue file size limit exceeded", s->mail.qid);
		reply_all(s, &too_big);
		return session_mail_reset(s);
	}
	if (has_bare_lf(in)) {
		why = bare_lf_reply(s, "END-OF-MESSAGE");
		reply_all(s, &why);
		return session_mail_reset(s);
	}
	st = cleanup_end(&in->cleanup, &e);
	if (st == ST_OK) {
		s->wish = WISH_COMMIT;
		return S_SENT;
	}
	if (st == ST_TEMP) {
		log_warn("%s: %s", s->mail.qid, e.text);
		reply_all(s, &no_space);
	} else {
		why = (struct session_reply){ 550, e.dsn, e.text };
		if (strcmp(e.dsn, "5.4.0") == 0) /* a loop, not the content */
			why.code = 554;
		reply_all(s, &why);
	}
	return session_mail_reset(s);
}

size_t session_data_input(struct session *s, struct str bytes)
{
	struct session_state *in = s->in;
	size_t taken = 0;
	struct str out;

	while (!in->data.done && taken < bytes.n) {
		taken += smtp_data(&in->data, str_skip(bytes, taken), &out);
		if (out.n != 0)
			session_message_add(s, out);
	}
	if (in->data.done)
		session_settle(s, session_message_end(s));
	return taken;
}

/* A recipient's outcome. The text of success is ours: log readers parse it. */
static void put_outcome(struct session *s, const struct session_reply *r,
    const struct session_rcpt *rcpt)
{
	char size[40] = "";

	if (s->in->chunked)
		snprintf(size, sizeof(size), "%llu bytes ",
		    (unsigned long long)s->mail.received);
	if (r->code / 100 != 2)
		session_put(s, r);
	else if (s->in->lmtp)
		session_say(s, 250, "2.0.0", "<%.*s> Ok: %squeued as %s",
		    STR_ARG(rcpt->original), size, s->mail.qid);
	else
		session_say(s, 250, "2.0.0", "Ok: %squeued as %s", size,
		    s->mail.qid);
}

void session_resume_commit(struct session *s,
    const struct session_reply *replies, size_t n)
{
	struct session_state *in = s->in;
	size_t i, want = in->lmtp ? s->mail.n_rcpts : 1;
	bool closing = false;

	if (s->wish != WISH_COMMIT || (n != want && n != 1))
		bug("%zu answers for %zu recipients", n, want);
	s->wish = WISH_NONE;
	for (i = 0; i < want; i++) {
		const struct session_reply *r = &replies[n == 1 ? 0 : i];

		put_outcome(s, r, &s->mail.rcpts[i]);
		closing |= r->code == 421;
	}
	if (!in->failed)
		in->errors = in->junk = 0;
	session_settle(s, closing ? S_END : session_mail_reset(s));
}
