/* test_smtp_client - commands, replies and text against a scripted peer. */

#include "tests/unit/script.h"

#include "base/macros.h"
#include "mail/smtp_client.h"

/* --- replies ------------------------------------------------------------- */

static const struct {
	const char *says;
	enum st st;
	int code;
	const char *text; /* or a part of the error */
	const char *dsn;
} replies[] = {
	{ "250 Ok\r\n", ST_OK, 250, "Ok", "" },
	{ "250 2.1.0 Ok\n", ST_OK, 250, "2.1.0 Ok", "2.1.0" },
	{ "250\r\n", ST_OK, 250, "", "" },
	{ "250 \r\n", ST_OK, 250, "", "" },
	{ "550-5.1.1 <x>: no\r\n550 5.1.1 such\r\n", ST_OK, 550,
	    "5.1.1 <x>: no\n5.1.1 such", "5.1.1" },
	{ "250-a\r\n250\r\n", ST_OK, 250, "a\n", "" },
	{ "452 4.2.2.1 x\r\n", ST_OK, 452, "4.2.2.1 x", "" },
	{ "452 9.1.1 x\r\n", ST_OK, 452, "9.1.1 x", "" },
	{ "452 4.1234567.1 x\r\n", ST_OK, 452, "4.1234567.1 x", "" },
	{ "", ST_TEMP, 0, "closed", "" },
	{ "250-a\r\n", ST_TEMP, 0, "closed", "" },
	{ "hello\r\n", ST_TEMP, 0, "no SMTP reply: \"hello\"", "" },
	{ "25\r\n", ST_TEMP, 0, "no SMTP reply", "" },
	{ "250x\r\n", ST_TEMP, 0, "no SMTP reply", "" },
	{ "999 x\r\n", ST_TEMP, 0, "no SMTP reply", "" },
	{ "099 x\r\n", ST_TEMP, 0, "no SMTP reply", "" },
	{ "\r\n", ST_TEMP, 0, "no SMTP reply", "" },
};

static void test_replies(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(replies); i++) {
		struct smtp_reply r = SMTP_REPLY;
		struct smtp_client c = { 0 };
		struct script s;
		char dsn[10];
		struct err e;

		script_begin(&s, str_c(replies[i].says), SCRIPT_CLOSES);
		c.conn = s.conn;
		if (smtp_read(&c, &r, &e) != replies[i].st)
			fail_msg("case %zu: %s", i, e.text);
		if (replies[i].st == ST_OK) {
			assert_int_equal(r.code, replies[i].code);
			assert_string_equal(buf_c(&r.text), replies[i].text);
			smtp_reply_dsn(&r, dsn);
			assert_string_equal(dsn, replies[i].dsn);
		} else {
			assert_non_null(strstr(e.text, replies[i].text));
		}
		smtp_reply_clear(&r);
		script_end(&s);
	}
}

/* A reply without end is bounded in memory and in lines. */
static void test_endless(void **state)
{
	AUTO_BUF says = BUF_MAX(1 << 20);
	struct smtp_reply r = SMTP_REPLY;
	struct smtp_client c = { 0 };
	struct script s;
	struct err e;
	int i;

	(void)state;
	for (i = 0; i < 1000; i++)
		buf_addf(&says, "250-line %d of a reply that goes on\r\n", i);
	script_begin(&s, buf_str(&says), SCRIPT_CLOSES);
	c.conn = s.conn;
	assert_int_equal(smtp_read(&c, &r, &e), ST_TEMP);
	assert_true(r.text.n <= SMTP_REPLY_MAX);
	smtp_reply_clear(&r);
	script_end(&s);
}

/* --- hello --------------------------------------------------------------- */

#define ALL (SMTP_PIPELINING | SMTP_SIZE | SMTP_8BITMIME)

static const struct {
	const char *says;
	bool lmtp;
	const char *sent;
	int code;
	unsigned features;
	uint64_t limit;
} hellos[] = {
	{ "250-h\r\n250-PIPELINING\r\n250-size 1000\r\n250 8BitMime\r\n", false,
	    "EHLO me\r\n", 250, ALL, 1000 },
	{ "250-h\r\n250-AUTH=LOGIN\r\n250 SIZE\r\n", false, "EHLO me\r\n", 250,
	    SMTP_AUTH | SMTP_SIZE, 0 },
	{ "250 PIPELINING\r\n", false, "EHLO me\r\n", 250, 0, 0 },
	{ "502 no\r\n250 h\r\n", false, "EHLO me\r\nHELO me\r\n", 250, 0, 0 },
	{ "421 busy\r\n", false, "EHLO me\r\n", 421, 0, 0 },
	{ "500 no\r\n550 no\r\n", false, "EHLO me\r\nHELO me\r\n", 550, 0, 0 },
	{ "250-h\r\n250 SMTPUTF8\r\n", true, "LHLO me\r\n", 250, SMTP_UTF8, 0 },
	{ "500 no\r\n", true, "LHLO me\r\n", 500, 0, 0 },
};

static void test_hello(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(hellos); i++) {
		struct smtp_reply r = SMTP_REPLY;
		struct smtp_client c = { .lmtp = hellos[i].lmtp };
		struct script s;
		struct err e;

		script_begin(&s, str_c(hellos[i].says), SCRIPT_CLOSES);
		c.conn = s.conn;
		assert_int_equal(smtp_hello(&c, "me", &r, &e), ST_OK);
		assert_int_equal(r.code, hellos[i].code);
		assert_int_equal(c.features, hellos[i].features);
		assert_int_equal(c.size_limit, hellos[i].limit);
		assert_string_equal(script_sent(&s), hellos[i].sent);
		smtp_client_clear(&c);
		smtp_reply_clear(&r);
		script_end(&s);
	}
}

