/* session - the SMTP and LMTP dialogue: states, commands, limits. */
/* runs in: front */

/*
 *	              .--RSET, EHLO: from everywhere but DATA---.
 *	              v                                         |
 *	START -HELO-> READY -MAIL-> MAIL -RCPT ok-> RCPT -DATA-> DATA
 *	              ^             ^      `refused: stays`      |
 *	              |             `-----(also from RCPT)       | .
 *	              +<-- refused (size, hops, storage) --------+
 *	              `<-- resume_commit -- SENT (WISH_COMMIT) <-'
 *
 *	RCPT -BDAT-> CHUNK <-> BDAT: see session_bdat.c
 *
 *	any -QUIT, 421, protocol error-> END (WISH_CLOSE)
 *
 * START is left out unless smtpd_helo_required. Refusals keep the state.
 */

#include "vdeliver/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <unistr.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "vdeliver/rules.h"
#include "vdeliver/session_state.h"

/* No more commands are taken while so much waits to be sent. */
#define OUT_ENOUGH 16384
/* What one recipient may add to out: its address twice, and a text. */
#define OUT_PER_RCPT 16384
/* How much of unexpected input is logged. */
#define EARLY_LOGGED 100

/* The message, or its delivery, is under way. */
#define BUSY (IN(S_DATA) | IN(S_CHUNK) | IN(S_SENT))
#define ANY  (~(BUSY | IN(S_END)))

/* In the order of the "disconnect from" line; the last row is for the rest. */
const struct session_verb session_verbs[] = {
	{ "HELO", V_SMTP | V_LAST | V_JUNK | V_CLEAR, ANY, do_helo },
	{ "EHLO", V_SMTP | V_LAST | V_JUNK | V_CLEAR, ANY, do_ehlo },
	{ "LHLO", V_LMTP | V_LAST | V_JUNK | V_CLEAR, ANY, do_ehlo },
	{ "HELO", V_LMTP | V_CLEAR, 0, NULL },
	{ "EHLO", V_LMTP | V_CLEAR, 0, NULL },
	{ "XCLIENT", V_BOTH | V_CLEAR, ANY, do_xclient },
	{ "XFORWARD", V_BOTH, ANY, do_xforward },
	{ "STARTTLS", V_BOTH | V_LAST | V_CLEAR, ANY, do_starttls },
	{ "AUTH", V_BOTH | V_LAST, ANY, do_auth },
	{ "MAIL", V_BOTH, IN(S_READY), do_mail },
	{ "RCPT", V_BOTH, IN(S_MAIL) | IN(S_RCPT), do_rcpt },
	{ "DATA", V_BOTH | V_LAST, IN(S_RCPT), do_data },
	{ "BDAT", V_BOTH | V_CLEAR, ANY, do_bdat },
	{ "RSET", V_BOTH | V_JUNK, ANY, do_rset },
	{ "NOOP", V_BOTH | V_LAST | V_JUNK | V_CLEAR, ANY, do_noop },
	{ "VRFY", V_BOTH | V_LAST | V_JUNK, ANY, do_vrfy },
	{ "QUIT", V_BOTH | V_CLEAR, ANY, do_quit },
	{ "HELP", V_BOTH | V_CLEAR, ANY, do_help },
	{ "UNKNOWN", V_BOTH | V_CLEAR, ANY, do_unknown },
};
const size_t session_n_verbs = NELEM(session_verbs);
#define UNKNOWN (NELEM(session_verbs) - 1)
_Static_assert(NELEM(session_verbs) <= VERBS_MAX, "counts[] is too small");

