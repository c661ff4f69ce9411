/*
 * A client's side of a dialogue. The first byte: LMTP, how many octets come at
 * a time, who the client is, and whether a second byte follows, which says what
 * the server offers and how the router, the workers and TLS answer. TLS itself
 * is elsewhere: a handshake here is one word.
 */

#include "base/clock.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/session_settings.h"
#include "vdeliver/session.h"

enum first {
	F_LOCAL = 1,
	F_TRUSTED = 2,
	F_BARE_LF = 4,
	F_LF_DOT = 8,
	F_LMTP = 16,
	F_PIECES = 32,
	F_SECOND = 64,
};

enum second {
	F_XCLIENT = 1, /* may say who it is */
	F_TLS = 2,     /* STARTTLS is offered */
	F_MUST = 4,    /* and required */
	F_WRAPPED = 8,
	F_RATES = 16,  /* the router is asked about each MAIL and handshake */
	F_OVER = 32,   /* and says no */
	F_FAILS = 64,  /* no message can be stored, no handshake succeeds */
	F_REJECT = 128 /* bare newlines */
};

static void answer_rcpt(struct session *s)
{
	static const struct session_reply yes = { 250, "2.1.5", "Ok" };
	static const struct session_reply no = { 550, "5.1.1", "<no>: no" };

	session_resume_rcpt(s,
	    str_starts(s->rcpt.address, STR("no")) ? &no : &yes);
}

static void answer_commit(struct session *s, unsigned how)
{
	static const struct session_reply one = { 250, "2.0.0", "stored" },
					  no = { 451, "4.3.0", "no" };

	session_resume_commit(s, how & F_FAILS ? &no : &one, 1);
}

static void answer_xclient(struct session *s, unsigned how)
{
	static const struct session_reply no = { 421, "4.7.0", "crowd" };
	const struct session_client c = { .name = s->claim.name,
		.addr = s->claim.addr,
		.xclient_ok = true };

	session_resume_xclient(s, &c, how & F_OVER ? &no : NULL);
}

/* False: the session is over. */
static bool answer_tls(struct session *s, unsigned how)
{
	static const struct tls_facts facts = { .protocol = "TLSv1.3",
		.cipher = "X" };

	if (how & F_FAILS) {
		session_tls_failed(s, "no", true);
		return false;
	}
	session_tls_started(s, &facts, STR_NONE);
	return true;
}

/* Grant wishes until the session wants bytes. */
static void serve(struct session *s, unsigned how)
{
	for (;;) {
		buf_reset(&s->out);
		if (s->delay_ms != 0)
			session_waited(s);
		else if (s->wish == WISH_RCPT)
			answer_rcpt(s);
		else if (s->wish == WISH_COMMIT)
			answer_commit(s, how);
		else if (s->wish == WISH_EVENT)
			session_resume_event(s, (how & F_OVER) != 0);
		else if (s->wish == WISH_XCLIENT)
			answer_xclient(s, how);
		else if (s->wish != WISH_TLS || !answer_tls(s, how))
			return;
	}
}

/* The session may leave bytes behind; then it gets more of them. */
static void talk(struct session *s, struct str text, size_t piece, unsigned how)
{
	size_t room = piece, n;

	serve(s, how);
	while (text.n != 0 && s->wish != WISH_CLOSE) {
		n = session_input(s, str_head(text, room));
		if (n == 0 && room >= text.n)
			break;
		room = n == 0 ? room + piece : piece;
		text = str_skip(text, n);
		serve(s, how);
	}
}

static void configure(struct settings *set, unsigned how)
{
	*set = session_settings;
	set->smtpd_use_tls = (how & F_TLS) != 0;
	set->smtpd_enforce_tls = (how & F_MUST) != 0;
	set->smtpd_tls_received_header = true;
	if (how & F_RATES) {
		set->smtpd_client_message_rate_limit = 1;
		set->smtpd_client_new_tls_session_rate_limit = 1;
	}
	if (how & F_REJECT)
		set->smtpd_forbid_bare_newline = "reject";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = fuzz_input(data, size);
	unsigned flags = fuzz_byte(&text);
	unsigned how = flags & F_SECOND ? fuzz_byte(&text) : 0;
	const struct session_client client = { .name = "peer.test",
		.addr = "192.0.2.1",
		.local = (flags & F_LOCAL) != 0,
		.trusted = (flags & F_TRUSTED) != 0,
		.tls = (how & F_WRAPPED) != 0,
		.xclient_ok = (how & F_XCLIENT) != 0,
		.xforward_ok = (how & F_XCLIENT) != 0,
		.bare_lf_ok = (flags & F_BARE_LF) != 0,
		.lf_dot_ok = (flags & F_LF_DOT) != 0 };
	struct spool_budget budget = { 0, 100000 };
	struct settings set;
	struct session_env *env;
	struct session *s;

	configure(&set, how);
	env = session_env_new(&set, &budget);
	clock_set_for_test(1000, 1000000000);
	s = session_new(env, &client,
	    flags & F_LMTP ? SESSION_LMTP : SESSION_SMTP);
	session_start(s, STR_NONE);
	talk(s, text, flags & F_PIECES ? 7 : size + 1, how);
	if (s->wish != WISH_CLOSE)
		session_lost(s);
	session_free(s);
	session_env_free(env);
	if (budget.used != 0)
		abort();
	return 0;
}
