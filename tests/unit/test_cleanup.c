/* test_cleanup - what is stored for what was sent. */

#include "tests/unit/unit.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "vdeliver/cleanup.h"

#define TOP                                                   \
	"Received: from helo.test (peer.test [192.0.2.1])\n"  \
	"\tby mx.test (Postfix) with ESMTP id 0123456789AB\n" \
	"\tfor <r@d.test>; Tue, 24 Nov 2026 03:04:45 +0000 (UTC)\n"
#define ADDED_ID   "Message-Id: <20261124030445.0123456789AB@mx.test>\n"
#define ADDED_DATE "Date: Tue, 24 Nov 2026 03:04:45 +0000 (UTC)\n"
#define ADDED_FROM "From: s@d.test\n"
#define ADDED      ADDED_ID ADDED_DATE ADDED_FROM

static struct settings set;
static struct spool_budget budget = { 0, 1 << 20 };
static char logged[4000];

static void sink(enum log_level level, const char *tag, const char *line,
    void *arg)
{
	size_t n = strlen(logged);

	(void)level;
	(void)arg;
	snprintf(logged + n, sizeof(logged) - n, "%s: %s\n", tag, line);
}

static void defaults(void)
{
	set = (struct settings){
		.myhostname = "mx.test",
		.mail_name = "Postfix",
		.syslog_name = "postfix",
		.message_drop_headers =
		    "bcc, content-length, resent-bcc, return-path",
		.cleanup_replace_stray_cr_lf = true,
		.myorigin = "org.test",
		.mydomain = "test",
		.append_at_myorigin = true,
		.message_strip_characters = "",
		.message_reject_characters = "",
		.undisclosed_recipients_header = "",
		.hopcount_limit = 50,
	};
	logged[0] = '\0';
}

static struct cleanup_origin origin(void)
{
	return (struct cleanup_origin){ .qid = "0123456789AB",
		.sender = STR("s@d.test"),
		.helo = STR("helo.test"),
		.client_name = "peer.test",
		.client_addr = "192.0.2.1",
		.proto = "ESMTP",
		.rcpt = STR("r@d.test") };
}

/* Run a message in pieces; out gets what is stored. */
static enum st run(const struct cleanup_origin *from, struct str in,
    size_t piece, struct buf *out, struct err *e)
{
	struct cleanup c;
	struct spool s;
	enum st st;

	spool_init(&s, &budget, 100000);
	cleanup_init(&c, &set, from, &s);
	for (; in.n != 0; in = str_skip(in, piece))
		cleanup_data(&c, str_head(in, piece));
	st = cleanup_end(&c, e);
	buf_add(out, spool_inline(&s));
	cleanup_clear(&c);
	spool_clear(&s);
	return st;
}

enum who {
	REMOTE,
	LOCAL,
	LAX,
	KEEP_CR
};

