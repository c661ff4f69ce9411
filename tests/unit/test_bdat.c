/* test_bdat - messages in chunks, whole and in every split. RFC 3030. */

#include "tests/unit/talk.h"

#define NESTED   "503 5.5.1 Error: nested MAIL command\r\n"
#define NO_MAIL  "503 5.5.1 Error: need MAIL command\r\n"
#define NO_RCPT  "503 5.5.1 Error: need RCPT command\r\n"
#define NO_VALID "554 5.5.1 Error: no valid recipients\r\n"
#define SYNTAX   "521 5.5.4 Syntax: BDAT count [LAST]\r\n"
#define NULLREQ  "551 5.7.1 Null BDAT request\r\n"
#define CHUNK5   "250 2.0.0 Ok: 5 bytes\r\n"
#define DROPPED5 "551 5.0.0 Discarded 5 bytes after earlier error\r\n"
#define DROPPED0 "551 5.0.0 Discarded 0 bytes after earlier error\r\n"
#define AFTER(v) "503 5.5.1 Error: " v " after BDAT\r\n"
#define BEGIN    MAIL RCPT "BDAT 5\r\na: b\n"
#define BEGUN    MAILOK RCPTOK CHUNK5

/* What is said after EHLO, all at once or octet by octet. */
static const struct {
	const char *said, *replies;
	unsigned commits;
} rows[] = {
	{ BEGIN "BDAT 8 LAST\r\n\r\n.\r\nxyz",
	    BEGUN "250 2.0.0 Ok: 13 bytes queued as Q\r\n", 1 },
	{ BEGIN "BDAT 0 LAST\r\n",
	    BEGUN "250 2.0.0 Ok: 5 bytes queued as Q\r\n", 1 },
	{ MAIL RCPT "BDAT 3 last\r\n\r\nx",
	    MAILOK RCPTOK "250 2.0.0 Ok: 3 bytes queued as Q\r\n", 1 },
	/* What looks like commands in a chunk is none, and what follows is. */
	{ MAIL RCPT "BDAT 11 LAST\r\nQUIT\r\n.\r\n\r\nQUIT\r\n",
	    MAILOK RCPTOK "250 2.0.0 Ok: 11 bytes queued as Q\r\n"
			  "221 2.0.0 Bye\r\n",
	    1 },
	/* errors: the octets are read, the rest of the message too */
	{ "BDAT 5\r\nabcde", NO_RCPT, 0 },
	{ "BDAT 5\r\nabcdeBDAT 5\r\nabcdeBDAT 0 LAST\r\n" MAIL,
	    NO_RCPT DROPPED5 DROPPED0 MAILOK, 0 },
	{ "BDAT 5 LAST\r\nabcde" MAIL, NO_RCPT MAILOK, 0 },
	{ "BDAT 5\r\nabcde" MAIL RCPT, NO_RCPT AFTER("MAIL") NO_MAIL, 0 },
	{ MAIL "BDAT 5 LAST\r\nabcde" RCPT, MAILOK NO_VALID NO_MAIL, 0 },
	{ BEGIN "BDAT 0\r\n" MAIL, BEGUN NULLREQ AFTER("MAIL"), 0 },
	{ BEGIN "BDAT 0\r\nBDAT 5\r\nabcdeBDAT 0 LAST\r\nBDAT 5\r\nabcde",
	    BEGUN NULLREQ DROPPED5 DROPPED0 NO_RCPT, 0 },
	{ BEGIN MAIL RCPT, BEGUN NESTED AFTER("RCPT"), 0 },
	{ BEGIN "RSET\r\n" MAIL RCPT, BEGUN OK MAILOK RCPTOK, 0 },
	{ BEGIN "BDAT 0\r\nRSET\r\n" MAIL, BEGUN NULLREQ OK MAILOK, 0 },
	{ MAIL RCPT "BDAT\r\nNOOP\r\n", MAILOK RCPTOK SYNTAX, 0 },
	{ MAIL RCPT "BDAT x\r\n", MAILOK RCPTOK SYNTAX, 0 },
	{ MAIL RCPT "BDAT -1\r\n", MAILOK RCPTOK SYNTAX, 0 },
	{ MAIL RCPT "BDAT 3 FIRST\r\nabc", MAILOK RCPTOK SYNTAX, 0 },
	{ MAIL RCPT "BDAT 3 LAST x\r\nabc", MAILOK RCPTOK SYNTAX, 0 },
	{ MAIL RCPT "BDAT 99999999999999999999\r\n", MAILOK RCPTOK SYNTAX, 0 },
};

static void test_rows(void **state)
{
	size_t i, piece;

	(void)state;
	for (i = 0; i < NELEM(rows); i++)
		for (piece = 1; piece < 60; piece += piece < 9 ? 1 : 50) {
			struct talk t;

			defaults();
			greet(&t, SESSION_SMTP);
			arrive(&t, str_c(rows[i].said), piece);
			expect(&t, rows[i].replies);
			assert_int_equal(t.commits, rows[i].commits);
			end(&t);
		}
}

static void test_data_after(void **state)
{
	struct talk t;

	(void)state;
	defaults();
	greet(&t, SESSION_SMTP);
	say(&t, BEGIN "DATA\r\n");
	say(&t, "BDAT 0\r\n");
	say(&t, "DATA\r\n");
	expect(&t, BEGUN AFTER("DATA") NULLREQ AFTER("DATA"));
	say(&t, "EHLO c.test\r\n");
	expect(&t, EHLO_OK);
	say(&t, MAIL RCPT "DATA\r\n");
	say(&t, "X: y\r\n.\r\n");
	expect(&t, MAILOK RCPTOK GO QUEUED);
	end(&t);
}

