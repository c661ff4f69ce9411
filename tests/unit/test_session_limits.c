/* test_session_limits - limits, settings and log lines of sessions. */

#include "tests/unit/talk.h"

/* Octets with CRLF count; the limit itself is allowed. */
static void test_size(void **state)
{
	size_t n;

	(void)state;
	for (n = 998; n <= 1003; n++) {
		struct talk t;
		AUTO_BUF body = BUF_MAX(2000);

		defaults();
		greet(&t, SESSION_SMTP);
		say(&t, MAIL RCPT "DATA\r\n");
		buf_addf(&body, "A: %0*d\r\n\r\n", (int)n - 7, 0);
		say(&t, buf_c(&body));
		say(&t, ".\r\n");
		expect(&t,
		    n <= 1000 ? MAILOK RCPTOK GO QUEUED
			      : MAILOK RCPTOK GO
			"552 5.3.4 Error: message file too big\r\n");
		assert_int_equal(t.s->wish, WISH_NONE);
		end(&t);
	}
}

static void test_storage(void **state)
{
	struct talk t;

	(void)state;
	defaults();
	budget.limit = 300;
	greet(&t, SESSION_SMTP);
	say(&t, "MAIL FROM:<a@b.test> SIZE=400\r\n");
	expect(&t, "452 4.3.1 Insufficient system storage\r\n");
	say(&t, MAIL RCPT "DATA\r\n");
	say(&t,
	    "A: 12345678901234567890123456789012345678901234567890"
	    "12345678901234567890123456789012345678901234567890"
	    "12345678901234567890123456789012345678901234567890"
	    "12345678901234567890123456789012345678901234567890\r\n");
	/* The memory is given back at once. */
	assert_int_equal(budget.used, 0);
	say(&t, ".\r\n");
	expect(&t,
	    MAILOK RCPTOK GO "452 4.3.1 Insufficient system storage\r\n");
	say(&t, MAIL RCPT "DATA\r\n");
	say(&t, ".\r\n");
	expect(&t, MAILOK RCPTOK GO QUEUED);
	end(&t);
}

static void test_line_length(void **state)
{
	size_t n;

	(void)state;
	for (n = 500; n <= 520; n++) {
		struct talk t;
		AUTO_BUF line = BUF_MAX(2000);

		defaults();
		begin(&t, SESSION_SMTP, "");
		buf_reset(&t.out);
		buf_addf(&line, "NOOP %0*d%s", (int)n - 5, 0,
		    n % 2 ? "\r\n" : "\n");
		say(&t, buf_c(&line));
		say(&t, "NOOP\r\n");
		expect(&t,
		    n <= 512
			? OK OK
			: "500 5.5.2 mx.test Error: command too long\r\n" OK);
		end(&t);
	}
}

static void test_recipient_limit(void **state)
{
	struct talk t;

	(void)state;
	defaults();
	greet(&t, SESSION_SMTP);
	say(&t, MAIL RCPT "RCPT TO:<no@x.test>\r\n" RCPT RCPT RCPT);
	expect(&t,
	    MAILOK RCPTOK "550 5.1.1 <no>: User unknown\r\n" RCPTOK RCPTOK
			  "452 4.5.3 Error: too many recipients\r\n");
	end(&t);
	assert_non_null(strstr(logged, "rcpt=4/5"));
}

/* Who goes on after it was told so often enough is an error's worth each time:
 * each address takes memory as long as the transaction lasts. */
static void test_recipient_overshoot(void **state)
{
	struct talk t;
	int i;

	(void)state;
	defaults();
	set.smtpd_recipient_overshoot_limit = 3;
	set.smtpd_hard_error_limit = 2;
	set.smtpd_soft_error_limit = 100;
	greet(&t, SESSION_SMTP);
	say(&t, MAIL RCPT RCPT RCPT);
	for (i = 0; i < 4; i++)
		say(&t, RCPT);
	assert_int_equal(t.s->wish, WISH_NONE);
	say(&t, RCPT);
	assert_int_equal(t.s->wish, WISH_CLOSE);
	end(&t);
}

static void test_error_limits(void **state)
{
	struct talk t;
	int i;

	(void)state;
	defaults();
	set.smtpd_hard_error_limit = 5;
	set.smtpd_soft_error_limit = 2;
	greet(&t, SESSION_SMTP);
	for (i = 0; i < 4; i++)
		say(&t, "FOO\r\n");
	expect(&t, UNKNOWN UNKNOWN UNKNOWN UNKNOWN);
	/* Only what exceeds the soft limit is delayed. */
	assert_int_equal(t.waits, 1);
	assert_int_equal(t.s->wish, WISH_NONE);
	say(&t, "FOO\r\n");
	expect(&t, UNKNOWN "421 4.7.0 mx.test Error: too many errors\r\n");
	assert_int_equal(t.s->wish, WISH_CLOSE);
	end(&t);
	assert_non_null(strstr(logged,
	    "too many errors after UNKNOWN from peer.test[192.0.2.1]\n"));
	/* A message that was taken forgives. */
	greet(&t, SESSION_SMTP);
	for (i = 0; i < 4; i++)
		say(&t, "FOO\r\n");
	say(&t, MAIL RCPT "DATA\r\n");
	say(&t, ".\r\n");
	for (i = 0; i < 4; i++)
		say(&t, "FOO\r\n");
	assert_int_equal(t.s->wish, WISH_NONE);
	end(&t);
}

