/* test_address - parse, rewrite, quote and split mail addresses. */

#include "tests/unit/unit.h"

#include "base/arena.h"
#include "mail/address.h"

#define ORIGIN                                             \
	.myorigin = "org.test", .mydomain = "dom.test",    \
	.append_at_myorigin = true, .swap_bangpath = true, \
	.allow_percent_hack = true

static const struct address_rules usual = { ORIGIN };
static const struct address_rules dotted = { ORIGIN,
	.append_dot_mydomain = true };
static const struct address_rules strict = { ORIGIN, .strict_rfc821 = true };
static const struct address_rules plain = { .myorigin = "org.test",
	.mydomain = "dom.test" };

/* original NULL: refused. */
static const struct {
	const struct address_rules *rules;
	const char *text, *original, *address;
	bool routed;
} parses[] = {
	{ &usual, "<a@b.test>", "a@b.test", "a@b.test", false },
	{ &usual, "a@b.test", "a@b.test", "a@b.test", false },
	{ &usual, "A.B@C.Test", "A.B@C.Test", "A.B@C.Test", false },
	{ &usual, "Name <a@b.test>", "a@b.test", "a@b.test", false },
	{ &usual, "\"N, x\" <a@b.test>", "a@b.test", "a@b.test", false },
	{ &usual, "(c) <a@b.test> (d (e))", "a@b.test", "a@b.test", false },
	{ &usual, "a(c)@b.test", "a@b.test", "a@b.test", false },
	{ &usual, "<>", "", "", false },
	{ &usual, " < > ", "", "", false },
	/* Step 2: quotes. */
	{ &usual, "<\"a b\"@b.test>", "\"a b\"@b.test", "a b@b.test", false },
	{ &usual, "<\"a.b\"@b.test>", "a.b@b.test", "a.b@b.test", false },
	{ &usual, "<a\\ b@b.test>", "\"a b\"@b.test", "a b@b.test", false },
	{ &usual, "<\"a\\\"b\"@b.test>", "\"a\\\"b\"@b.test", "a\"b@b.test",
	    false },
	{ &usual, "<\"a@b\"@c.test>", "\"a@b\"@c.test", "a@b@c.test", true },
	{ &usual, "<a@b@c.test>", "\"a@b\"@c.test", "a@b@c.test", true },
	{ &usual, "<\"a..b\"@c.test>", "\"a..b\"@c.test", "a..b@c.test",
	    false },
	{ &usual, "<@b.test>", "\"\"@b.test", "@b.test", false },
	{ &usual, "<caf\xc3\xa9@b.test>", "caf\xc3\xa9@b.test",
	    "caf\xc3\xa9@b.test", false },
	/* Step 3: source routes. */
	{ &usual, "<@x.test,@y.test:a@b.test>", "a@b.test", "a@b.test", false },
	/* Step 4: no domain. */
	{ &usual, "<root>", "root", "root@org.test", false },
	{ &usual, "<site.test!user>", "site.test!user", "user@site.test",
	    false },
	{ &usual, "<a.test!b.test!user>", "a.test!b.test!user",
	    "b.test!user@a.test", true },
	{ &usual, "<user%dom.test>", "user%dom.test", "user@dom.test", false },
	{ &usual, "<u%x.test%y.test>", "u%x.test%y.test", "u%x.test@y.test",
	    true },
	{ &usual, "<u%x.test@org.test>", "u%x.test@org.test",
	    "u%x.test@org.test", true },
	{ &plain, "<root>", "root", "root", false },
	{ &plain, "<u%x.test@org.test>", "u%x.test@org.test",
	    "u%x.test@org.test", false },
	/* Step 5: the domain. */
	{ &dotted, "<a@host>", "a@host", "a@host.dom.test", false },
	{ &dotted, "<a@b.test>", "a@b.test", "a@b.test", false },
	{ &dotted, "<a@[127.0.0.1]>", "a@[127.0.0.1]", "a@[127.0.0.1]", false },
	{ &usual, "<a@b.test.>", "a@b.test.", "a@b.test", false },
	{ &usual, "<a@[IPv6:2001:db8::1]>", "a@[IPv6:2001:db8::1]",
	    "a@[IPv6:2001:db8::1]", false },
	{ &strict, "<a@b.test>", "a@b.test", "a@b.test", false },
	/* Refused. */
	{ &strict, "a@b.test", NULL, NULL, false },
	{ &strict, "N <a@b.test>", NULL, NULL, false },
	{ &usual, "", NULL, NULL, false },
	{ &usual, "(c)", NULL, NULL, false },
	{ &usual, "<\"\">", NULL, NULL, false },
	{ &usual, "<a@b.test", NULL, NULL, false },
	{ &usual, "a@b.test>", NULL, NULL, false },
	{ &usual, "<a@b.test>x", NULL, NULL, false },
	{ &usual, "<a@b.test> <c@d.test>", NULL, NULL, false },
	{ &usual, "<a b@b.test>", NULL, NULL, false },
	{ &usual, "a b", NULL, NULL, false },
	{ &usual, "<a@b.test, c@d.test>", NULL, NULL, false },
	{ &usual, "<user@>", NULL, NULL, false },
	{ &usual, "<@a.test:>", NULL, NULL, false },
	{ &usual, "<a@b..test>", NULL, NULL, false },
	{ &usual, "<a@.b.test>", NULL, NULL, false },
	{ &usual, "<a@b.test..>", NULL, NULL, false },
	{ &usual, "<a@-b.test>", NULL, NULL, false },
	{ &usual, "<a@b-.test>", NULL, NULL, false },
	{ &usual, "<a@b*c.test>", NULL, NULL, false },
	{ &usual, "<a@127.0.0.1>", NULL, NULL, false },
	{ &usual, "<a@[127.0.0]>", NULL, NULL, false },
	{ &usual, "<a@[x>", NULL, NULL, false },
	{ &usual, "<\"a@b.test>", NULL, NULL, false },
	{ &usual, "<a(b@c.test>", NULL, NULL, false },
	{ &usual, "<a\\", NULL, NULL, false },
	{ &usual, "<a\x01@b.test>", NULL, NULL, false },
	{ &usual, "<\"a\rb\"@b.test>", NULL, NULL, false },
};

