/* Tests of regexp:, pcre: and cidr:: rules, warnings, answers. */

#include "tests/unit/unit.h"

#include "base/log.h"
#include "base/macros.h"
#include "map/map.h"

static char logged[4000];

static void sink(enum log_level level, const char *tag, const char *line,
    void *arg)
{
	size_t n = strlen(logged);

	(void)level;
	(void)tag;
	(void)arg;
	snprintf(logged + n, sizeof(logged) - n, "%s\n", line);
}

static const struct {
	const char *spec, *key;
	enum st st;
	const char *want;
} cases[] = {
	{ "regexp:{{/^a(.)c$/ $1}, {/x/ two}}", "aBc", ST_OK, "B" },
	{ "regexp:{{/^a(.)c$/ $1}, {/x/ two}}", "zxz", ST_OK, "two" },
	{ "regexp:{{/^a(.)c$/ $1}, {/x/ two}}", "q", ST_NONE, "" },
	{ "regexp:{{/abc/i one}}", "ABC", ST_NONE, "" },
	{ "regexp:{{!/abc/ no}}", "x", ST_OK, "no" },
	{ "regexp:{{!! /abc/ no}}", "x", ST_NONE, "" },
	{ "regexp:{{/(a)(b)?/ [$2]$$}}", "a", ST_OK, "[]$" },
	{ "regexp:{{/a/!/b/ only-a}}", "a", ST_OK, "only-a" },
	{ "regexp:{{/a/!/b/ only-a}}", "ab", ST_NONE, "" },
	{ "regexp:{{if /a/}, {if /b/}, {/c/ abc}, {endif}, {/c/ ac}, {endif}, "
	  "{/c/ c}}",
	    "ac", ST_OK, "ac" },
	{ "regexp:{{if !/a/}, {/c/ c}, {endif}, {/./ else}}", "ac", ST_OK,
	    "else" },
	{ "regexp:{{/a+/x basic}}", "a+", ST_OK, "basic" },
	{ "regexp:{}", "a", ST_NONE, "" },
	{ "pcre:{{/^(?!b)(.*)$/ not-b $1}}", "abc", ST_OK, "not-b abc" },
	{ "pcre:{{/a b # c/x one}}", "AB", ST_OK, "one" },
	{ "pcre:{{/^(?<x>a)(b)/ ${1}$(2)}}", "ab", ST_OK, "ab" },
	{ "pcre:{{/^$/ empty}}", "", ST_OK, "empty" },
	{ "cidr:{{10.0.0.0/8 ten}, {!10.0.0.0/8 other}}", "10.1.1.1", ST_OK,
	    "ten" },
	{ "cidr:{{10.0.0.0/8 ten}, {!10.0.0.0/8 other}}", "1.1.1.1", ST_OK,
	    "other" },
	{ "cidr:{{!10.0.0.0/8 other}}", "::1", ST_NONE, "" },
	{ "cidr:{{[2001:db8::]/32 doc}, {::/0 any}}", "2001:DB8::7", ST_OK,
	    "doc" },
	{ "cidr:{{0.0.0.0/0 any}}", "::ffff:1.2.3.4", ST_NONE, "" },
	{ "cidr:{{0.0.0.0/0 any}}", "[1.2.3.4]", ST_NONE, "" },
	{ "cidr:{{if 10.0.0.0/8}, {10.1.0.0/16 a}, {endif}, {0.0.0.0/0 b}}",
	    "10.2.0.1", ST_OK, "b" },
};

static void answers(void **state)
{
	AUTO_BUF val = BUF_MAX(1000);
	struct map *m;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		if (map_open(&m, str_c(cases[i].spec), "hash", MAP_FOLD, &e) !=
		    ST_OK)
			fail_msg("%s: %s", cases[i].spec, e.text);
		if (map_get(m, str_c(cases[i].key), &val, &e) != cases[i].st)
			fail_msg("%s: %s", cases[i].spec, cases[i].key);
		if (cases[i].st == ST_OK)
			assert_str(buf_str(&val), cases[i].want);
		map_close(m);
	}
}