static void test_junk_limit(void **state)
{
	struct talk t;
	int i;

	(void)state;
	defaults();
	set.smtpd_junk_command_limit = 3;
	set.smtpd_hard_error_limit = 2;
	greet(&t, SESSION_SMTP); /* the first one */
	for (i = 0; i < 3; i++)
		say(&t, "NOOP\r\n");
	assert_int_equal(t.s->wish, WISH_NONE);
	say(&t, "RSET\r\n");
	expect(&t, OK OK OK OK "421 4.7.0 mx.test Error: too many errors\r\n");
	end(&t);
}

static void test_soft_bounce(void **state)
{
	struct talk t;

	(void)state;
	defaults();
	set.soft_bounce = true;
	greet(&t, SESSION_SMTP);
	say(&t, MAIL "RCPT TO:<no@x.test>\r\nFOO\r\nRCPT TO:<>\r\n");
	expect(&t,
	    MAILOK "450 4.1.1 <no>: User unknown\r\n"
		   "400 4.5.2 Error: command not recognized\r\n"
		   "401 4.1.3 Bad recipient address syntax\r\n");
	end(&t);
	assert_non_null(strstr(logged,
	    "reject: RCPT from "
	    "peer.test[192.0.2.1]: 450 4.1.1 "));
}

static void test_helo_required(void **state)
{
	struct talk t;

	(void)state;
	defaults();
	set.smtpd_helo_required = true;
	begin(&t, SESSION_SMTP, "");
	buf_reset(&t.out);
	say(&t, MAIL);
	say(&t, "RSET\r\n");
	say(&t, MAIL);
	say(&t, "HELO x\r\n");
	say(&t, MAIL);
	say(&t, "RSET\r\n");
	say(&t, MAIL);
	expect(&t,
	    "503 5.5.1 Error: send HELO/EHLO first\r\n" OK
	    "503 5.5.1 Error: send HELO/EHLO first\r\n" HELO_OK MAILOK OK
		MAILOK);
	end(&t);
}

static void test_keywords(void **state)
{
	struct talk t;

	(void)state;
	defaults();
	set.smtpd_discard_ehlo_keywords = "dsn, SIZE";
	set.smtputf8_enable = false;
	set.disable_vrfy_command = true;
	begin(&t, SESSION_SMTP, "");
	buf_reset(&t.out);
	say(&t, "EHLO x\r\n");
	expect(&t,
	    "250-mx.test\r\n250-PIPELINING\r\n"
	    "250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n"
	    "250 CHUNKING\r\n");
	assert_non_null(strstr(logged, "discarding EHLO keywords: SIZE DSN\n"));
	say(&t, "VRFY x\r\n");
	say(&t, "MAIL FROM:<a@b.test> RET=FULL\r\n");
	say(&t, "MAIL FROM:<a@b.test> SMTPUTF8\r\n");
	expect(&t,
	    "502 5.5.1 VRFY command is disabled\r\n"
	    "555 5.5.4 Unsupported option: RET=FULL\r\n"
	    "555 5.5.4 Unsupported option: SMTPUTF8\r\n");
	end(&t);
	defaults();
	set.message_size_limit = 0;
	begin(&t, SESSION_SMTP, "");
	say(&t, "EHLO x\r\n");
	assert_non_null(strstr(buf_c(&t.out), "\r\n250-SIZE\r\n"));
	end(&t);
}

static void test_qids_differ(void **state)
{
	struct talk t;
	char last[16] = "";
	int i;

	(void)state;
	defaults();
	clock_set_for_test(0, 1000);
	greet(&t, SESSION_SMTP);
	for (i = 0; i < 50; i++) {
		say(&t, MAIL RCPT);
		assert_true(strcmp(last, t.s->mail.qid) != 0);
		snprintf(last, sizeof(last), "%s", t.s->mail.qid);
		say(&t, "DATA\r\n");
		say(&t, ".\r\n");
	}
	clock_set_for_test(0, -1);
	end(&t);
}

#define PEER " from peer.test[192.0.2.1]"