static void test_parse(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(parses); i++) {
		AUTO_ARENA a = { 0 };
		struct address got;
		struct err e;
		enum st st = address_parse(&got, parses[i].rules,
		    str_c(parses[i].text), &a, &e);

		if ((st == ST_OK) != (parses[i].original != NULL))
			fail_msg("%s: %s", parses[i].text, st_name(st));
		if (st != ST_OK) {
			assert_int_equal(st, ST_PERM);
			continue;
		}
		assert_str(got.original, parses[i].original);
		assert_str(got.address, parses[i].address);
		if (got.routed != parses[i].routed)
			fail_msg("%s: routed is wrong", parses[i].text);
	}
}

static void test_nul_is_refused(void **state)
{
	AUTO_ARENA a = { 0 };
	struct address got;

	(void)state;
	assert_int_equal(address_parse(&got, &usual,
			     (struct str){ "<a\0b@c.test>", 12 }, &a, NULL),
	    ST_PERM);
}

/* Labels up to 63 and domains up to 255 octets pass, one more does not. */
static void test_lengths(void **state)
{
	size_t n;

	(void)state;
	for (n = 62; n <= 65; n++) {
		AUTO_ARENA a = { 0 };
		struct address got;
		char *text = arena_printf(&a, "<a@%0*d.test>", (int)n, 0);

		assert_int_equal(address_parse(&got, &usual, str_c(text), &a,
				     NULL),
		    n <= 63 ? ST_OK : ST_PERM);
	}
	for (n = 50; n <= 63; n++) {
		AUTO_ARENA a = { 0 };
		struct address got;
		char *text = arena_printf(&a, "<a@x.%063d.%063d.%063d.%0*d>", 0,
		    0, 0, (int)n, 0);
		size_t length = 2 + 3 * 64 + n;

		text[3] = 'x';
		assert_int_equal(address_parse(&got, &usual, str_c(text), &a,
				     NULL),
		    length <= 255 ? ST_OK : ST_PERM);
	}
}