static const struct {
	enum who who;
	const char *in, *want; /* after TOP */
} cases[] = {
	/* Line ends. */
	{ REMOTE, "A: b\r\n\r\nx\r\n", "A: b\n\nx\n" },
	{ REMOTE, "A: b\n\nx\n", "A: b\n\nx\n" },
	{ REMOTE, "A: b\r\n\r\nx", "A: b\n\nx\n" },
	{ REMOTE, "A: b\r\n\r\n", "A: b\n\n" },
	{ REMOTE, "A: b\r\n\r\n\r\n\r\n", "A: b\n\n\n\n" },
	{ REMOTE, "A: b\r\n\r\nx\ry\r\n", "A: b\n\nx y\n" },
	{ REMOTE, "A: b\r\n\r\nx\r\r\n", "A: b\n\nx \n" },
	{ REMOTE, "A: b\r\n\r\nx\r", "A: b\n\nx \n" },
	{ LAX, "A: b\r\n\r\nx\r\r\n", "A: b\n\nx\n" },
	{ LAX, "A: b\r\n\r\nx\r\r\ry\r\n", "A: b\n\nx   y\n" },
	{ KEEP_CR, "A: b\r\n\r\nx\ry\r\n", "A: b\n\nx\ry\n" },
	{ REMOTE, "A: b\rc\r\n\r\n", "A: b c\n\n" },
	/* The end of the header. */
	{ REMOTE, "", "" },
	{ REMOTE, "A: b\r\n", "A: b\n" },
	{ REMOTE, "A: b", "A: b\n" },
	{ REMOTE, "\r\nx\r\n", "\nx\n" },
	{ REMOTE, "x\r\n", "\nx\n" },
	{ REMOTE, "x", "\nx\n" },
	{ REMOTE, "x y: z\r\nA: b\r\n", "\nx y: z\nA: b\n" },
	{ REMOTE, "A: b\r\nx\r\nBcc: d\r\n", "A: b\n\nx\nBcc: d\n" },
	{ REMOTE, "  x\r\nA: b\r\n", "\n  x\nA: b\n" },
	{ REMOTE, "A: b\r\n c\r\n\td\r\n \r\n\r\nx\r\n",
	    "A: b\n c\n\td\n \n\nx\n" },
	{ REMOTE, "A: b\r\n:x\r\n", "A: b\n\n:x\n" },
	{ REMOTE, "A : b\r\n\r\n", "A: b\n\n" },
	/* Headers that are dropped, with their continuation. */
	{ REMOTE, "Bcc: x\r\n y\r\n\tz\r\nA: b\r\nreturn-path: <x>\r\n\r\n",
	    "A: b\n\n" },
	{ REMOTE, "Resent-Bcc: x\r\nCONTENT-LENGTH:7\r\n\r\nBcc: x\r\n",
	    "\nBcc: x\n" },
	{ REMOTE, "Delivered-To: x\r\nStatus: R\r\nBccx: y\r\n\r\n",
	    "Delivered-To: x\nStatus: R\nBccx: y\n\n" },
	/* Separators of a mailbox. */
	{ REMOTE, "From a@b  Mon\r\n>From c\r\nA: b\r\n\r\n",
	    "X-Mailbox-Line: From a@b  Mon\n"
	    "X-Mailbox-Line: >From c\nA: b\n\n" },
	{ REMOTE, "A: b\r\nFrom c\r\n", "A: b\n\nFrom c\n" },
	{ REMOTE, "From: c\r\n\r\nFrom d\r\n", "From: c\n\nFrom d\n" },
	{ REMOTE, "From\r\n", "\nFrom\n" },
	{ REMOTE, ">From\r\n", "\n>From\n" },
	/* What a message of our own host lacks. */
	{ LOCAL, "A: b\r\n\r\nx\r\n", "A: b\n" ADDED "\nx\n" },
	{ LOCAL, "", ADDED },
	{ LOCAL, "A: b\r\n", "A: b\n" ADDED },
	{ LOCAL, "x\r\n", ADDED "\nx\n" },
	{ LOCAL, " x\r\n", ADDED "\n x\n" },
	{ LOCAL, "MESSAGE-ID: <i>\r\n\r\n",
	    "MESSAGE-ID: <i>\n" ADDED_DATE ADDED_FROM "\n" },
	{ LOCAL, "Date: d\r\nFrom: f\r\n\r\n",
	    "Date: d\nFrom: f@org.test\n" ADDED_ID "\n" },
	{ LOCAL, "Resent-To: x\r\nResent-Date: d\r\n\r\n",
	    "Resent-To: x@org.test\nResent-Date: d\nResent-" ADDED_ID
	    "Resent-" ADDED_FROM "\n" },
	{ LOCAL, "Message-Id: <i>\r\nDate: d\r\nFrom: f@g\r\n\r\n",
	    "Message-Id: <i>\nDate: d\nFrom: f@g\n\n" },
	/* Its addresses are completed, and others are not. */
	{ LOCAL,
	    "Cc: joe,\r\n\tann\r\nX-To: joe\r\nMessage-Id: <i>\r\n"
	    "Date: d\r\nFrom: f@g\r\n\r\nTo: joe\r\n",
	    "Cc: joe@org.test, ann@org.test\nX-To: joe\nMessage-Id: <i>\n"
	    "Date: d\nFrom: f@g\n\nTo: joe\n" },
	{ LOCAL, "Message-Id: <i>\r\nDate: d\r\nFrom: f",
	    "Message-Id: <i>\nDate: d\nFrom: f@org.test\n" },
	{ LOCAL, "Message-Id: <i>\r\nDate: d\r\nFrom: f\r\nno header\r\n",
	    "Message-Id: <i>\nDate: d\nFrom: f@org.test\n\nno header\n" },
	{ REMOTE, "To: joe\r\nFrom: f\r\n\r\n", "To: joe\nFrom: f\n\n" },
};

