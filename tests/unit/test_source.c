/* Tests of postmap's input: keys, values, what is passed over and why. */

#include "tests/unit/unit.h"

#include "base/macros.h"
#include "map/source.h"
#include "tests/unit/capture.h"

#define L1 "m, line 1: "

/* want: "LINE:KEY=VALUE|" for each record. */
static const struct {
	const char *text;
	bool utf8;
	const char *want;
	const char *warned;
} cases[] = {
	{ "a 1\nb\t 2  3 \n", false, "1:a=1|2:b=2  3|", "" },
	{ "a 1\n 2\n\n# x\n\t3\nb 1", false, "1:a=1 2\t3|6:b=1|", "" },
	{ "\"x y\" 3\n", false, "1:\"x y\"=3|", "" },
	{ "a\\ b 1\n", false, "1:a\\ b=1|", "" },
	{ "\"a\\\" b\" 1\n", false, "1:\"a\\\" b\"=1|", "" },
	{ "\"\" 1\n", false, "1:\"\"=1|", "" },
	{ "a \"\"\n", false, "1:a=\"\"|", "" },
	{ "b = 2\n", false, "1:b== 2|", "" },
	{ "a 1\r\n", false, "1:a=1|", "" },
	{ "a\\\n", false, "", L1 "expected format: key whitespace value" },
	{ "a\nb 1\n", false, "2:b=1|",
	    L1 "expected format: key whitespace value" },
	{ "a\"b 1\n", false, "",
	    L1 "unbalanced '\"' in 'a\"b 1' -- ignoring this line" },
	{ "a: 1\n", false, "1:a:=1|",
	    L1 "record is in \"key: value\" format; is this an alias file?" },
	{ "a\xff 1\nb 2\n", true, "2:b=2|",
	    L1 "non-UTF-8 input \"a? 1\" -- ignoring this line" },
	{ "a\xff 1\n", false, "1:a\xff=1|", "" },
	{ " a 1\nb 2\n", false, "2:b=2|",
	    "m: logical line must not start with whitespace: \" a 1\"" },
};

static void records(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		AUTO_BUF got = BUF_MAX(1000);
		struct source s;
		struct str key, val;

		capture_start();
		source_init(&s, "m", str_c(cases[i].text), cases[i].utf8);
		while (source_next(&s, &key, &val))
			buf_addf(&got, "%zu:%.*s=%.*s|", s.line, STR_ARG(key),
			    STR_ARG(val));
		source_clear(&s);
		capture_stop();
		assert_string_equal(buf_c(&got), cases[i].want);
		if (cases[i].warned[0] == '\0')
			assert_string_equal(captured, "");
		else if (strstr(captured, cases[i].warned) == NULL)
			fail_msg("%s: \"%s\"", cases[i].text, captured);
	}
}

/* The bytes after a NUL are not seen. */
static void nul(void **state)
{
	struct source s;
	struct str key, val;

	(void)state;
	source_init(&s, "m", STR("a 1\0two\n three\nb 2\n"), false);
	assert_true(source_next(&s, &key, &val));
	assert_str(val, "1");
	assert_true(source_next(&s, &key, &val));
	assert_str(key, "b");
	assert_false(source_next(&s, &key, &val));
	source_clear(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records),
		cmocka_unit_test(nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