/* N stands for "TYPE map {...}, line 1: ". */
static const struct {
	const char *spec, *want;
} bad[] = {
	{ "regexp:{{/a}}", "N no closing regexp delimiter \"/\": skipping" },
	{ "pcre:{{/a}}", "N no closing regexp delimiter \"/\": ignoring" },
	{ "regexp:{{!}}", "N no regexp: skipping this rule" },
	{ "regexp:{{/a/q 1}}", "N unknown regexp option \"q\": skipping" },
	{ "pcre:{{/a/X 1}}", "N ignoring obsolete regexp option \"X\"" },
	{ "regexp:{{/(a)/ $2}}", "N out of range replacement index \"2\"" },
	{ "regexp:{{/(a)/ $0}}", "N out-of-range replacement index \"0\"" },
	{ "pcre:{{/(a)/ $0}}", "N out of range replacement index \"0\"" },
	{ "pcre:{{/(a)/ $1x}}", "N non-numeric replacement index \"1x\"" },
	{ "pcre:{{/(a)/ x$}}", "empty macro name: \"x$\"" },
	{ "pcre:{{/(a)/ $(1}}", "truncated macro reference: \"$(1\"" },
	{ "regexp:{{!/(a)/ $1}}", "N $number found in negative match" },
	{ "regexp:{{foo bar}}", "N ignoring unrecognized request" },
	{ "regexp:{{endif}}", "N ignoring ENDIF without matching IF" },
	{ "regexp:{{if /a/}}", "N IF has no matching ENDIF" },
	{ "regexp:{{if /a/ /b/ x}, {endif}}",
	    "N ignoring extra text after IF statement: \"/b/ x\"" },
	{ "pcre:{{/(a/ 1}}", "N error in regex at offset 2: " },
	{ "regexp:{{/(a/ 1}}", "N Unmatched ( or" },
	{ "regexp:{{/a/}}", "N no replacement text: using empty string" },
	{ "cidr:{{10.1.1.1/8 x}}",
	    "N non-null host address bits in \"10.1.1.1/8\", perhaps you "
	    "should use \"10.0.0.0/8\" instead: skipping this rule" },
	{ "cidr:{{10.0.0.0/33 x}}", "N bad mask length in \"10.0.0.0/33\"" },
	{ "cidr:{{10.0.0.0/x x}}", "N bad mask value in \"10.0.0.0/x\"" },
	{ "cidr:{{1.2.3/24 x}}", "N bad network value in \"1.2.3/24\"" },
	{ "cidr:{{01.2.3.4 x}}", "N bad address pattern: \"01.2.3.4\"" },
	{ "cidr:{{[1.2.3.4 x}}", "N missing ']' character after \"[1.2.3.4\"" },
	{ "cidr:{{[1.2.3.4]y x}}", "N garbage after \"[1.2.3.4]\"" },
	{ "cidr:{{1.2.3.4}}", "N no lookup result: skipping this rule" },
	{ "cidr:{{if}}", "N no address pattern: skipping this rule" },
	{ "cidr:{{endif}}", "N ENDIF without IF: skipping this rule" },
};

static void warnings(void **state)
{
	char want[500];
	struct map *m;
	struct err e;
	size_t i;

	(void)state;
	log_to_stderr(false);
	log_to_sink(sink, NULL);
	for (i = 0; i < NELEM(bad); i++) {
		struct str name = str_c(bad[i].spec), type;

		logged[0] = '\0';
		str_cut(&name, ':', &type);
		if (map_open(&m, str_c(bad[i].spec), "hash", 0, &e) != ST_OK)
			fail_msg("%s: %s", bad[i].spec, e.text);
		map_close(m);
		if (bad[i].want[0] == 'N')
			snprintf(want, sizeof(want),
			    "%.*s map %.*s, line 1: %s", STR_ARG(type),
			    STR_ARG(name), bad[i].want + 2);
		else
			snprintf(want, sizeof(want), "%s", bad[i].want);
		if (strstr(logged, want) == NULL)
			fail_msg("%s: \"%s\"", bad[i].spec, logged);
	}
	log_to_sink(NULL, NULL);
	log_to_stderr(true);
}

static void no_substitution(void **state)
{
	AUTO_BUF val = BUF_MAX(1000);
	struct map *m;
	struct err e;

	(void)state;
	log_to_stderr(false);
	log_to_sink(sink, NULL);
	logged[0] = '\0';
	assert_int_equal(map_open(&m, STR("pcre:{{/(a)/ $1}, {/a/ b}}"), "hash",
			     MAP_DELIVERY, &e),
	    ST_OK);
	assert_int_equal(map_get(m, STR("a"), &val, &e), ST_OK);
	assert_str(buf_str(&val), "b");
	assert_non_null(strstr(logged,
	    "regular expression substitution is not allowed: skipping"));
	map_close(m);
	log_to_sink(NULL, NULL);
	log_to_stderr(true);
}

static void bad_braces(void **state)
{
	static const struct {
		const char *spec, *want;
	} t[] = {
		{ "regexp:{", "regexp map: missing '}' in \"{\"" },
		{ "pcre:{}x", "pcre map: syntax error after '}' in \"{}x\"" },
		{ "cidr:{a}", "cidr map: no '{' at start of text in \"a\"" },
		{ "cidr:/no/such", "open /no/such: No such file or directory" },
	};
	struct map *m;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(t); i++) {
		assert_int_equal(map_open(&m, str_c(t[i].spec), "hash", 0, &e),
		    ST_TEMP);
		assert_string_equal(e.text, t[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),
		cmocka_unit_test(warnings),
		cmocka_unit_test(no_substitution),
		cmocka_unit_test(bad_braces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
