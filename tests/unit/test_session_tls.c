/* test_session_tls - STARTTLS as the session sees it, with a scripted peer. */

#include "tests/unit/talk.h"

#define MUST   "530 5.7.0 Must issue a STARTTLS command first\r\n"
#define GOTLS  "220 2.0.0 Ready to start TLS\r\n"
#define ACTIVE "554 5.5.1 Error: TLS already active\r\n"

static const struct tls_facts facts = { .protocol = "TLSv1.3",
	.cipher = "TLS_AES_256_GCM_SHA384",
	.bits = 256,
	.algorithm_bits = 256,
	.key_exchange = "X25519",
	.signature = "ECDSA (prime256v1)",
	.digest = "SHA256" };

static void tls_defaults(void)
{
	defaults();
	set.smtpd_use_tls = true;
	set.smtpd_tls_loglevel = 1;
}

static void test_upgrade(void **state)
{
	struct talk t;

	(void)state;
	tls_defaults();
	greet(&t, SESSION_SMTP);
	say(&t, MAIL "STARTTLS x\r\n");
	expect(&t, MAILOK "501 5.5.4 Syntax: STARTTLS\r\n");
	say(&t, "STARTTLS\r\n");
	expect(&t, GOTLS);
	assert_int_equal(t.s->wish, WISH_TLS);
	/* Nothing is taken before the handshake. */
	assert_int_equal(session_input(t.s, STR("RSET\r\n")), 0);
	session_tls_started(t.s, &facts, STR_NONE);
	assert_int_equal(t.s->wish, WISH_NONE);
	say(&t, "RCPT TO:<r@x.test>\r\n");
	expect(&t, "503 5.5.1 Error: need MAIL command\r\n");
	say(&t, "STARTTLS\r\n");
	expect(&t, ACTIVE);
	say(&t, "EHLO c.test\r\n");
	expect(&t, EHLO_OK);
	say(&t, MAIL RCPT "DATA\r\n");
	say(&t, "X: y\r\n.\r\n");
	expect(&t, MAILOK RCPTOK GO QUEUED);
	end(&t);
	assert_non_null(strstr(logged,
	    "Anonymous TLS connection established from peer.test[192.0.2.1]: "
	    "TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) "
	    "key-exchange X25519 server-signature ECDSA (prime256v1) "
	    "server-digest SHA256\n"));
	assert_non_null(strstr(logged, " starttls=1/3 "));
}

static void test_offer(void **state)
{
	struct talk t;

	(void)state;
	tls_defaults();
	begin(&t, SESSION_SMTP, "");
	buf_reset(&t.out);
	say(&t, "EHLO c.test\r\n");
	expect(&t,
	    "250-mx.test\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250-VRFY\r\n"
	    "250-STARTTLS\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n"
	    "250-DSN\r\n250-SMTPUTF8\r\n250 CHUNKING\r\n");
	end(&t);
}

static void test_pipelined(void **state)
{
	struct talk t;

	(void)state;
	tls_defaults();
	greet(&t, SESSION_SMTP);
	say(&t, "STARTTLS\r\n" MAIL);
	expect(&t, "554 5.5.0 Error: SMTP protocol synchronization\r\n");
	assert_int_equal(t.s->wish, WISH_CLOSE);
	end(&t);
}

static const struct {
	const char *line, *reply;
} encrypted[] = {
	{ "MAIL FROM:<a@b.test>", MUST },
	{ "RCPT TO:<a@b.test>", MUST },
	{ "DATA", MUST },
	{ "RSET", MUST },
	{ "VRFY a", MUST },
	{ "AUTH x", MUST },
	{ "NOOP", OK },
	{ "HELO x", HELO_OK },
	{ "FOO", UNKNOWN },
	{ "STARTTLS", GOTLS },
};

static void test_encrypt(void **state)
{
	struct talk t;
	size_t i;

	(void)state;
	tls_defaults();
	set.smtpd_enforce_tls = true;
	greet(&t, SESSION_SMTP);
	for (i = 0; i < NELEM(encrypted); i++) {
		say(&t, encrypted[i].line);
		say(&t, "\r\n");
		expect(&t, encrypted[i].reply);
	}
	session_tls_started(t.s, &facts, STR_NONE);
	say(&t, MAIL);
	expect(&t, MAILOK);
	end(&t);
}

static void test_wrapped(void **state)
{
	static const char early[] = "NOOP\r\n";
	struct talk t;
	int k;

	(void)state;
	for (k = 0; k < 2; k++) {
		tls_defaults();
		client.tls = true;
		begin(&t, SESSION_SMTP, "");
		expect(&t, "");
		assert_int_equal(t.s->wish, WISH_TLS);
		session_tls_started(t.s, &facts, str_c(k == 1 ? early : ""));
		serve(&t);
		expect(&t,
		    k == 1 ? "554 5.5.0 Error: SMTP protocol "
			     "synchronization\r\n"
			   : "220 mx.test ESMTP Postfix\r\n");
		end(&t);
	}
}

static void test_failed(void **state)
{
	struct talk t;

	(void)state;
	tls_defaults();
	greet(&t, SESSION_SMTP);
	say(&t, "STARTTLS\r\n");
	session_tls_failed(t.s, "error:0A00010B:SSL routines::wrong", true);
	assert_int_equal(t.s->wish, WISH_CLOSE);
	end(&t);
	assert_non_null(strstr(logged,
	    "SSL_accept error from peer.test[192.0.2.1]: -1\n"
	    "warning: TLS library problem: error:0A00010B:SSL routines::wrong\n"
	    "lost connection after STARTTLS from peer.test[192.0.2.1]\n"
	    "disconnect from peer.test[192.0.2.1] ehlo=1 starttls=0/1 "
	    "commands=1/2\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_upgrade),
		cmocka_unit_test(test_offer),
		cmocka_unit_test(test_pipelined),
		cmocka_unit_test(test_encrypt),
		cmocka_unit_test(test_wrapped),
		cmocka_unit_test(test_failed),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
