/* test_header - what begins a header field, and what continues one. */

#include "tests/unit/unit.h"

#include "mail/header.h"

static const struct {
	const char *line, *name, *value;
} lines[] = {
	{ "Subject: x", "Subject", "x" },
	{ "Subject:x", "Subject", "x" },
	{ "Subject:", "Subject", "" },
	{ "X-A : b", "X-A", "b" },
	{ "X-A\t: b: c ", "X-A", "b: c " },
	{ "X!#$%&'*+/=?^_`{|}~: 1", "X!#$%&'*+/=?^_`{|}~", "1" },
	{ ">From: x", ">From", "x" },
	{ "", "", "" },
	{ ":", "", "" },
	{ ": x", "", "" },
	{ " Subject: x", "", "" },
	{ "no header", "", "" },
	{ "no header: x", "", "" },
	{ "Subject", "", "" },
	{ "S\xc3\xbc: x", "", "" },
	{ "S\x01: x", "", "" },
};

static void test_name(void **state)
{
	struct str value;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(lines); i++) {
		assert_str(header_name(str_c(lines[i].line), &value),
		    lines[i].name);
		assert_str(value, lines[i].value);
	}
	assert_str(header_name(STR("A: b"), NULL), "A");
}

/* Every prefix of a header may become one; a "no" stays one. */
static void test_begins(void **state)
{
	size_t i, n;

	(void)state;
	for (i = 0; i < NELEM(lines); i++) {
		struct str line = str_c(lines[i].line);
		bool is = header_begins(line) == HEADER_YES;
		enum header_kind last = HEADER_MORE;

		for (n = 0; n <= line.n; n++) {
			enum header_kind k = header_begins(str_head(line, n));

			assert_true(k == last || last == HEADER_MORE);
			assert_true(!is || k != HEADER_NO);
			last = k;
		}
	}
	assert_int_equal(header_begins(STR("")), HEADER_MORE);
	assert_int_equal(header_begins(STR("Sub")), HEADER_MORE);
	assert_int_equal(header_begins(STR("Sub ")), HEADER_MORE);
	assert_int_equal(header_begins(STR("Sub :")), HEADER_YES);
	assert_int_equal(header_begins(STR("Sub x")), HEADER_NO);
}

static void test_folded(void **state)
{
	(void)state;
	assert_true(header_folded(STR(" x")));
	assert_true(header_folded(STR("\tx")));
	assert_false(header_folded(STR("x")));
	assert_false(header_folded(STR("")));
}

static void test_listed(void **state)
{
	struct str list = STR("bcc, content-length resent-bcc,return-path");

	(void)state;
	assert_true(header_listed(STR("Bcc"), list));
	assert_true(header_listed(STR("Return-Path"), list));
	assert_true(header_listed(STR("RESENT-BCC"), list));
	assert_false(header_listed(STR("Cc"), list));
	assert_false(header_listed(STR("bc"), list));
	assert_false(header_listed(STR("bcc"), STR_NONE));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_name),
		cmocka_unit_test(test_begins),
		cmocka_unit_test(test_folded),
		cmocka_unit_test(test_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