static void test_stored(void **state)
{
	size_t i, piece;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		struct cleanup_origin from = origin();

		defaults();
		from.local = cases[i].who == LOCAL;
		from.lax_cr = cases[i].who == LAX;
		set.cleanup_replace_stray_cr_lf = cases[i].who != KEEP_CR;
		for (piece = 1; piece <= strlen(cases[i].in) + 1; piece++) {
			AUTO_BUF got = BUF_MAX(10000);
			AUTO_BUF want = BUF_MAX(10000);

			buf_addf(&want, "%s%s", TOP, cases[i].want);
			assert_int_equal(run(&from, str_c(cases[i].in), piece,
					     &got, NULL),
			    ST_OK);
			assert_string_equal(buf_c(&got), buf_c(&want));
		}
	}
}

static void test_binary(void **state)
{
	static const char in[] = "A: \0\377\r\n\r\n\0x\0\r\n";
	static const char want[] = TOP "A: \0\377\n\n\0x\0\n";
	struct cleanup_origin from = origin();
	AUTO_BUF got = BUF_MAX(10000);

	(void)state;
	defaults();
	assert_int_equal(run(&from, (struct str){ in, sizeof(in) - 1 }, 3, &got,
			     NULL),
	    ST_OK);
	assert_int_equal(got.n, sizeof(want) - 1);
	assert_memory_equal(got.p, want, got.n);
}

/* Lines and header names of any length pass or end the header. */
static void test_long(void **state)
{
	struct cleanup_origin from = origin();
	size_t n;

	(void)state;
	for (n = 990; n <= 1010; n++) {
		AUTO_BUF in = BUF_MAX(100000);
		AUTO_BUF got = BUF_MAX(100000);
		size_t i;

		defaults();
		for (i = 0; i < n; i++)
			buf_addch(&in, 'x');
		buf_addc(&in, ": y\r\n");
		for (i = 0; i < 50000; i++)
			buf_addch(&in, i == 0 ? ' ' : 'z');
		buf_addc(&in, "\r\n");
		assert_int_equal(run(&from, buf_str(&in), 777, &got, NULL),
		    ST_OK);
		assert_true(str_ends(buf_str(&got), STR("zzz\n")));
		assert_int_equal(got.n, strlen(TOP) + in.n - 2 + (n >= 1000));
	}
}

/* Where a field of addresses is too long to be rewritten it passes. */
static void test_long_addresses(void **state)
{
	struct cleanup_origin from = origin();
	size_t n;

	(void)state;
	from.local = true;
	for (n = 65530; n <= 65600; n += 5) {
		AUTO_BUF in = BUF_MAX(100000);
		AUTO_BUF got = BUF_MAX(100000);

		defaults();
		buf_addc(&in, "Message-Id: <i>\r\nDate: d\r\nFrom: f@g\r\nTo:");
		while (in.n < n)
			buf_addc(&in, " a@b,");
		buf_addc(&in, " joe\r\n\r\n");
		assert_int_equal(run(&from, buf_str(&in), 777, &got, NULL),
		    ST_OK);
		assert_true(str_ends(buf_str(&got), STR(", joe\n\n")));
		assert_int_equal(got.n, strlen(TOP) + in.n - 5);
	}
}

