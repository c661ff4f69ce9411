/* Tests of alias lines; what is wanted was measured with postalias 3.7. */

#include "tests/unit/unit.h"

#include "base/macros.h"
#include "maptool/alias.h"

#define PAIR  "need name:value pair"
#define LOCAL "name must be local"

static const struct {
	const char *line;
	const char *key, *val; /* key NULL: val is what is wrong */
} cases[] = {
	{ "root: bob", "root", "bob" },
	{ "a : b,c ,d", "a", "b, c, d" },
	{ "a: b  c", "a", "b c" },
	{ "a: ,b,", "a", ", b, " },
	{ "\"a b\": c", "a b", "c" },
	{ "\"q\\\"r\": s", "q\"r", "s" },
	{ "a\\@b: c", "a@b", "c" },
	{ "a(x): b", "a (x)", "b" },
	{ "<a>: b", "<a>", "b" },
	{ "a: \"\"", "a", "\"\"" },
	{ "a: \\\"x", "a", "\"\\\"x\"" },
	{ "a: \\b", "a", "b" },
	{ "a: b; c", "a", "b;c" },
	{ "a: Full Name <x@y> z", "a", "Full Name <x@y>z" },
	{ "a: (c(d)) e", "a", "(c(d)) e" },
	{ "a: (open", "a", "(open" },
	{ "a: \"open", "a", "\"open\"" },
	{ "a: [1.2\\]", "a", "[1.2]]" },
	{ "a: x\\", "a", "x" },
	{ "a: :include:/x", "a", ":include:/x" },
	{ "a: \"|/bin/prog a\", b", "a", "\"|/bin/prog a\", b" },
	{ "a: @x,@y:z@w", "a", "@x, @y:z@w" },
	{ "a: b\\!c", "a", "\"b!c\"" },
	{ "a", NULL, PAIR },
	{ "a:", NULL, PAIR },
	{ ": b", NULL, PAIR },
	{ "a, b: c", NULL, PAIR },
	{ "a@b: c", NULL, LOCAL },
	{ "a%b: c", NULL, LOCAL },
	{ "\"a@b\": c", "a@b", "c" },
	{ "", NULL, PAIR },
};

static const struct {
	const char *name, *quoted; /* NULL: needs none */
} names[] = {
	{ "root", NULL },
	{ "a.b", NULL },
	{ "a b", "\"a b\"" },
	{ "q\"r", "\"q\\\"r\"" },
	{ "a@b", "\"a@b\"" },
	{ "a..b", "\"a..b\"" },
};

static void quoted_names(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(names); i++) {
		AUTO_BUF out = BUF_MAX(100);
		bool did = alias_quote_key(str_c(names[i].name), &out);

		assert_int_equal(did, names[i].quoted != NULL);
		if (did)
			assert_string_equal(buf_c(&out), names[i].quoted);
	}
}

static void lines(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		AUTO_BUF key = BUF_MAX(200);
		AUTO_BUF val = BUF_MAX(200);
		const char *why = alias_parse(str_c(cases[i].line), &key, &val);

		if (cases[i].key == NULL) {
			assert_non_null(why);
			assert_string_equal(why, cases[i].val);
			continue;
		}
		if (why != NULL)
			fail_msg("%s: %s", cases[i].line, why);
		assert_str(buf_str(&key), cases[i].key);
		assert_str(buf_str(&val), cases[i].val);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(lines),
		cmocka_unit_test(quoted_names) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
