/* test_fetch_header - header.c of fetcher: senders, Received, dropped lines. */

#include "tests/unit/unit.h"

#include "base/macros.h"
#include "fetcher/header.h"

static const struct header_rules plain = { .user = "u",
	.truename = "pop.test" };

/* --- the sender ---------------------------------------------------------- */

static const struct {
	const char *raw, *want;
} senders[] = {
	{ "Return-Path: <a@b>\r\nFrom: c@d\r\n", "a@b" },
	{ "From: c@d\r\nReturn-Path: <a@b>\r\n", "a@b" },
	{ "Return-Path: <>\r\nFrom: c@d\r\n", "" },
	{ "Return-Path: a@b\r\n", "a@b" },
	{ "return-path:\r\n <a@b>\r\n", "a@b" },
	/* In this order; Sender only when it can be an address. */
	{ "Resent-Sender: r@s\r\nSender: s@t\r\nFrom: f@g\r\n", "r@s" },
	{ "Sender: nobody\r\nFrom: f@g\r\n", "f@g" },
	{ "Sender: a!b\r\nFrom: f@g\r\n", "a!b" },
	{ "Resent-From: r@s\r\nFrom: f@g\r\n", "r@s" },
	{ "Reply-To: r@s\r\n", "r@s" },
	{ "Apparently-From: a@b\r\n", "a@b" },
	/* Each one before the next. */
	{ "Sender: s@t\r\nResent-Sender: r@s\r\n", "r@s" },
	{ "Resent-From: r@s\r\nSender: s@t\r\n", "s@t" },
	{ "From: f@g\r\nResent-From: r@s\r\n", "r@s" },
	{ "Reply-To: r@s\r\nFrom: f@g\r\n", "f@g" },
	{ "Apparently-From: a@b\r\nReply-To: r@s\r\n", "r@s" },
	{ "Resent-Sender: nobody\r\nSender: s@t\r\n", "s@t" },
	{ "Subject: none\r\n", "u@pop.test" },
	{ "", "u@pop.test" },
	/* Empty ones, routes, no domain. */
	{ "Return-Path:\r\n", "u@pop.test" },
	{ "Return-Path: <@host>\r\n", "u@pop.test" },
	{ "Return-Path: <@a,@b:c@d>\r\n", "c@d" },
	{ "From: bob\r\n", "bob@pop.test" },
	/* Names and comments. */
	{ "From: Bob <bob@b>\r\n", "bob@b" },
	{ "From: \"Bob <x@y>\" <bob@b>\r\n", "bob@b" },
	{ "From: bob@b (Bob (not) <x@y>)\r\n", "bob@b" },
	{ "From: (a \\) b) bob@b\r\n", "bob@b" },
	{ "From: \"b ob\"@b\r\n", "\"b ob\"@b" },
	{ "From: a@b, c@d\r\n", "a@b" },
	{ "From: Bob\r\n\t<bob@b>\r\n", "bob@b" },
	{ "From: \"open <bob@b>\r\n", "u@pop.test" },
};

static void test_sender(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(senders); i++) {
		AUTO_BUF got = BUF_MAX(ADDRESS_MAX);

		header_sender(str_c(senders[i].raw), &plain, &got);
		if (strcmp(buf_c(&got), senders[i].want) != 0)
			fail_msg("case %zu: got %s, want %s", i, buf_c(&got),
			    senders[i].want);
	}
}

/* Nothing of a header can end the command or add parameters. */
static void test_sender_is_clean(void **state)
{
	static const char *const raw[] = {
		"From: <a@b> BODY=8BITMIME\r\n",
		"From: a@b\r\n\r\n RSET\r\n",
		"From: a\x01@b\x7f\r\n",
		"From: <a@b\r> x\r\n",
		"From: \"a\\\r\n b\"@c\r\n",
		"From: <<a@b>>\r\n",
	};
	size_t i, n;

	(void)state;
	for (i = 0; i < NELEM(raw); i++) {
		AUTO_BUF got = BUF_MAX(ADDRESS_MAX);
		bool quoted = false;

		header_sender(str_c(raw[i]), &plain, &got);
		for (n = 0; n < got.n; n++) {
			unsigned char c = (unsigned char)got.p[n];

			quoted ^= c == '"';
			if (c < ' ' || c == 0x7f ||
			    (!quoted && strchr(" <>", c) != NULL))
				fail_msg("case %zu: %s", i, buf_c(&got));
		}
	}
}