/* Why a command is not legal in a state; the first row that fits counts. */
static const struct {
	const char *verb;
	unsigned in, protos;
	struct session_reply reply;
} misplaced[] = {
	/* RFC 2033 4.1 */
	{ "HELO", ~0U, V_LMTP, { 500, "5.5.1", "Error: this is LMTP: LHLO" } },
	{ "EHLO", ~0U, V_LMTP, { 500, "5.5.1", "Error: this is LMTP: LHLO" } },
	{ "MAIL", IN(S_START), V_SMTP,
	    { 503, "5.5.1", "Error: send HELO/EHLO first" } },
	{ "MAIL", IN(S_START), V_LMTP,
	    { 503, "5.5.1", "Error: send LHLO first" } },
	{ "MAIL", IN(S_BDAT_BAD), V_BOTH,
	    { 503, "5.5.1", "Error: MAIL after BDAT" } },
	{ "MAIL", ~0U, V_BOTH, { 503, "5.5.1", "Error: nested MAIL command" } },
	{ "RCPT", IN(S_BDAT), V_BOTH,
	    { 503, "5.5.1", "Error: RCPT after BDAT" } },
	{ "RCPT", ~0U, V_BOTH, { 503, "5.5.1", "Error: need MAIL command" } },
	{ "DATA", IN(S_BDAT) | IN(S_BDAT_BAD), V_BOTH,
	    { 503, "5.5.1", "Error: DATA after BDAT" } },
	{ "DATA", IN(S_MAIL), V_SMTP,
	    { 554, "5.5.1", "Error: no valid recipients" } },
	{ "DATA", IN(S_MAIL), V_LMTP,
	    { 503, "5.5.1", "Error: no valid recipients" } },
	{ "DATA", ~0U, V_BOTH, { 503, "5.5.1", "Error: need RCPT command" } },
};

/* ---- the process ------------------------------------------------------- */

struct session_env *session_env_new(const struct settings *set,
    struct spool_budget *budget)
{
	struct session_env *env = xcalloc(1, sizeof(*env));

	env->set = set;
	env->budget = budget;
	rules_address(set, &env->rules);
	env->bare_lf = str_ieqc(str_c("reject"), set->smtpd_forbid_bare_newline)
	    ? BARE_LF_REJECT
	    : BARE_LF_IS_END;
	env->pipelining_fatal =
	    !str_ieqc(str_c("no"), set->smtpd_forbid_unauth_pipelining);
	return env;
}

void session_env_free(struct session_env *env)
{
	free(env);
}

/* ---- birth and death --------------------------------------------------- */

void session_set_client(struct session *s, const struct session_client *client)
{
	struct session_state *in = s->in;

	in->name = arena_strz(&in->life, str_c(client->name));
	in->addr = arena_strz(&in->life, str_c(client->addr));
	in->peer =
	    arena_printf(&in->life, "%s[%s]", client->name, client->addr);
	in->local = client->local;
	in->trusted = client->trusted;
	in->bare_lf_ok = client->bare_lf_ok;
	in->lf_dot_ok = client->lf_dot_ok;
	in->xclient_ok = client->xclient_ok;
	in->xforward_ok = client->xforward_ok;
}

struct session *session_new(struct session_env *env,
    const struct session_client *client, enum session_proto proto)
{
	struct session *s = xcalloc(1, sizeof(*s));
	struct session_state *in = xcalloc(1, sizeof(*in));
	const struct settings *set = env->set;

	in->env = env;
	in->set = set;
	s->in = in;
	session_set_client(s, client);
	in->lmtp = proto == SESSION_LMTP;
	in->wrapped = client->tls;
	in->state = set->smtpd_helo_required ? S_START : S_READY;
	in->where = "CONNECT";
	/* A CRLF comes on top of the limit. */
	in->line = BUF_MAX((size_t)set->line_length_limit + 2);
	in->helo = BUF_MAX((size_t)set->line_length_limit);
	s->out = BUF_MAX(
	    4 * OUT_ENOUGH + OUT_PER_RCPT * (size_t)set->smtpd_recipient_limit);
	s->txn = 1;
	return s;
}