static void test_log_lines(void **state)
{
	struct talk t;
	char *qid;

	(void)state;
	defaults();
	greet(&t, SESSION_SMTP);
	say(&t,
	    "MAIL FROM:<s@x.test> SIZE=2000\r\n" MAIL
	    "RCPT TO:<no@x.test>\r\nRCPT TO:<@>\r\nVRFY no\r\n");
	assert_string_equal(logged,
	    "connect" PEER "\n"
	    "NOQUEUE: reject: MAIL" PEER
	    ": 552 5.3.4 Message size exceeds fixed limit; "
	    "from=<s@x.test> proto=ESMTP helo=<c.test>\n"
	    "NOQUEUE: reject: RCPT" PEER ": 550 5.1.1 <no>: User unknown; "
	    "from=<s@x.test> to=<no@x.test> proto=ESMTP helo=<c.test>\n"
	    "warning: Illegal address syntax" PEER " in RCPT command: <@>\n"
	    "NOQUEUE: reject: VRFY" PEER ": 550 5.1.1 <no>: User unknown; "
	    "from=<s@x.test> to=<no> proto=ESMTP helo=<c.test>\n");
	logged[0] = '\0';
	say(&t, RCPT);
	qid = strdup(t.s->mail.qid);
	assert_memory_equal(logged, qid, 12);
	assert_string_equal(logged + 12, ": client=peer.test[192.0.2.1]\n");
	logged[0] = '\0';
	say(&t, "RCPT TO:<no@x.test>\r\n");
	assert_memory_equal(logged, qid, 12);
	free(qid);
	say(&t, "DATA\r\n");
	say(&t, "A: b\r\n..c\r\n");
	logged[0] = '\0';
	session_lost(t.s);
	end(&t);
	assert_string_equal(logged,
	    "lost connection after DATA (10 bytes)" PEER "\n"
	    "disconnect" PEER " ehlo=1 mail=1/2 rcpt=1/4 data=0/1 "
	    "vrfy=0/1 commands=3/9\n");
}

static void test_timeout(void **state)
{
	struct talk t;

	(void)state;
	defaults();
	greet(&t, SESSION_SMTP);
	say(&t, MAIL RCPT "DATA\r\n");
	say(&t, "A: b\r\n");
	buf_reset(&t.out);
	logged[0] = '\0';
	session_timeout(t.s);
	serve(&t);
	expect(&t, "421 4.4.2 mx.test Error: timeout exceeded\r\n");
	assert_int_equal(t.s->wish, WISH_CLOSE);
	session_lost(t.s);
	end(&t);
	assert_string_equal(logged,
	    "timeout after DATA (6 bytes)" PEER "\n"
	    "disconnect" PEER " ehlo=1 mail=1 rcpt=1 data=0/1 "
	    "commands=3/4\n");
}

/* The client vanishes while a question is open, or after its message. */
static void test_lost_while_waiting(void **state)
{
	struct talk t;

	(void)state;
	defaults();
	greet(&t, SESSION_SMTP);
	(void)!session_input(t.s, STR(MAIL RCPT));
	assert_int_equal(t.s->wish, WISH_RCPT);
	session_lost(t.s);
	end(&t);
	assert_non_null(strstr(logged, "lost connection after RCPT" PEER));
	logged[0] = '\0';
	greet(&t, SESSION_SMTP);
	say(&t, MAIL RCPT "DATA\r\n");
	(void)!session_input(t.s, STR(".\r\n"));
	assert_int_equal(t.s->wish, WISH_COMMIT);
	assert_true(budget.used > 0);
	session_lost(t.s);
	end(&t);
	assert_null(strstr(logged, "lost connection"));
}

static void test_shutdown(void **state)
{
	struct talk t;

	(void)state;
	defaults();
	greet(&t, SESSION_SMTP);
	session_shutdown(t.s);
	serve(&t);
	expect(&t, "421 4.3.2 mx.test Service shutting down\r\n");
	assert_int_equal(t.s->wish, WISH_CLOSE);
	end(&t);
	greet(&t, SESSION_SMTP);
	say(&t, MAIL RCPT);
	session_shutdown(t.s);
	say(&t, "DATA\r\n");
	say(&t, ".\r\n");
	expect(&t,
	    MAILOK RCPTOK GO QUEUED
	    "421 4.3.2 mx.test Service shutting down\r\n");
	end(&t);
}

static void test_refuse(void **state)
{
	struct talk t = { .out = BUF_MAX(1000), .stored = BUF_MAX(10) };

	(void)state;
	defaults();
	t.env = session_env_new(&set, &budget);
	t.s = session_new(t.env, &client, SESSION_SMTP);
	session_refuse(t.s,
	    &(struct session_reply){ 421, "4.7.0",
		"mx.test Error: too many connections from 192.0.2.1" });
	serve(&t);
	expect(&t,
	    "421 4.7.0 mx.test Error: too many connections from "
	    "192.0.2.1\r\n");
	assert_int_equal(t.s->wish, WISH_CLOSE);
	end(&t);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_storage),
		cmocka_unit_test(test_line_length),
		cmocka_unit_test(test_recipient_limit),
		cmocka_unit_test(test_recipient_overshoot),
		cmocka_unit_test(test_error_limits),
		cmocka_unit_test(test_junk_limit),
		cmocka_unit_test(test_soft_bounce),
		cmocka_unit_test(test_helo_required),
		cmocka_unit_test(test_keywords),
		cmocka_unit_test(test_qids_differ),
		cmocka_unit_test(test_log_lines),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_lost_while_waiting),
		cmocka_unit_test(test_shutdown),
		cmocka_unit_test(test_refuse),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
