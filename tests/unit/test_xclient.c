/* test_xclient - XCLIENT and XFORWARD. */

#include "tests/unit/talk.h"

#define BANNER    "220 mx.test ESMTP Postfix\r\n"
#define DENIED    "550 5.7.0 Error: insufficient authorization\r\n"
#define BUSY      "503 5.5.1 Error: MAIL transaction in progress\r\n"
#define BAD(w)    "501 5.5.4 Bad " w "\r\n"
#define EXPECTED  "501 5.5.4 Error: attribute=value expected\r\n"
#define SYNTAX(v) "501 5.5.4 Syntax: " v " attribute=value...\r\n"

/* What is said after EHLO by somebody who may, and the end of the log. */
static const struct {
	const char *said, *replies, *log;
} rows[] = {
	{ "XCLIENT\r\n", SYNTAX("XCLIENT"), " xclient=0/1 " },
	{ "XCLIENT FOO=x\r\n", BAD("XCLIENT attribute name: FOO"), "" },
	{ "XCLIENT FOO\r\n", EXPECTED, "" },
	{ "XCLIENT ADDR=x\r\n", BAD("ADDR syntax: x"), "" },
	{ "XCLIENT NAME=-\r\n", BAD("NAME syntax: -"), "" },
	{ "XCLIENT PORT=0\r\n", BAD("PORT syntax: 0"), "" },
	{ "XCLIENT PORT=25 PROTO=FOO\r\n", BAD("PROTO syntax: FOO"), "" },
	{ "XCLIENT DESTADDR=x\r\n", BAD("DESTADDR syntax: x"), "" },
	{ "XCLIENT SOURCE=LOCAL\r\n", BAD("XCLIENT attribute name: SOURCE"),
	    "" },
	{ MAIL "XCLIENT ADDR=192.0.2.9\r\n", MAILOK BUSY, "" },
	{ "XCLIENT NAME=ext.test ADDR=192.0.2.9\r\n" MAIL RCPT,
	    BANNER MAILOK RCPTOK, ": client=ext.test[192.0.2.9]\n" },
	{ "XCLIENT ADDR=IPV6:2001:db8::1 NAME=[TEMPUNAVAIL]\r\n" MAIL RCPT,
	    BANNER MAILOK RCPTOK, ": client=unknown[2001:db8::1]\n" },
	{ "XCLIENT ADDR=[UNAVAILABLE]\r\n" MAIL RCPT, BANNER MAILOK RCPTOK,
	    ": client=peer.test[unknown]\n" },
	{ "XCLIENT LOGIN=joe+40x\r\n" MAIL RCPT, BANNER MAILOK RCPTOK,
	    ", sasl_method=XCLIENT, sasl_username=joe@x\n" },
	/* All of it or nothing. */
	{ "XCLIENT NAME=ext.test ADDR=x\r\n" MAIL RCPT,
	    BAD("ADDR syntax: x") MAILOK RCPTOK,
	    ": client=peer.test[192.0.2.1]\n" },
	{ "XCLIENT HELO=a+20b\r\n" MAIL "RCPT TO:<no@x.test>\r\n",
	    BANNER MAILOK "550 5.1.1 <no>: User unknown\r\n", " helo=<a b>\n" },
	{ "XFORWARD\r\n", SYNTAX("XFORWARD"), " xforward=0/1 " },
	{ "XFORWARD NAME\r\n", EXPECTED, "" },
	{ "XFORWARD FOO=bar\r\n", BAD("XFORWARD attribute name: FOO"), "" },
	{ "XFORWARD SOURCE=x\r\n", BAD("SOURCE syntax: x"), "" },
	{ "XFORWARD LOGIN=x\r\n", BAD("XFORWARD attribute name: LOGIN"), "" },
	{ MAIL "XFORWARD NAME=x\r\n", MAILOK BUSY, "" },
	{ "XFORWARD PROTO=FOO\r\nXFORWARD IDENT=ABC HELO=x+\r\n"
	  "XFORWARD NAME=a.b ADDR=192.0.2.3 SOURCE=REMOTE PORT=25\r\n" MAIL
		RCPT,
	    OK OK OK MAILOK RCPTOK,
	    ": client=peer.test[192.0.2.1], orig_queue_id=ABC, "
	    "orig_client=a.b[192.0.2.3]\n" },
	{ "XFORWARD NAME=[UNAVAILABLE] ADDR=[UNAVAILABLE]\r\n" MAIL RCPT,
	    OK MAILOK RCPTOK,
	    ": client=peer.test[192.0.2.1], orig_client=unknown\n" },
	/* It is for one message. */
	{ "XFORWARD NAME=a.b\r\n" MAIL "RSET\r\n" MAIL RCPT,
	    OK MAILOK OK MAILOK RCPTOK, ": client=peer.test[192.0.2.1]\n" },
};

static void test_rows(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		struct talk t;

		defaults();
		client.xclient_ok = client.xforward_ok = true;
		greet(&t, SESSION_SMTP);
		say(&t, rows[i].said);
		expect(&t, rows[i].replies);
		end(&t);
		if (strstr(logged, rows[i].log) == NULL)
			fail_msg("no \"%s\" in %s", rows[i].log, logged);
	}
}

static void test_denied(void **state)
{
	struct talk t;

	(void)state;
	defaults();
	begin(&t, SESSION_SMTP, "");
	buf_reset(&t.out);
	say(&t, "EHLO c.test\r\n");
	expect(&t, EHLO_OK);
	say(&t, "XCLIENT ADDR=192.0.2.9\r\nXFORWARD NAME=x\r\nXCLIENT\r\n");
	expect(&t, DENIED DENIED DENIED);
	end(&t);
}

/* Whoever it is now may say no more than that one may. */
static void test_gives_up(void **state)
{
	struct talk t;

	(void)state;
	defaults();
	client.xclient_ok = true;
	greet(&t, SESSION_SMTP);
	client.xclient_ok = false;
	say(&t, "XCLIENT ADDR=192.0.2.9\r\nXCLIENT ADDR=192.0.2.1\r\n");
	expect(&t, BANNER DENIED);
	say(&t, "EHLO c.test\r\n");
	expect(&t, EHLO_OK);
	end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_denied),
		cmocka_unit_test(test_gives_up),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
