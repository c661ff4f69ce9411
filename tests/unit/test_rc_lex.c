/* test_rc_lex - words of a fetchmailrc, case by case of the grammar. */

#include "tests/unit/unit.h"

#include "base/macros.h"
#include "fetcher/rc_lex.h"

/* Tokens as a line: W(ord) Q(uoted) N(umber) = and !(bad) before each text. */
static const struct {
	const char *in, *want;
} cases[] = {
	{ "", "" },
	{ " \t\r\n\f\v", "" },
	{ "# all of it", "" },
	{ "a#b c # d\ne", "W:a#b W:c W:e" },
	{ "poll h:proto;pop3,user", "W:poll W:h W:proto W:pop3 W:user" },
	{ "and with has wants options x", "W:x" },
	{ "'and' And", "Q:and W:And" },
	{ "300 -1 5k 0x10 - --1", "N:300 N:-1 W:5k W:0x10 W:- W:--1" },
	{ "127.0.0.1/2525", "W:127.0.0.1/2525" },
	{ "a=b = c", "W:a =:= W:b =:= W:c" },
	{ "\"a b\" 'c \"d\"' \"e'f\"", "Q:a b Q:c \"d\" Q:e'f" },
	{ "\"a\nb\" 'c\r\nd'", "Q:a\nb Q:c\r\nd" },
	{ "\"\" ''", "Q: Q:" },
	{ "\"a\\\"", "!:a\"" },
	{ "\"\\x22\\X27\\x4\"", "Q:\"'\004" },
	{ "\"\\xg\\x\"", "Q:xgx" },
	{ "\\n\\t\\b\\r\\\\x", "Q:\n\t\b\r\\x" },
	{ "\\101 \\065 \\0101 \\08", "Q:e Q:5 Q:\b1 Q:" },
	{ "\\122\\0", "Q:z" },
	{ "\\q\\' \\ x", "Q:q' Q: x" },
	{ "a\\\nb \"c\\\nd\"", "Q:ab Q:cd" },
	{ "a\\", "Q:a" },
	{ "\\", "" },
	{ "x \"open", "W:x !:open" },
	{ "x 'open\nmore # no", "W:x !:open\nmore # no" },
	{ "p\xe4ss\xff", "W:p\xe4ss\xff" },
	{ ";\n;;:,\n", "" },
};

static const char *show(struct rc_lex *l, struct buf *out)
{
	static const char kinds[] = " WQN=!";
	enum rc_token t;

	buf_reset(out);
	while ((t = rc_lex_next(l, false)) != RC_END) {
		if (out->n != 0)
			buf_addch(out, ' ');
		buf_addf(out, "%c:", kinds[t]);
		buf_add(out, buf_str(&l->text));
		if (t == RC_BAD)
			break;
	}
	return buf_c(out);
}

static void test_tokens(void **state)
{
	AUTO_BUF got = BUF_MAX(1000);
	struct rc_lex l;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		rc_lex_init(&l, str_c(cases[i].in));
		if (strcmp(show(&l, &got), cases[i].want) != 0)
			fail_msg("case %zu: got %s, want %s", i, buf_c(&got),
			    cases[i].want);
		rc_lex_clear(&l);
	}
}

/* After user, password, is and '=' any word is a string. */
static void test_literal(void **state)
{
	struct rc_lex l;

	(void)state;
	rc_lex_init(&l, STR("12345 and keep -1 'q' = x"));
	assert_int_equal(rc_lex_next(&l, true), RC_WORD);
	assert_str(buf_str(&l.text), "12345");
	assert_int_equal(rc_lex_next(&l, true), RC_WORD);
	assert_str(buf_str(&l.text), "and");
	assert_int_equal(rc_lex_next(&l, true), RC_WORD);
	assert_int_equal(rc_lex_next(&l, true), RC_WORD);
	assert_str(buf_str(&l.text), "-1");
	assert_int_equal(rc_lex_next(&l, true), RC_QUOTED);
	assert_int_equal(rc_lex_next(&l, true), RC_EQUALS);
	rc_lex_clear(&l);
}

static void test_lines(void **state)
{
	static const size_t want[] = { 1, 3, 3, 6, 8 };
	struct rc_lex l;
	size_t i;

	(void)state;
	rc_lex_init(&l, STR("a # x\n\nb \"c\n\n\" \nd \\\n\ne"));
	for (i = 0; i < NELEM(want); i++) {
		assert_int_not_equal(rc_lex_next(&l, false), RC_END);
		assert_int_equal(l.token_line, want[i]);
	}
	rc_lex_clear(&l);
}

/* A NUL is a byte like others, and a huge word is bounded. */
static void test_hostile(void **state)
{
	static char huge[100000];
	struct rc_lex l;

	(void)state;
	rc_lex_init(&l, (struct str){ "a\\\0b", 4 });
	assert_int_equal(rc_lex_next(&l, false), RC_QUOTED);
	assert_int_equal(l.text.n, 3);
	rc_lex_clear(&l);
	memset(huge, 'x', sizeof(huge));
	rc_lex_init(&l, (struct str){ huge, sizeof(huge) });
	assert_int_equal(rc_lex_next(&l, false), RC_BAD);
	rc_lex_clear(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_literal),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