static const struct {
	const char *text;
	enum st st;
	const char *want; /* joined by '|' */
} lists[] = {
	{ "a@b.test", ST_OK, "a@b.test" },
	{ "a@b.test, c", ST_OK, "a@b.test|c@org.test" },
	{ "a@b.test c@d.test", ST_OK, "a@b.test|c@d.test" },
	{ "a b  c", ST_OK, "a@org.test|b@org.test|c@org.test" },
	{ "The User <u@d.test>, v@d.test (x)", ST_OK, "u@d.test|v@d.test" },
	{ "\"U, v\" <u@d.test>,,w", ST_OK, "u@d.test|w@org.test" },
	{ "<u@d.test> <v@d.test>", ST_OK, "u@d.test|v@d.test" },
	{ "x@y.test N <u@d.test>", ST_OK, "x@y.test|u@d.test" },
	{ "all: a, b@c.test; d", ST_OK, "a@org.test|b@c.test|d@org.test" },
	{ "\"a b\"@c.test", ST_OK, "a b@c.test" },
	{ "<@r.test:d@e.test>", ST_OK, "d@e.test" },
	{ "@other.test", ST_OK, "@other.test" },
	{ "|command", ST_OK, "|command@org.test" },
	{ "/file/name", ST_OK, "/file/name@org.test" },
	{ "a%b.test", ST_OK, "a@b.test" },
	{ ",", ST_NONE, "" },
	{ " , ,", ST_NONE, "" },
	{ "", ST_NONE, "" },
	{ "<>", ST_NONE, "" },
	{ "(only words)", ST_NONE, "" },
	{ "a@b.test, c@", ST_PERM, "" },
	{ "a@b..test", ST_PERM, "" },
	{ "N <a@b.test", ST_PERM, "" },
	{ "\"a", ST_PERM, "" },
};

static void test_list(void **state)
{
	size_t i, k, n;

	(void)state;
	for (i = 0; i < NELEM(lists); i++) {
		AUTO_ARENA a = { 0 };
		AUTO_BUF got = BUF_MAX(1000);
		struct str *list;
		struct err e;
		enum st st = address_list(&usual, str_c(lists[i].text), &a,
		    &list, &n, &e);

		if (st != lists[i].st)
			fail_msg("%s: %s", lists[i].text, st_name(st));
		for (k = 0; st == ST_OK && k < n; k++) {
			buf_addc(&got, k != 0 ? "|" : "");
			buf_add(&got, list[k]);
		}
		assert_string_equal(buf_c(&got), lists[i].want);
	}
}

/* ":include:" reads nothing; it is an address as any other. */
static void test_list_include(void **state)
{
	AUTO_ARENA a = { 0 };
	struct str *list;
	size_t n;

	(void)state;
	if (address_list(&usual, STR(":include:/etc/passwd"), &a, &list, &n,
		NULL) == ST_OK)
		assert_str(address_domain(list[0]), "org.test");
}

static void test_parts(void **state)
{
	(void)state;
	assert_str(address_domain(STR("a@b@c")), "c");
	assert_str(address_local(STR("a@b@c")), "a@b");
	assert_str(address_domain(STR("abc")), "");
	assert_str(address_local(STR("abc")), "abc");
}

/* What is quoted is read back as it was. */
static void test_quote_roundtrip(void **state)
{
	static const char *const locals[] = { "a", "a b", "a\"b", "a\\b", "a@b",
		".a", "a.", "a..b", "a(b", "a,b", "a:b", "<a>", "a!b", "a%b",
		"+", "a;b", "[a]" };
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(locals); i++) {
		AUTO_ARENA a = { 0 };
		struct address got;
		struct str internal =
		    str_c(arena_printf(&a, "%s@d.test", locals[i]));
		struct str ext = address_external(internal, &a);

		if (address_parse(&got, &plain, ext, &a, NULL) != ST_OK)
			fail_msg("%.*s is refused", STR_ARG(ext));
		assert_true(str_eq(got.address, internal));
		assert_true(str_eq(got.original, ext));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_nul_is_refused),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_list_include),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_quote_roundtrip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