void session_free(struct session *s)
{
	if (s == NULL)
		return;
	if (s->in->started)
		session_log_end(s);
	session_mail_reset(s);
	buf_clear(&s->out);
	buf_clear(&s->in->line);
	buf_clear(&s->in->helo);
	arena_clear(&s->in->mail);
	arena_clear(&s->in->life);
	free(s->in);
	free(s);
}

static void close_now(struct session *s)
{
	s->wish = WISH_CLOSE;
	s->expects_data = false;
	s->in->state = S_END;
}

/* A 421 of our own, or the end after a fatal mistake of the client. */
static void say_and_close(struct session *s, int code, const char *dsn,
    const char *text)
{
	session_put(s, &(struct session_reply){ code, dsn, text });
	close_now(s);
}

enum state session_mail_reset(struct session *s)
{
	struct session_state *in = s->in;

	if (in->spooling) {
		cleanup_clear(&in->cleanup);
		spool_clear(&s->mail.spool);
		in->spooling = false;
	}
	s->mail = (struct session_mail){ .qid = NULL };
	s->rcpt = (struct session_rcpt){ .routed = false };
	s->expects_data = false;
	in->rcpts = NULL;
	in->rcpts_cap = 0;
	in->overshoot = 0;
	memset(&in->forward, 0, sizeof(in->forward));
	in->too_big = in->discard = in->chunked = false;
	in->bad_replies = 0;
	arena_clear(&in->mail);
	s->txn++;
	return in->set->smtpd_helo_required && in->helo.n == 0 ? S_START
							       : S_READY;
}

/* ---- one line ---------------------------------------------------------- */

static size_t find_verb(const struct session *s, struct str name)
{
	unsigned proto = s->in->lmtp ? V_LMTP : V_SMTP;
	size_t i;

	for (i = 0; i < UNKNOWN; i++)
		if ((session_verbs[i].flags & proto) &&
		    str_ieqc(name, session_verbs[i].name))
			return i;
	return UNKNOWN;
}

static void say_misplaced(struct session *s, const char *verb)
{
	unsigned proto = s->in->lmtp ? V_LMTP : V_SMTP;
	size_t i;

	for (i = 0; i < NELEM(misplaced); i++)
		if (str_eqc(str_c(verb), misplaced[i].verb) &&
		    (misplaced[i].in & IN(s->in->state)) &&
		    (misplaced[i].protos & proto)) {
			session_put(s, &misplaced[i].reply);
			return;
		}
	bug("%s has no reply for state %d", verb, (int)s->in->state);
}

/* The client did not wait for a reply that it has to wait for. RFC 2920. */
static bool is_early(struct session *s, struct str waiting)
{
	struct session_state *in = s->in;
	AUTO_BUF b = BUF_MAX(4 * EARLY_LOGGED);
	size_t i;

	if (waiting.n == 0)
		return false;
	for (i = 0; i < waiting.n && i < EARLY_LOGGED; i++) {
		char c = waiting.p[i];

		if (c == '\r' || c == '\n')
			buf_addf(&b, "\\%c", c == '\r' ? 'r' : 'n');
		else
			buf_addch(&b, c);
	}
	if (!in->early_logged)
		log_info("improper command pipelining after %s from %s: %.*s",
		    in->where, in->peer, STR_ARG(buf_str(&b)));
	in->early_logged = true;
	return in->env->pipelining_fatal;
}

/* The outcome of the command is known, unless it waits for a wish or data. */
static void count(struct session *s)
{
	struct session_state *in = s->in;

	if ((s->wish != WISH_NONE && s->wish != WISH_CLOSE) ||
	    (BUSY & IN(in->state)))
		return;
	if (in->failed)
		in->errors++;
	else if (in->counted)
		in->counts[in->verb].ok++;
	in->counted = in->failed = false;
}