static void test_received(void **state)
{
	struct cleanup_origin from = origin();
	AUTO_BUF got = BUF_MAX(10000);

	(void)state;
	defaults();
	from.rcpt = STR_NONE;
	from.helo = STR("a(b)c<d>;e\"f g@h\\\x80");
	from.client_addr = "2001:db8::1";
	from.proto = "LMTP";
	assert_int_equal(run(&from, STR("\r\n"), 1, &got, NULL), ST_OK);
	assert_string_equal(buf_c(&got),
	    "Received: from a?b?c?d??e?f?g?h?? (peer.test "
	    "[IPv6:2001:db8::1])\n"
	    "\tby mx.test (Postfix) with LMTP id 0123456789AB;\n"
	    "\tTue, 24 Nov 2026 03:04:45 +0000 (UTC)\n\n");
	buf_reset(&got);
	from.helo = STR_NONE;
	assert_int_equal(run(&from, STR("\r\n"), 1, &got, NULL), ST_OK);
	assert_true(str_starts(buf_str(&got),
	    STR("Received: from peer.test (peer.test [")));
}

static void test_always_added(void **state)
{
	struct cleanup_origin from = origin();
	AUTO_BUF got = BUF_MAX(10000);

	(void)state;
	defaults();
	set.always_add_missing_headers = true;
	from.sender = STR("");
	assert_int_equal(run(&from, STR("\r\n"), 1, &got, NULL), ST_OK);
	assert_string_equal(buf_c(&got),
	    TOP ADDED_ID ADDED_DATE "From: MAILER-DAEMON\n\n");
}

static const struct {
	const char *text; /* message_strip_characters */
	const char *in, *want;
} stripped[] = {
	{ "x", "A: bxc\r\nx\r\n", "A: bc\n\n" },
	{ "x", "xxA: b\r\n\r\nxxhxxixx\r\n", "A: b\n\nhi\n" },
	{ "\\1\\177", "A: b\r\n\r\na\001b\177\r\n", "A: b\n\nab\n" },
	{ "\\\\t", "A: b\r\n\r\na\\tb\tc\r\n", "A: b\n\nab\tc\n" },
	{ "\\n\\t", "A: b\r\n\r\na\tb\r\n", "A: b\n\nab\n" },
	{ "", "A: b\r\n\r\na\r\n", "A: b\n\na\n" },
};

static void test_stripped(void **state)
{
	struct cleanup_origin from = origin();
	size_t i, piece;

	(void)state;
	for (i = 0; i < NELEM(stripped); i++) {
		for (piece = 1; piece < 9; piece += 7) {
			AUTO_BUF got = BUF_MAX(10000);

			defaults();
			set.message_strip_characters = stripped[i].text;
			assert_int_equal(cleanup_check_settings(&set, NULL),
			    ST_OK);
			assert_int_equal(run(&from, str_c(stripped[i].in),
					     piece, &got, NULL),
			    ST_OK);
			assert_string_equal(buf_c(&got) + strlen(TOP),
			    stripped[i].want);
		}
	}
}

static void test_no_sets(void **state)
{
	static const char *const texts[] = { "\\", "\\x", "a\\8", "\\400" };
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(texts); i++) {
		defaults();
		set.message_reject_characters = texts[i];
		assert_int_equal(cleanup_check_settings(&set, &e), ST_TEMP);
		assert_non_null(strstr(e.text, "message_reject_characters: "));
		assert_non_null(strstr(e.text, "is no escape"));
	}
}

#define WHO " from peer.test[192.0.2.1]; from=<s@d.test> to=<r@d.test>\n"

#define MISUSE "reject: mime-error improper use of 8-bit data in message "
#define EIGHT                   \
	"MIME-Version: 1.0\r\n" \
	"Content-Transfer-Encoding: 8bit\r\n"

enum strict {
	NOT_STRICT,
	STRICT_HEADER,
	STRICT_8BIT,
	STRICT_8BIT_BODY
};