static void test_dotted_quad(void **state)
{
	struct header_rules r = { .user = "u", .truename = "192.0.2.1" };
	AUTO_BUF got = BUF_MAX(ADDRESS_MAX);

	(void)state;
	header_sender(STR("From: bob\r\n"), &r, &got);
	assert_str(buf_str(&got), "bob@[192.0.2.1]");
}

/* --- the header that goes on --------------------------------------------- */

enum {
	NONE = 0,
	STATUS = 1,
	DELIVERED = 2,
	KEEP_PATH = 4,
	REWRITE = 8,
};

static const struct {
	unsigned rules;
	const char *raw, *want;
} cases[] = {
	/* Before the first Received, or on top. */
	{ NONE, "A: b\r\nReceived: x\r\n\ty\r\nReceived: z\r\n",
	    "A: b\r\nR\r\nReceived: x\r\n\ty\r\nReceived: z\r\n" },
	{ NONE, "A: b\r\n", "R\r\nA: b\r\n" },
	{ NONE, "", "R\r\n" },
	{ NONE, "RECEIVED : x\r\n", "R\r\nRECEIVED : x\r\n" },
	{ NONE, "A: b\r\n Received: c\r\n", "R\r\nA: b\r\n Received: c\r\n" },
	/* The first Return-Path goes, a second one stays. */
	{ NONE, "Return-Path: <a@b>\r\nA: b\r\nreturn-path: <c@d>\r\n",
	    "R\r\nA: b\r\nreturn-path: <c@d>\r\n" },
	{ NONE, "Return-Path:\r\n <a@b>\r\nA: b\r\n", "R\r\nA: b\r\n" },
	{ KEEP_PATH, "Return-Path: <a@b>\r\n", "R\r\nReturn-Path: <a@b>\r\n" },
	/* mbox lines; Status without or with a value. */
	{ NONE, "From a@b Mon\r\n>From c\r\nFrom: d\r\n", "R\r\nFrom: d\r\n" },
	{ NONE, "Status:\r\nX-Mozilla-Status:  \r\nStatus: RO\r\n",
	    "R\r\nStatus: RO\r\n" },
	{ STATUS, "Status: RO\r\nX-Mozilla-Status: 1\r\nA: b\r\n",
	    "R\r\nA: b\r\n" },
	{ NONE, "Delivered-To: a\r\n", "R\r\nDelivered-To: a\r\n" },
	{ DELIVERED, "Delivered-To: a\r\n\tb\r\nA: b\r\n", "R\r\nA: b\r\n" },
	/* Else byte for byte. */
	{ NONE, "A:b\nC  : d\n\te\r\n", "R\r\nA:b\nC  : d\n\te\r\n" },
	{ NONE, "A: b", "R\r\nA: b" },
	{ NONE, "To: bob\r\n", "R\r\nTo: bob\r\n" },
	/* Addresses get a domain. */
	{ REWRITE, "To: bob\r\n", "R\r\nTo: bob@pop.test\r\n" },
	{ REWRITE, "To: a, b@c,d\r\n",
	    "R\r\nTo: a@pop.test, b@c,d@pop.test\r\n" },
	{ REWRITE, "Cc: Bob <bob>, \"x, y\" <z>\r\n",
	    "R\r\nCc: Bob <bob@pop.test>, \"x, y\" <z@pop.test>\r\n" },
	{ REWRITE, "To: bob (Bob)\r\n", "R\r\nTo: bob@pop.test (Bob)\r\n" },
	{ REWRITE, "To: a!b\r\n", "R\r\nTo: a!b\r\n" },
	{ REWRITE, "To: list: a, b;\r\n",
	    "R\r\nTo: list: a@pop.test, b@pop.test;\r\n" },
	{ REWRITE, "To: <>\r\n", "R\r\nTo: <>\r\n" },
	{ REWRITE, "To: undisclosed-recipients:;\r\n",
	    "R\r\nTo: undisclosed-recipients:;\r\n" },
	{ REWRITE, "To: a,\r\n\tb\r\n",
	    "R\r\nTo: a@pop.test,\r\n\tb@pop.test\r\n" },
	/* Each field that has addresses. */
	{ REWRITE, "From: b\r\nCc: b\r\nBcc: b\r\nReply-To: b\r\n",
	    "R\r\nFrom: b@pop.test\r\nCc: b@pop.test\r\n"
	    "Bcc: b@pop.test\r\nReply-To: b@pop.test\r\n" },
	{ REWRITE | KEEP_PATH, "Return-Path: <b>\r\nSender: b\r\n",
	    "R\r\nReturn-Path: <b@pop.test>\r\nSender: b@pop.test\r\n" },
	{ REWRITE, "Apparently-From: b\r\nApparently-To: b\r\n",
	    "R\r\nApparently-From: b@pop.test\r\n"
	    "Apparently-To: b@pop.test\r\n" },
	{ REWRITE,
	    "Resent-From: b\r\nResent-To: b\r\nResent-Cc: b\r\n"
	    "Resent-Bcc: b\r\nResent-Sender: b\r\nResent-Reply-To: b\r\n",
	    "R\r\nResent-From: b@pop.test\r\nResent-To: b@pop.test\r\n"
	    "Resent-Cc: b@pop.test\r\nResent-Bcc: b@pop.test\r\n"
	    "Resent-Sender: b@pop.test\r\nResent-Reply-To: b@pop.test\r\n" },
	/* Comments, quoted strings, routes and paths are left. */
	{ REWRITE, "To: <@a:b@c>, (c) b, \"q r\"\r\n",
	    "R\r\nTo: <@a:b@c>, (c) b@pop.test, \"q r\"@pop.test\r\n" },
	{ REWRITE, "Subject: bob\r\nX-To: bob\r\n",
	    "R\r\nSubject: bob\r\nX-To: bob\r\n" },
};

