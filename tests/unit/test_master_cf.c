/* test_master_cf - arguments of a command: cut, split, and printed again. */

#include "tests/unit/unit.h"

#include "base/log.h"
#include "base/macros.h"
#include "conf/master.h"
#include "maptool/master_print.h"
#include "tests/unit/capture.h"

#define HEAD "smtp inet n - y - - "
#define COLS "smtp       inet  n       -       y       -       -       "

static const struct {
	const char *line, *want; /* as -M prints it */
	const char *said;        /* warnings */
} lines[] = {
	{ HEAD "smtpd", COLS "smtpd\n", "" },
	{ HEAD "smtpd -o a=b -oc=d", COLS "smtpd -o a=b -o c=d\n", "" },
	{ HEAD "smtpd -vo a=b -Do {c = d  e }",
	    COLS "smtpd -v -o a=b -D -o {c=d  e}\n", "" },
	{ HEAD "smtpd - -vo a=b", COLS "smtpd - -vo a=b\n", "" },
	{ HEAD "smtpd -- -vo a=b", COLS "smtpd -- -vo a=b\n", "" },
	{ HEAD "smtpd x -vo a=b", COLS "smtpd x -vo a=b\n", "" },
	{ HEAD "pipe x {a b} {c} y{d e}", COLS "pipe x {a b} c y{d e}\n", "" },
	/* Braces that hold a blank stay, also around the first word. */
	{ HEAD "pipe {a b} -o c=d", COLS "pipe {a b} -o c=d\n", "" },
	{ HEAD "smtpd -o", COLS "smtpd -o\n", "" },
	{ HEAD "smtpd -o bad", COLS "smtpd -o bad\n", "" },
	{ HEAD "smtpd -o {bad}", COLS "smtpd -o bad\n",
	    "warning: master.cf: missing '=' after attribute name: \"bad\"\n" },
	{ HEAD "smtpd -o {a=b", COLS "smtpd -o a=b\n",
	    "warning: master.cf: missing '}' in \"{a=b\"\n" },
	{ HEAD "smtpd -o {a=b}c", COLS "smtpd -o a=b\n",
	    "warning: master.cf: syntax error after '}' in \"{a=b}c\"\n" },
	{ "a-long-service.name unix - - - ? 1 x",
	    "a-long-service.name unix - -     -       ?       1       x\n",
	    "" },
};

static void test_print(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(lines); i++) {
		AUTO_ARENA arena = { NULL, 0 };
		AUTO_BUF out = BUF_MAX(1000);
		struct master_entry it;
		struct err e;

		capture_start();
		assert_int_equal(master_parse(&arena, str_c(lines[i].line), &it,
				     &e),
		    ST_OK);
		capture_stop();
		master_print(&it, false, &out);
		assert_string_equal(buf_c(&out), lines[i].want);
		assert_string_equal(captured, lines[i].said);
	}
}

/* Each -o has a line; what follows one begins a line; 80 columns. */
static void test_fold(void **state)
{
	static const char line[] =
	    HEAD "pipe -v -o a=b -D x 12345678901234567890 "
		 "12345678901234567890 12345678901234567890 1234 12345 1";
	static const char want[] = COLS
	    "pipe -v\n    -o a=b\n    -D x 12345678901234567890 "
	    "12345678901234567890 12345678901234567890 1234\n    12345 1\n";
	AUTO_ARENA arena = { NULL, 0 };
	AUTO_BUF out = BUF_MAX(1000);
	struct master_entry it;
	struct err e;

	(void)state;
	assert_int_equal(master_parse(&arena, str_c(line), &it, &e), ST_OK);
	master_print(&it, true, &out);
	assert_string_equal(buf_c(&out), want);
}

static void test_bad(void **state)
{
	static const struct {
		const char *line;
		enum st st;
		const char *want;
	} cases[] = {
		{ "smtp inet n - y - -", ST_NONE, "bad field count" },
		{ "", ST_NONE, "bad field count" },
		{ "a tcp n - y - - x", ST_TEMP,
		    "invalid type field \"tcp\" in \"a tcp n - y - - x\"" },
		{ "a inet n - y 1?? - x", ST_TEMP,
		    "invalid wakeup field \"1??\" in \"a inet n - y 1?? - x\"" },
		{ "a inet n - y - 1? x", ST_TEMP,
		    "invalid process_limit field \"1?\" in \"a inet n - y - 1? "
		    "x\"" },
		{ "a inet N - y - - x", ST_TEMP,
		    "invalid private field \"N\" in \"a inet N - y - - x\"" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		AUTO_ARENA arena = { NULL, 0 };
		struct master_entry it;
		struct err e;

		assert_int_equal(master_parse(&arena, str_c(cases[i].line), &it,
				     &e),
		    cases[i].st);
		assert_string_equal(e.text, cases[i].want);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_fold),
		cmocka_unit_test(test_bad),
	};

	log_init("postconf");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