static const struct {
	const char *reject; /* message_reject_characters */
	enum strict strict;
	const char *in, *dsn, *log;
} refusals[] = {
	{ "\\1", NOT_STRICT, "A: b\r\n\r\nx\001y\r\n", "5.7.1",
	    "reject: content: disallowed character" WHO },
	{ "\\1", NOT_STRICT, "A: \001b\r\n\r\nx\r\n", "5.7.1",
	    "reject: content: disallowed character" WHO },
	{ "\\1", NOT_STRICT, "A: b\r\n\r\nx\r\n", "", "" },
	/* The end of a line is no character of the text. */
	{ "\\n", NOT_STRICT, "A: b\r\n\r\nx\r\n", "", "" },
	{ "", STRICT_HEADER, "A: b\303\244\r\n\r\nx\r\n", "5.6.0",
	    MISUSE "header" WHO },
	{ "", STRICT_HEADER, "A: b\r\n \303\244\r\n\r\nx\r\n", "5.6.0",
	    MISUSE "header" WHO },
	{ "", STRICT_HEADER, "A: b\r\n\r\n\303\244\r\n", "", "" },
	{ "", STRICT_HEADER, "\303\244\r\n", "", "" },
	{ "", STRICT_8BIT, "A: b\303\244\r\n\r\nx\r\n", "5.6.0",
	    MISUSE "header" WHO },
	{ "", STRICT_8BIT, "A: b\r\n\r\n\303\244\r\n", "5.6.0",
	    MISUSE "body" WHO },
	{ "", STRICT_8BIT, "\303\244\r\n", "5.6.0", MISUSE "body" WHO },
	{ "", STRICT_8BIT, EIGHT "\r\n\303\244\r\n", "", "" },
	{ "", STRICT_8BIT, "A: b\r\n\r\nx\r\n", "", "" },
	{ "", STRICT_8BIT_BODY, "A: b\303\244\r\n\r\nx\r\n", "", "" },
	{ "", STRICT_8BIT_BODY, "A: b\r\n\r\n\303\244\r\n", "5.6.0",
	    MISUSE "body" WHO },
	{ "", STRICT_8BIT_BODY, EIGHT "\r\n\303\244\r\n", "", "" },
	/* It counts for the part that says so. */
	{ "", STRICT_8BIT_BODY,
	    EIGHT
	    "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\n\303\244\r\n--x--\r\n",
	    "5.6.0", MISUSE "body" WHO },
};

static void test_refused(void **state)
{
	struct cleanup_origin from = origin();
	size_t i, piece;

	(void)state;
	for (i = 0; i < NELEM(refusals); i++) {
		for (piece = 1; piece < 9; piece += 7) {
			AUTO_BUF got = BUF_MAX(10000);
			struct err e = { "", "" };
			bool good = refusals[i].dsn[0] == '\0';

			defaults();
			set.message_reject_characters = refusals[i].reject;
			set.strict_7bit_headers =
			    refusals[i].strict == STRICT_HEADER;
			set.strict_8bitmime = refusals[i].strict == STRICT_8BIT;
			set.strict_8bitmime_body =
			    refusals[i].strict == STRICT_8BIT_BODY;
			assert_int_equal(run(&from, str_c(refusals[i].in),
					     piece, &got, &e),
			    good ? ST_OK : ST_PERM);
			assert_string_equal(e.dsn, refusals[i].dsn);
			assert_non_null(strstr(logged, refusals[i].log));
			if (good)
				assert_null(strstr(logged, "reject"));
		}
	}
}