/* --- authentication ------------------------------------------------------ */

static const struct {
	const char *says; /* after EHLO */
	enum st want;
	int code;
	const char *sent;
} auths[] = {
	{ "250-h\r\n250 AUTH PLAIN LOGIN\r\n235 ok\r\n", ST_OK, 235,
	    "AUTH PLAIN AHUAcA==\r\n" },
	{ "250-h\r\n250-AUTH LOGIN\r\n250 AUTH=LOGIN\r\n334 VXNlcg==\r\n"
	  "334 UGFzcw==\r\n235 ok\r\n",
	    ST_OK, 235, "AUTH LOGIN\r\ndQ==\r\ncA==\r\n" },
	{ "250-h\r\n250 AUTH LOGIN\r\n334 x\r\n501 given up\r\n", ST_OK, 501,
	    "AUTH LOGIN\r\n*\r\n" },
	{ "250-h\r\n250 AUTH PLAIN\r\n535 no\r\n", ST_OK, 535,
	    "AUTH PLAIN AHUAcA==\r\n" },
	{ "250-h\r\n250 AUTH GSSAPI\r\n", ST_NONE, 250, "" },
	{ "250-h\r\n250 AUTH PLAIN\r\n", ST_TEMP, 250,
	    "AUTH PLAIN AHUAcA==\r\n" },
};

/* No secret is shown. */
static void no_secret(char way UNUSED, struct str line, void *arg UNUSED)
{
	assert_true(str_search(line, STR("AHUAcA")) < 0);
	assert_true(str_search(line, STR("cA==")) < 0);
}

static void test_auth(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(auths); i++) {
		struct smtp_reply r = SMTP_REPLY;
		struct smtp_client c = { .trace = no_secret };
		struct script s;
		struct err e;

		script_begin(&s, str_c(auths[i].says), SCRIPT_CLOSES);
		c.conn = s.conn;
		assert_int_equal(smtp_hello(&c, "me", &r, &e), ST_OK);
		assert_int_equal(smtp_auth(&c, "u", "p", &r, &e),
		    auths[i].want);
		assert_int_equal(r.code, auths[i].code);
		assert_string_equal(script_sent(&s) + strlen("EHLO me\r\n"),
		    auths[i].sent);
		smtp_client_clear(&c);
		smtp_reply_clear(&r);
		smtp_client_clear(&c);
		script_end(&s);
	}
}

/* --- a transaction ------------------------------------------------------- */

static void note(char way, struct str line, void *arg)
{
	struct buf *out = arg;

	buf_addf(out, "%c%.*s|", way, STR_ARG(line));
}

static void test_transaction(void **state)
{
	AUTO_BUF seen = BUF_MAX(1000);
	struct smtp_reply r = SMTP_REPLY;
	struct smtp_client c = { .trace = note, .arg = &seen };
	struct script s;
	struct err e;

	(void)state;
	script_begin(&s, STR("250 a\r\n250 b\r\n354 c\r\n250 d\r\n"),
	    SCRIPT_CLOSES);
	c.conn = s.conn;
	/* Two that are pipelined, then their replies. */
	assert_int_equal(smtp_send(&c, &e, "MAIL FROM:<%s>", "x@y"), ST_OK);
	assert_int_equal(smtp_send(&c, &e, "RCPT TO:<%s>", "z"), ST_OK);
	assert_int_equal(conn_flush(c.conn, &e), ST_OK);
	assert_int_equal(smtp_read(&c, &r, &e), ST_OK);
	assert_int_equal(smtp_read(&c, &r, &e), ST_OK);
	assert_string_equal(buf_c(&r.text), "b");
	assert_int_equal(smtp_command(&c, &r, &e, "DATA"), ST_OK);
	smtp_text_begin(&c);
	assert_int_equal(smtp_text(&c, STR("A: b\n\n."), &e), ST_OK);
	assert_int_equal(smtp_text(&c, STR("\r\nend"), &e), ST_OK);
	assert_int_equal(smtp_text_end(&c, &e), ST_OK);
	assert_int_equal(smtp_read(&c, &r, &e), ST_OK);
	assert_string_equal(buf_c(&r.text), "d");
	assert_string_equal(script_sent(&s),
	    "MAIL FROM:<x@y>\r\nRCPT TO:<z>\r\nDATA\r\n"
	    "A: b\r\n\r\n..\r\nend\r\n.\r\n");
	assert_string_equal(buf_c(&seen),
	    ">MAIL FROM:<x@y>|>RCPT TO:<z>|<250 a|<250 b|>DATA|<354 c|<250 d|");
	smtp_reply_clear(&r);
	script_end(&s);
}

/* No address, whatever is in it, becomes two commands. */
static void test_injection(void **state)
{
	static const char *const bad[] = { "a\r\nRSET", "a\nRSET", "a\rRSET" };
	struct smtp_client c = { 0 };
	struct script s;
	struct err e;
	size_t i;

	(void)state;
	script_begin(&s, STR(""), SCRIPT_WAITS);
	c.conn = s.conn;
	for (i = 0; i < NELEM(bad); i++)
		assert_int_equal(smtp_send(&c, &e, "RCPT TO:<%s>", bad[i]),
		    ST_TEMP);
	assert_int_equal(conn_flush(c.conn, &e), ST_OK);
	assert_string_equal(script_sent(&s), "");
	script_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_endless),
		cmocka_unit_test(test_hello),
		cmocka_unit_test(test_auth),
		cmocka_unit_test(test_transaction),
		cmocka_unit_test(test_injection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
