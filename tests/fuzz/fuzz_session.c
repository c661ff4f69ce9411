/*
 * A client's side of a dialogue. The first byte: LMTP, how many octets come at
 * a time, and who the client is; router and workers say yes to nearly all.
 */

#include "base/clock.h"
#include "tests/fuzz/fuzz.h"
#include "vdeliver/session.h"

static const struct settings set = {
	.myhostname = "mx.test",
	.mydomain = "test",
	.myorigin = "org.test",
	.mail_name = "Postfix",
	.smtpd_banner = "mx.test ESMTP Postfix",
	.syslog_name = "postfix",
	.append_at_myorigin = true,
	.swap_bangpath = true,
	.allow_percent_hack = true,
	.smtputf8_enable = true,
	.message_size_limit = 1000,
	.smtpd_recipient_limit = 3,
	.smtpd_hard_error_limit = 20,
	.smtpd_soft_error_limit = 10,
	.smtpd_error_sleep_time = 1,
	.smtpd_junk_command_limit = 100,
	.line_length_limit = 512,
	.hopcount_limit = 5,
	.smtpd_forbid_bare_newline = "normalize",
	.smtpd_forbid_bare_newline_reject_code = 550,
	.smtpd_forbid_unauth_pipelining = "yes",
	.cleanup_replace_stray_cr_lf = true,
	.message_drop_headers = "bcc",
	.message_strip_characters = "",
	.message_reject_characters = "",
	.undisclosed_recipients_header = "",
	.smtpd_discard_ehlo_keywords = "",
	.smtpd_forbidden_commands = "CONNECT GET POST",
	.vdeliver_inline_size = 100,
};

static void answer_rcpt(struct session *s)
{
	static const struct session_reply yes = { 250, "2.1.5", "Ok" };
	static const struct session_reply no = { 550, "5.1.1", "<no>: no" };

	session_resume_rcpt(s,
	    str_starts(s->rcpt.address, STR("no")) ? &no : &yes);
}

static void answer_commit(struct session *s)
{
	static const struct session_reply one = { 250, "2.0.0", "stored" };

	session_resume_commit(s, &one, 1);
}

/* Grant wishes until the session wants bytes. */
static void serve(struct session *s)
{
	for (;;) {
		buf_reset(&s->out);
		if (s->delay_ms != 0)
			session_waited(s);
		else if (s->wish == WISH_RCPT)
			answer_rcpt(s);
		else if (s->wish == WISH_COMMIT)
			answer_commit(s);
		else
			return;
	}
}

/* The session may leave bytes behind; then it gets more of them. */
static void talk(struct session *s, struct str text, size_t piece)
{
	size_t room = piece, n;

	serve(s);
	while (text.n != 0 && s->wish != WISH_CLOSE) {
		n = session_input(s, str_head(text, room));
		if (n == 0 && room >= text.n)
			break;
		room = n == 0 ? room + piece : piece;
		text = str_skip(text, n);
		serve(s);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = fuzz_input(data, size);
	unsigned flags = fuzz_byte(&text);
	const struct session_client client = { .name = "peer.test",
		.addr = "192.0.2.1",
		.local = (flags & 1) != 0,
		.trusted = (flags & 2) != 0,
		.bare_lf_ok = (flags & 4) != 0,
		.lf_dot_ok = (flags & 8) != 0 };
	struct spool_budget budget = { 0, 100000 };
	struct session_env *env = session_env_new(&set, &budget);
	struct session *s;

	clock_set_for_test(1000, 1000000000);
	s = session_new(env, &client,
	    (flags & 16) != 0 ? SESSION_LMTP : SESSION_SMTP);
	session_start(s, STR_NONE);
	talk(s, text, (flags & 32) != 0 ? 7 : size + 1);
	if (s->wish != WISH_CLOSE)
		session_lost(s);
	session_free(s);
	session_env_free(env);
	if (budget.used != 0)
		abort();
	return 0;
}