static void test_undisclosed(void **state)
{
	static const struct {
		const char *in;
		bool added;
	} rows[] = {
		{ "A: b\r\n\r\n", true },
		{ "Bcc: b\r\n\r\n", true },
		{ "Resent-From: b\r\n\r\n", true },
		{ "To: b\r\n\r\n", false },
		{ "cc: b\r\n\r\n", false },
		{ "Resent-Cc: b\r\n\r\n", false },
	};
	struct cleanup_origin from = origin();
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		AUTO_BUF got = BUF_MAX(10000);
		bool local;

		for (local = false;; local = true) {
			buf_reset(&got);
			defaults();
			from.local = local;
			set.undisclosed_recipients_header = "To: hidden:;";
			assert_int_equal(run(&from, str_c(rows[i].in), 7, &got,
					     NULL),
			    ST_OK);
			assert_int_equal(strstr(buf_c(&got),
					     "\nTo: hidden:;\n\n") != NULL,
			    local && rows[i].added);
			if (local)
				break;
		}
	}
}

/* With ours, the hops must stay below the limit. */
static void test_hops(void **state)
{
	struct cleanup_origin from = origin();
	int n;

	(void)state;
	for (n = 0; n < 6; n++) {
		AUTO_BUF in = BUF_MAX(10000);
		AUTO_BUF got = BUF_MAX(10000);
		struct err e;
		int i;

		defaults();
		set.hopcount_limit = 5;
		for (i = 0; i < n; i++)
			buf_addc(&in, "received: x\r\n");
		buf_addc(&in, "\r\nReceived: body\r\n");
		if (n < 4) {
			assert_int_equal(run(&from, buf_str(&in), 9, &got, &e),
			    ST_OK);
			continue;
		}
		assert_int_equal(run(&from, buf_str(&in), 9, &got, &e),
		    ST_PERM);
		assert_string_equal(e.dsn, "5.4.0");
		assert_string_equal(e.text, "Error: too many hops");
		assert_string_equal(logged,
		    "postfix/cleanup: warning: 0123456789AB: message "
		    "rejected: hopcount exceeded\n");
	}
}

static const struct {
	bool local;
	const char *in, *want;
} ids[] = {
	{ false, "Message-ID:  <a@b> \r\n\r\n", "message-id=<a@b>\n" },
	{ false, "Message-ID:\r\n <a@b>\r\n\r\n", "message-id=<a@b>\n" },
	{ false, "Message-Id: <a>\r\nMessage-Id: <b>\r\n", "message-id=<a>\n" },
	{ false, "\r\nMessage-Id: <a>\r\n", "message-id=<>\n" },
	{ true, "\r\n", "message-id=<20261124030445.0123456789AB@mx.test>\n" },
};

static void test_log(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(ids); i++) {
		struct cleanup_origin from = origin();
		AUTO_BUF got = BUF_MAX(10000);
		AUTO_BUF want = BUF_MAX(1000);

		defaults();
		from.local = ids[i].local;
		assert_int_equal(run(&from, str_c(ids[i].in), 4, &got, NULL),
		    ST_OK);
		buf_addf(&want, "postfix/cleanup: 0123456789AB: %s",
		    ids[i].want);
		assert_string_equal(logged, buf_c(&want));
	}
}

static void test_no_room(void **state)
{
	struct cleanup_origin from = origin();
	AUTO_BUF got = BUF_MAX(10000);
	struct err e;

	(void)state;
	defaults();
	budget.limit = 250;
	assert_int_equal(run(&from,
			     STR("A: b\r\n\r\n"
				 "0123456789012345678901234567890123456789"
				 "0123456789012345678901234567890123456789"
				 "01234567890123456789012345678901234\r\n"),
			     7, &got, &e),
	    ST_TEMP);
	assert_string_equal(e.dsn, "4.3.1");
	budget.limit = 1 << 20;
	assert_int_equal(budget.used, 0);
	assert_int_equal(run(&from, STR("\r\n"), 7, &got, &e), ST_OK);
}

static int setup(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	clock_set_for_test(0, 1795489485);
	log_to_stderr(false);
	log_to_sink(sink, NULL);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stored),
		cmocka_unit_test(test_binary),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_long_addresses),
		cmocka_unit_test(test_received),
		cmocka_unit_test(test_always_added),
		cmocka_unit_test(test_stripped),
		cmocka_unit_test(test_no_sets),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_undisclosed),
		cmocka_unit_test(test_hops),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_no_room),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