/* message_size_limit is 1000: nothing of the chunk that exceeds it is kept. */
static void test_size(void **state)
{
	AUTO_BUF text = BUF_MAX(5000);
	struct talk t;

	(void)state;
	defaults();
	greet(&t, SESSION_SMTP);
	buf_addf(&text, MAIL RCPT "BDAT 600\r\n%0600dBDAT 400\r\n%0400d", 0, 0);
	buf_addf(&text, "BDAT 1\r\nxBDAT 600 LAST\r\n%0600dNOOP\r\n", 0);
	say(&t, buf_c(&text));
	expect(&t,
	    MAILOK RCPTOK
	    "250 2.0.0 Ok: 600 bytes\r\n250 2.0.0 Ok: 400 bytes\r\n"
	    "552 5.3.4 Chunk exceeds message size limit\r\n"
	    "551 5.0.0 Discarded 600 bytes after earlier error\r\n" OK);
	assert_int_equal(budget.used, 0);
	end(&t);
	assert_non_null(
	    strstr(logged, "BDAT request from peer.test[192.0.2.1] exceeds "));
}

static void test_storage(void **state)
{
	AUTO_BUF text = BUF_MAX(5000);
	struct talk t;

	(void)state;
	defaults();
	budget.limit = 300;
	greet(&t, SESSION_SMTP);
	buf_addf(&text, MAIL RCPT "BDAT 600\r\n\r\n%0598dBDAT 0 LAST\r\n", 0);
	say(&t, buf_c(&text));
	expect(&t,
	    MAILOK RCPTOK "452 4.3.1 Insufficient system storage\r\n" DROPPED0);
	end(&t);
}

static void test_bare_lf(void **state)
{
	struct talk t;

	(void)state;
	defaults();
	set.smtpd_forbid_bare_newline = "reject";
	greet(&t, SESSION_SMTP);
	say(&t, MAIL RCPT "BDAT 5\r\na: b\nBDAT 0 LAST\r\n");
	expect(&t,
	    MAILOK RCPTOK
	    "550 5.5.2 mx.test Error: bare <LF> received\r\n" DROPPED0);
	say(&t, MAIL RCPT "BDAT 5\r\na: b\rBDAT 1 LAST\r\n\n");
	expect(&t,
	    MAILOK RCPTOK CHUNK5 "250 2.0.0 Ok: 6 bytes queued as Q\r\n");
	end(&t);
	assert_non_null(strstr(logged,
	    ": reject: BDAT content from peer.test[192.0.2.1]: bare <LF> "
	    "received; from=<s@x.test> to=<r@x.test> proto=ESMTP "
	    "helo=<c.test>\n"));
}

static void test_not_offered(void **state)
{
	struct talk t;

	(void)state;
	defaults();
	set.smtpd_discard_ehlo_keywords = "chunking silent-discard";
	greet(&t, SESSION_SMTP);
	say(&t, MAIL RCPT "BDAT 3 LAST\r\nabc");
	expect(&t,
	    MAILOK RCPTOK "521 5.5.1 Error: command not implemented\r\n");
	assert_int_equal(t.s->wish, WISH_CLOSE);
	end(&t);
}

static void test_lmtp(void **state)
{
	struct talk t;

	(void)state;
	defaults();
	greet(&t, SESSION_LMTP);
	say(&t, MAIL RCPT RCPT "BDAT 5\r\na: b\nBDAT 0 LAST\r\n");
	expect(&t,
	    MAILOK RCPTOK RCPTOK CHUNK5
	    "250 2.0.0 <r@x.test> Ok: 5 bytes queued as Q\r\n"
	    "250 2.0.0 <r@x.test> Ok: 5 bytes queued as Q\r\n");
	say(&t, MAIL RCPT RCPT "BDAT 0\r\nBDAT 0 LAST\r\n");
	expect(&t, MAILOK RCPTOK RCPTOK NULLREQ DROPPED0 DROPPED0);
	end(&t);
}

/* A chunk of a client that must use TLS is read, and is no command. */
static void test_without_tls(void **state)
{
	struct talk t;

	(void)state;
	defaults();
	set.smtpd_use_tls = set.smtpd_enforce_tls = true;
	greet(&t, SESSION_SMTP);
	say(&t, "BDAT 6 LAST\r\nQUIT\r\nNOOP\r\n");
	expect(&t, "530 5.7.0 Must issue a STARTTLS command first\r\n" OK);
	end(&t);
}

static void test_many_tiny(void **state)
{
	struct talk t;
	int i;

	(void)state;
	defaults();
	greet(&t, SESSION_SMTP);
	say(&t, MAIL RCPT "BDAT 2\r\n\r\n");
	for (i = 0; i < 900; i++)
		say(&t, "BDAT 1\r\nx");
	buf_reset(&t.out);
	assert_in_range(budget.used, 900, 2000);
	say(&t, "BDAT 0 LAST\r\n");
	expect(&t, "250 2.0.0 Ok: 902 bytes queued as Q\r\n");
	end(&t);
}

static void test_lost(void **state)
{
	struct talk t;

	(void)state;
	defaults();
	greet(&t, SESSION_SMTP);
	say(&t, MAIL RCPT "BDAT 10\r\nabc");
	session_lost(t.s);
	end(&t);
	assert_non_null(
	    strstr(logged, "lost connection after BDAT (3 bytes) from "));
	assert_non_null(strstr(logged, " rcpt=1 bdat=0/1 commands=3/4\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_data_after),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_storage),
		cmocka_unit_test(test_bare_lf),
		cmocka_unit_test(test_not_offered),
		cmocka_unit_test(test_lmtp),
		cmocka_unit_test(test_without_tls),
		cmocka_unit_test(test_many_tiny),
		cmocka_unit_test(test_lost),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
