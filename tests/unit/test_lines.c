/* test_lines - physical to logical lines. */

#include "tests/unit/unit.h"

#include "base/macros.h"
#include "conf/lines.h"

#define WARN "logical line must not start with whitespace: "
#define TEXT(s)                     \
	{                           \
		"" s, sizeof(s) - 1 \
	}

/* want: "N:line|" for each line, "!warning|" for each warning. */
static const struct {
	struct str text;
	const char *want;
} cases[] = {
	{ TEXT(""), "" },
	{ TEXT("a 1"), "1:a 1|" },
	{ TEXT("a 1\n"), "1:a 1|" },
	{ TEXT("a 1\n  more"), "1:a 1  more|" },
	{ TEXT("a 1\n 2\n\t3\n"), "1:a 1 2\t3|" },
	{ TEXT("a 1\n\n# x\n 2\nb 3\n"), "1:a 1 2|5:b 3|" },
	{ TEXT("a 1\n  # x\n \r\n 2\nb 3\n"), "1:a 1 2|5:b 3|" },
	{ TEXT("a 1   \n 2\n"), "1:a 1    2|" },
	{ TEXT("\n# c\n\na # b\n"), "4:a # b|" },
	{ TEXT("a 1\r\n  2\r\n"), "1:a 1\r  2\r|" },
	{ TEXT("\r\n\v\f\na 1\n"), "3:a 1|" },
	{ TEXT("a 1\0two\n three\nb 2\n"), "1:a 1|3:b 2|" },
	{ TEXT("\xc2\xa0x 1\n"), "1:\xc2\xa0x 1|" },
	{ TEXT("  a = b\nc\n"), "!" WARN "\"  a = b\"|2:c|" },
	{ TEXT("#\n   first indented line which\n is long\nb\n"),
	    "!" WARN "\"   first indented line which i...\"|4:b|" },
	{ TEXT(" 3456789 123456789 123456789 1\n"),
	    "!" WARN "\" 3456789 123456789 123456789 1\"|" },
	{ TEXT(" x"), "!" WARN "\" x\"|" },
};

static void warned(const char *text, void *arg)
{
	buf_addf(arg, "!%s|", text);
}

static void test_next(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		AUTO_BUF got = BUF_MAX(4096);
		struct lines l;
		struct str line;
		size_t number;

		lines_init(&l, cases[i].text, warned, &got);
		while (lines_next(&l, &line, &number))
			buf_addf(&got, "%zu:%.*s|", number, STR_ARG(line));
		lines_clear(&l);
		assert_string_equal(buf_c(&got), cases[i].want);
	}
}

static void test_physical(void **state)
{
	struct str text = STR("a\n b\n#c\n\n d"), line;
	static const enum line_kind want[] = { LINE_START, LINE_MORE, LINE_SKIP,
		LINE_SKIP, LINE_MORE };
	size_t i;

	(void)state;
	for (i = 0; line_cut(&text, &line); i++)
		assert_int_equal(line_kind(line), want[i]);
	assert_int_equal(i, NELEM(want));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_physical),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