static void test_rewrite(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		AUTO_BUF got = BUF_MAX(10000);
		struct header_rules r = plain;

		r.drop_status = (cases[i].rules & STATUS) != 0;
		r.drop_delivered = (cases[i].rules & DELIVERED) != 0;
		r.keep_return_path = (cases[i].rules & KEEP_PATH) != 0;
		r.rewrite = (cases[i].rules & REWRITE) != 0;
		header_rewrite(str_c(cases[i].raw), &r, STR("R\r\n"), &got);
		if (strcmp(buf_c(&got), cases[i].want) != 0)
			fail_msg("case %zu: got %s, want %s", i, buf_c(&got),
			    cases[i].want);
	}
}

static void test_nul(void **state)
{
	AUTO_BUF got = BUF_MAX(1000);

	(void)state;
	header_rewrite((struct str){ "A\0: b\0c\r\n", 9 }, &plain, STR(""),
	    &got);
	assert_str(buf_str(&got), "A: bc\r\n");
}

/* --- fields -------------------------------------------------------------- */

static const struct {
	const char *raw;
	bool bad;
} lines[] = {
	{ "", false },
	{ "A: b\r\n c\r\n", false },
	{ "From x\r\nA: b\r\n>From y\r\n", false },
	{ "A : b\r\n", false },
	{ "no colon\r\n", true },
	{ "A: b\r\nno colon\r\n", true },
	{ "a b: c\r\n", true },
	{ ": c\r\n", true },
	{ " starts with a blank: x\r\n", true },
};

static void test_bad(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(lines); i++)
		if (header_is_bad(str_c(lines[i].raw)) != lines[i].bad)
			fail_msg("case %zu", i);
}

static void test_get(void **state)
{
	AUTO_BUF got = BUF_MAX(1000);

	(void)state;
	assert_true(
	    header_get(STR("A: 1\r\nb: x\r\n\ty \r\nB: 2\r\n"), "B", &got));
	assert_str(buf_str(&got), "x   y");
	assert_false(header_get(STR("AB: 1\r\n"), "A", &got));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sender),
		cmocka_unit_test(test_sender_is_clean),
		cmocka_unit_test(test_dotted_quad),
		cmocka_unit_test(test_rewrite),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_get),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
