/* test_address_field - addresses in headers, as cleanup(8) leaves them. */

#include "tests/unit/unit.h"

#include "mail/address_field.h"

static const struct address_rules rules = { .myorigin = "kit.example",
	.mydomain = "kit.example",
	.append_at_myorigin = true,
	.swap_bangpath = true,
	.allow_percent_hack = true };

static const struct {
	const char *in, *want; /* NULL: is not touched */
} rows[] = {
	{ " joe", " joe@kit.example" },
	{ " joe (a comment) ", " joe@kit.example (a comment)" },
	{ " Ann Smith <ann>, bob@host, (c) carl@[1.2.3.4]",
	    " Ann Smith <ann@kit.example>, bob@host, carl@[1.2.3.4] (c)" },
	{ " ann%other.test@kit.example, a!b, \"x y\"@z.test,\n\t"
	  "undisclosed:;, <@r.test:d@e.test>",
	    " ann%other.test@kit.example, b@a, \"x y\"@z.test, undisclosed: ;,"
	    "\n\t<d@e.test>" },
	{ " \"Q. Name\" <q>", " \"Q. Name\" <q@kit.example>" },
	{ " \"A, B\" <x>", " \"A, B\" <x@kit.example>" },
	{ " a b c", " a@kit.example, b@kit.example, c@kit.example" },
	{ " =?utf-8?q?x?= <q>", " =?utf-8?q?x?= <q@kit.example>" },
	{ " J. R. (Bob) Dobbs <j>", " J. R. (Bob) Dobbs <j@kit.example>" },
	{ " g: a, b@c;, d", " g: a@kit.example, b@c;, d@kit.example" },
	{ "\n joe", " joe@kit.example" },
	/* Commas that are missing. */
	{ " a <b> c <d>", " a <b@kit.example>, c <d@kit.example>" },
	{ " <a> <b>", " <a@kit.example>, <b@kit.example>" },
	{ " <a> b", " <a@kit.example>, b@kit.example" },
	{ " <a> (x) b", " <a@kit.example> (x), b@kit.example" },
	{ " g: a; h: b;", " g: a@kit.example; h: b@kit.example;" },
	{ " g: a; <b>", " g: a@kit.example; <b@kit.example>" },
	/* Right as they are. */
	{ " a@b", NULL },
	{ " g: Ann <a>, b;", " g: Ann <a@kit.example>, b@kit.example;" },
	{ " a . b @ c", NULL },
	{ " a@b (c)", NULL },
	{ " (c) a@b", NULL },
	{ " <>", NULL },
	{ " <<>>", NULL },
	{ "", NULL },
	{ " (only comment)", NULL },
	{ " undisclosed-recipients:;", NULL },
	{ " Ann\n\tSmith <a@b>,\n c@d", NULL },
	/* No addresses: they stay what they were. */
	{ " <a b@c>", NULL },
	{ " a@, @", NULL },
};

static void test_rows(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		AUTO_BUF out = BUF_MAX(1000);
		bool changed = address_field_rewrite(&rules, STR("Cc"),
		    str_c(rows[i].in), &out);

		if (changed != (rows[i].want != NULL))
			fail_msg("\"%s\": \"%s\"", rows[i].in, buf_c(&out));
		if (changed)
			assert_string_equal(buf_c(&out), rows[i].want);
	}
}

static void test_too_long(void **state)
{
	AUTO_BUF in = BUF_MAX(100000);
	AUTO_BUF out = BUF_MAX(1000);

	(void)state;
	while (in.n < 2000)
		buf_addc(&in, " joe,");
	assert_false(
	    address_field_rewrite(&rules, STR("To"), buf_str(&in), &out));
}

static size_t count(struct str s, char c)
{
	size_t i, n = 0;

	for (i = 0; i < s.n; i++)
		n += s.p[i] == c;
	return n;
}

/* Whatever it is, it comes to an end, and only routes vanish. */
static void test_odd(void **state)
{
	static const char marks[] = "z<>@,;:\"()[]. \\\n";
	char text[8];
	struct str in = { text, sizeof(text) };
	size_t i, n;

	(void)state;
	for (i = 0; i < 200000; i++) {
		AUTO_BUF out = BUF_MAX(1000);
		size_t x = i * 2654435761u % 100000007u;

		for (n = 0; n < sizeof(text); n++, x /= 7)
			text[n] = marks[(x + n * i) % (sizeof(marks) - 1)];
		if (!address_field_rewrite(&rules, STR("To"), in, &out))
			continue;
		assert_true(out.n > 0);
		if (str_find(in, '@') < 0 &&
		    count(buf_str(&out), 'z') < count(in, 'z'))
			fail_msg("\"%.*s\": \"%s\"", STR_ARG(in), buf_c(&out));
	}
}

static void test_names(void **state)
{
	(void)state;
	assert_true(address_field_known(STR("from")));
	assert_true(address_field_known(STR("Resent-To")));
	assert_true(address_field_known(STR("ERRORS-TO")));
	assert_false(address_field_known(STR("X-To")));
	assert_false(address_field_known(STR("Delivered-To")));
	assert_false(address_field_known(STR("Subject")));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_odd),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