/* Replies come late to a client that makes many errors. */
static void slow_down(struct session *s)
{
	const struct settings *set = s->in->set;
	int64_t seconds = set->smtpd_error_sleep_time;

	if (s->in->errors > set->smtpd_soft_error_limit)
		s->delay_ms = (int)(seconds < 3600 ? seconds : 3600) * 1000;
}

void session_settle(struct session *s, enum state next)
{
	struct session_state *in = s->in;

	in->state = next;
	if (s->wish == WISH_NONE)
		slow_down(s);
	count(s);
	if (next == S_END) {
		close_now(s);
	} else if (in->errors >= in->set->smtpd_hard_error_limit &&
	    s->wish == WISH_NONE && !(BUSY & IN(next))) {
		log_info("too many errors after %s from %s", in->where,
		    in->peer);
		session_say(s, 421, "4.7.0", "%s Error: too many errors",
		    in->set->myhostname);
		close_now(s);
	} else if (in->draining && (next == S_START || next == S_READY)) {
		session_shutdown(s);
	}
}

/* A line that is no command at all: no verb is counted for it. */
static bool is_broken(struct session *s, struct str line, struct str *trimmed)
{
	struct session_state *in = s->in;
	const char *host = in->set->myhostname;
	bool bare_lf = line.n < 2 || line.p[line.n - 2] != '\r';

	*trimmed = str_trim_right(line);
	if (in->too_long || trimmed->n > in->line.max - 2) {
		log_warn("%s: request longer than %lld: %.*s...", in->peer,
		    (long long)in->set->line_length_limit,
		    STR_ARG(str_head(*trimmed, 30)));
		session_say(s, 500, "5.5.2", "%s Error: command too long",
		    host);
	} else if (bare_lf && in->env->bare_lf == BARE_LF_REJECT &&
	    !in->bare_lf_ok) {
		session_say(s,
		    (int)in->set->smtpd_forbid_bare_newline_reject_code,
		    "5.5.2", "%s Error: bare <LF> received", host);
		session_settle(s, S_END);
		return true;
	} else if (in->set->smtputf8_enable && trimmed->n != 0 &&
	    u8_check((const uint8_t *)trimmed->p, trimmed->n) != NULL) {
		session_say(s, 500, "5.5.2", "Error: bad UTF-8 syntax");
	} else if (trimmed->n == 0) {
		session_say(s, 500, "5.5.2", "Error: bad syntax");
	} else {
		return false;
	}
	session_settle(s, in->state);
	return true;
}

/* waiting: what has already come behind the line. */
static void session_line(struct session *s, struct str line, struct str waiting)
{
	struct session_state *in = s->in;
	struct smtp_command cmd;
	const struct session_verb *v;
	enum state next = in->state;

	if (is_broken(s, line, &line))
		return;
	/* What is wrong with paths, do_mail() and do_rcpt() find out. */
	if (smtp_parse(&cmd, line) == SMTP_EMPTY)
		bug("empty command");
	in->verb = find_verb(s, cmd.verb);
	v = &session_verbs[in->verb];
	in->where = v->name;
	in->counts[in->verb].all++;
	in->counted = true;
	if ((v->flags & V_JUNK) &&
	    ++in->junk > in->set->smtpd_junk_command_limit)
		in->errors++;
	if (((v->flags & V_LAST) || !in->esmtp) && is_early(s, waiting)) {
		session_say(s, 554, "5.5.0",
		    "Error: SMTP protocol synchronization");
		next = S_END;
	} else if (in->set->smtpd_enforce_tls && !in->tls &&
	    !(v->flags & V_CLEAR)) {
		session_say(s, 530, "5.7.0",
		    "Must issue a STARTTLS command first");
	} else if (!(v->in & IN(in->state))) {
		say_misplaced(s, v->name);
	} else {
		next = v->run(s, &cmd);
	}
	session_settle(s, next);
}

