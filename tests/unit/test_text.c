/* Tests of base64, UTF-8, templates and braces: small texts. */

#include "tests/unit/unit.h"

#include "base/base64.h"
#include "base/macros.h"
#include "base/utf8.h"
#include "map/braces.h"
#include "map/list.h"
#include "map/template.h"
#include "tests/unit/capture.h"

static const struct {
	const char *plain, *coded;
} b64[] = {
	{ "", "" },
	{ "f", "Zg==" },
	{ "fo", "Zm8=" },
	{ "foo", "Zm9v" },
	{ "foobar", "Zm9vYmFy" },
	{ "\xff\xfe\xfd~", "//79fg==" },
};

static void base64_both_ways(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(b64); i++) {
		AUTO_BUF out = BUF_MAX(100);

		assert_true(base64_encode(&out, str_c(b64[i].plain)));
		assert_str(buf_str(&out), b64[i].coded);
		buf_reset(&out);
		assert_true(base64_decode(&out, str_c(b64[i].coded)));
		assert_str(buf_str(&out), b64[i].plain);
	}
}

static void base64_bad(void **state)
{
	static const char *const bad[] = { "Z", "Zg",
		"Zg=", "Zg===", "Zh==", "Zm9=", "@@@@", "Zg==Zg==", "Zm 9v",
		"====", "=Zg=", "Z===" };
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(bad); i++) {
		AUTO_BUF out = BUF_MAX(100);

		if (base64_decode(&out, str_c(bad[i])))
			fail_msg("%s", bad[i]);
	}
}

static void utf8_validity(void **state)
{
	static const struct {
		const char *text;
		bool valid;
	} t[] = { { "", true }, { "a\x01", true }, { "\xc3\xa9", true },
		{ "\xf0\x9f\x98\x80", true }, { "\xff", false },
		{ "\xc3", false }, { "\xc0\x80", false },
		{ "\xed\xa0\x80", false }, { "\xf4\x90\x80\x80", false },
		{ "a\x80", false } };
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(t); i++)
		if (utf8_valid(str_c(t[i].text)) != t[i].valid)
			fail_msg("case %zu", i);
}

static void utf8_folding(void **state)
{
	static const struct {
		const char *text, *want;
	} t[] = { { "ABCxyz", "abcxyz" }, { "\xc3\x89", "\xc3\xa9" },
		{ "STRA\xc3\x9f"
		  "E",
		    "strasse" },
		{ "\xe1\xba\x9e", "ss" }, { "\xc4\xb0", "i\xcc\x87" },
		{ "\xcf\x82", "\xcf\x83" }, { "\xef\xbc\xa1", "\xef\xbd\x81" },
		{ "", "" } };
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(t); i++) {
		AUTO_BUF out = BUF_MAX(100);

		assert_true(utf8_fold(&out, str_c(t[i].text)));
		assert_str(buf_str(&out), t[i].want);
	}
}

/* want: parts, "text:" or "name:" before each; "bad" at an error. */
static const struct {
	const char *text, *want;
} templates[] = {
	{ "", "" },
	{ "a $1-${2}$(3) $$",
	    "text:a |name:1|text:-|name:2|name:3|text: |"
	    "text:$|" },
	{ "${a?{x}}", "name:a?{x}|" },
	{ "$a.b", "name:a|text:.b|" },
	{ "x$", "text:x|bad" },
	{ "$-", "bad" },
	{ "${", "bad" },
	{ "${}", "bad" },
	{ "$(a", "bad" },
};

static void template_parts(void **state)
{
	size_t i;

	(void)state;
	capture_start();
	for (i = 0; i < NELEM(templates); i++) {
		AUTO_BUF got = BUF_MAX(200);
		struct str whole = str_c(templates[i].text), rest = whole, part;
		enum template_part kind;

		while ((kind = template_next(&rest, whole, &part)) ==
			TEMPLATE_TEXT ||
		    kind == TEMPLATE_NAME)
			buf_addf(&got, "%s:%.*s|",
			    kind == TEMPLATE_TEXT ? "text" : "name",
			    STR_ARG(part));
		if (kind == TEMPLATE_BAD)
			buf_addc(&got, "bad");
		assert_string_equal(buf_c(&got), templates[i].want);
	}
	capture_stop();
}

static void braces(void **state)
{
	static const struct {
		const char *text, *want;
	} t[] = { { "{ a }", "a" }, { "{}", "" }, { "{{a}, {b}}", "{a}, {b}" },
		{ "{a} ", "a" }, { "{a", "missing '}' in \"{a\"" },
		{ "{", "missing '}' in \"{\"" },
		{ "{a}b", "syntax error after '}' in \"{a}b\"" },
		{ "a", "no '{' at start of text in \"a\"" },
		{ "", "no '{' at start of text in \"\"" } };
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(t); i++) {
		struct str s = str_c(t[i].text);

		if (braces_strip(&s, &e) == ST_OK)
			assert_str(s, t[i].want);
		else
			assert_string_equal(e.text, t[i].want);
	}
}

static void items(void **state)
{
	struct str s = STR(" hash:a,{b, c} ,, pcre:{{/x y/ z}},d "), item;
	static const char *const want[] = { "hash:a", "{b, c}",
		"pcre:{{/x y/ z}}", "d" };
	size_t i = 0;

	(void)state;
	while (list_item(&s, &item)) {
		assert_true(i < NELEM(want));
		assert_str(item, want[i]);
		i++;
	}
	assert_int_equal(i, NELEM(want));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64_both_ways),
		cmocka_unit_test(base64_bad),
		cmocka_unit_test(utf8_validity),
		cmocka_unit_test(utf8_folding),
		cmocka_unit_test(template_parts),
		cmocka_unit_test(braces),
		cmocka_unit_test(items),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