/* Gather a line; run it when it is whole. Returns the bytes taken. */
static size_t line_input(struct session *s, struct str bytes)
{
	struct session_state *in = s->in;
	ptrdiff_t nl = str_find(bytes, '\n');
	size_t n = nl < 0 ? bytes.n : (size_t)nl + 1;
	struct str part = str_head(bytes, n);

	if (part.n > in->line.max - in->line.n) {
		in->too_long = true;
		part = str_head(part, in->line.max - in->line.n);
	}
	buf_add(&in->line, part);
	if (nl < 0)
		return n;
	session_line(s, buf_str(&in->line), str_skip(bytes, n));
	buf_reset(&in->line);
	in->too_long = false;
	return n;
}

/* ---- what the front calls ---------------------------------------------- */

void session_greet(struct session *s, struct str waiting)
{
	struct session_state *in = s->in;
	const struct settings *set = in->set;

	if (is_early(s, waiting))
		say_and_close(s, 554, "5.5.0",
		    "Error: SMTP protocol synchronization");
	else if (in->lmtp)
		session_say(s, 220, "", "%s LMTP %s", set->myhostname,
		    set->mail_name);
	else
		session_say(s, 220, "", "%s", set->smtpd_banner);
	in->failed = false;
}

void session_start(struct session *s, struct str waiting)
{
	s->in->started = true;
	log_info("connect from %s", s->in->peer);
	if (s->in->wrapped)
		session_ask_tls(s);
	else
		session_greet(s, waiting);
}

void session_refuse(struct session *s, const struct session_reply *reply)
{
	s->in->started = true;
	log_info("connect from %s", s->in->peer);
	session_put(s, reply);
	close_now(s);
}

size_t session_input(struct session *s, struct str bytes)
{
	size_t taken = 0;

	while (taken < bytes.n && s->wish == WISH_NONE && s->delay_ms == 0 &&
	    s->out.n < OUT_ENOUGH) {
		struct str rest = str_skip(bytes, taken);

		if (s->in->state == S_DATA)
			taken += session_data_input(s, rest);
		else if (s->in->state == S_CHUNK)
			taken += session_chunk_input(s, rest);
		else
			taken += line_input(s, rest);
	}
	return taken;
}

void session_resume_event(struct session *s, bool refused)
{
	if (s->wish != WISH_EVENT)
		bug("a verdict that nobody asked for");
	s->wish = WISH_NONE;
	if (s->event == EVENT_TLS)
		session_tls_event(s, refused);
	else
		session_mail_event(s, refused);
}

void session_waited(struct session *s)
{
	s->delay_ms = 0;
}

/* "DATA (12 bytes)" while a message comes. */
static void log_broken_off(struct session *s, const char *what)
{
	struct session_state *in = s->in;

	if (in->state == S_DATA ||
	    (in->state == S_CHUNK && s->mail.received != 0))
		log_info("%s after %s (%llu bytes) from %s", what, in->where,
		    (unsigned long long)s->mail.received, in->peer);
	else
		log_info("%s after %s from %s", what, in->where, in->peer);
}

void session_timeout(struct session *s)
{
	if (s->wish != WISH_NONE)
		return;
	log_broken_off(s, "timeout");
	session_say(s, 421, "4.4.2", "%s Error: timeout exceeded",
	    s->in->set->myhostname);
	close_now(s);
}

void session_lost(struct session *s)
{
	/* Between messages clients just go; that is not worth a line. */
	if (s->wish != WISH_CLOSE &&
	    !str_eqc(str_c("END-OF-MESSAGE"), s->in->where))
		log_broken_off(s, "lost connection");
	close_now(s);
}

void session_shutdown(struct session *s)
{
	struct session_state *in = s->in;

	in->draining = true;
	if (s->wish == WISH_NONE &&
	    (in->state == S_START || in->state == S_READY)) {
		session_say(s, 421, "4.3.2", "%s Service shutting down",
		    in->set->myhostname);
		close_now(s);
	}
}
