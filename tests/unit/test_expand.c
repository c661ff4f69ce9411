/* test_expand - each form of reference; the answers are Postfix 3.7's. */

#include "tests/unit/unit.h"

#include "base/macros.h"
#include "conf/expand.h"

#define TEN(s) s s s s s s s s s s

static const struct {
	const char *name, *value;
} names[] = {
	{ "a", "1" },
	{ "e", "" },
	{ "u", "$nosuch" },
	{ "lv", "2" },
	{ "deep", "<${a?$two}>" },
	{ "two", "$a$a" },
	{ "self", "$self" },
	{ "v1", "$v2" },
	{ "v2", "$v3" },
	{ "v3", "$v1" },
	{ "wide", "$w1$w1$w1$w1$w1$w1$w1$w1" },
	{ "w1", "123456789 123456789 123456789 " },
	{ "m1", TEN("$m2") },
	{ "m2", TEN("$m3") },
	{ "m3", TEN("$m4") },
	{ "m4", TEN("$m5") },
	{ "m5", TEN("$m6") },
	{ "m6", TEN("$e") },
};

#define OPERATORS                                                         \
	"\"==\" or \"!=\"\" or \"<\"\" or \"<=\"\" or \">=\"\" or \">\" " \
	"expected at: "
#define LETTERS "abcdefghijklmnopqrstuvwxyz"

/* want NULL: an error, and this is its text. */
static const struct {
	const char *text, *want, *error;
} cases[] = {
	{ "", "", NULL },
	{ "plain", "plain", NULL },
	{ "$a ${a} $(a) ${ a }", "1 1 1 1", NULL },
	{ "$$a$$", "$a$", NULL },
	{ "$nosuch-b${nosuch}$1", "-b", NULL },
	{ "$deep", "<11>", NULL },
	{ "${a}{b}", "1{b}", NULL },
	{ "${a?x} ${a?x y} ${a?{x}} ${a?{x}:{y}}", "x x y x x", NULL },
	{ "${a? x }z ${a?{ x }}z", "x z  x z", NULL },
	{ "${a? {x} : {y} } ${a ? {x} : {y} }", "x x", NULL },
	{ "${a?{x}:y} ${e?{x}:y} ${a?x:y} ${e?x:y}", "x y x:y ", NULL },
	{ "${a?} ${a:} ${a:y} ${e:y} ${e:{y}} ${e?{x}:{y}}", "   y y y", NULL },
	{ "${nosuch?x}${nosuch:y}", "y", NULL },
	/* Whether a text is empty is asked before it is expanded. */
	{ "${u?x}${u:y}", "x", NULL },
	{ "$(a?x)$(a?{x}:{y})", "xx", NULL },
	{ "${a?{${e:{q}}}}", "q", NULL },
	{ "${a?{x}} }${a?{b}:c}d}", "x }bd}", NULL },
	{ "${{a} == {b} ? {c} : {d}}${{a}=={a}?{c}:{d}}", "dc", NULL },
	{ "${{a} == {b}?{c}:d}e", "de", NULL },
	{ "${{a} == {a} ? {c}}${{a} == {b} ? {c}}", "c", NULL },
	{ "${{a} == {a} : {c}}${{a} == {b} : {c}}", "c", NULL },
	{ "${{a} == {a}}${{a} == {b}}", "true", NULL },
	{ "${{2} < {10}?{y}:{n}}${{b} < {a}?{y}:{n}}", "yn", NULL },
	{ "${{-2} < {1}?{y}:{n}}${{02}=={2}?{y}:{n}}", "yy", NULL },
	{ "${{ a } == {a}?{y}:{n}}${{} == {}?{y}:{n}}", "ny", NULL },
	{ "${{$a} == {1}?{y}:{n}}", "y", NULL },
	{ "${{2} >= {2}?y}${{2} <= {2}?y}${{2} != {2}?y}${{3} > {2}?y}", "yyy",
	    NULL },
	{ "${{3.10} >level {3.9}?{y}:{n}}", "y", NULL },
	{ "${{3} <level {3.0.1}?{y}:{n}}${{3} ==level {3.0}?{y}:{n}}", "yy",
	    NULL },
	{ "${{1} !=level {2} ?y}${{1} <level{2} ?y}${{1}>=level{2}?y}", "yy",
	    NULL },
	{ "${{$lv} >level {1.99} ? {y}:{n}}", "y", NULL },
	{ "${{1.1000}>level {1.999}?{y}:{n}}", "y", NULL },

	{ "$", NULL, "empty macro name: \"$\"" },
	{ "$a$", NULL, "empty macro name: \"$a$\"" },
	{ "$ a", NULL, "empty macro name: \"$ a\"" },
	{ "$.a", NULL, "empty macro name: \"$.a\"" },
	{ "${}", NULL, "empty macro name: \"${}\"" },
	{ "$()", NULL, "empty macro name: \"$()\"" },
	{ "${a", NULL, "truncated macro reference: \"${a\"" },
	{ "${a?{x", NULL, "truncated macro reference: \"${a?{x\"" },
	{ "${{a} == {b", NULL, "truncated macro reference: \"${{a} == {b\"" },
	{ "$(a?{b)}:c)", NULL,
	    "unbalanced {} in attribute expression: \"{b\"" },
	{ "${a-b}", NULL, "attribute name syntax error at: \"...a>>>-b\"" },
	{ "${a b}", NULL, "attribute name syntax error at: \"...a>>> b\"" },
	{ "${$a}", NULL, "attribute name syntax error at: \"...>>>$a\"" },
	{ "${" LETTERS "!" LETTERS "}", NULL,
	    "attribute name syntax error at: \"..." LETTERS
	    ">>>!abcdefghijklmnopqrs\"" },
	{ "${a?{x}y}", NULL, "\":\" expected at: \"...x}>>>y\"" },
	{ "${{a} == {a}? {x} y}", NULL, "\":\" expected at: \"...x}>>>y\"" },
	{ "${a?{x}:{y}:{z}}", NULL, "unexpected input at: \"...y}>>>:{z}\"" },
	{ "${{a}}", NULL, OPERATORS "\"...a}>>>\"" },
	{ "${{a} = {b}?{x}}", NULL, OPERATORS "\"...a}>>>= {b}?{x}\"" },
	{ "${{1}=<{2}?y}", NULL, OPERATORS "\"...1}>>>=<{2}?y\"" },
	{ "${{a}  b}", NULL, OPERATORS "\"...a}>>>b\"" },
	{ "${{a} == b}", NULL,
	    "\"{expression}\" expected at: \"...{a} ==>>> b\"" },
	{ "${{a} == {b}c}", NULL, "\"?\" or \":\" expected at: \"...}>>>c\"" },
	{ "${{x} >level {3.9}?{y}:{n}}", NULL,
	    "malformed compatibility level syntax: \"x\"" },
	{ "${{1} >level {}?{y}:{n}}", NULL,
	    "malformed compatibility level syntax: \"\"" },
	{ "${{1.2.3.4} <level {2}}", NULL,
	    "malformed compatibility level syntax: \"1.2.3.4\"" },
	{ "${{1.} <level {2}}", NULL,
	    "malformed compatibility level syntax: \"1.\"" },
	{ "${{9999999999999999999999} > {1} ? {y}:{n}}", NULL,
	    "bad conversion: 9999999999999999999999" },
	{ "$self", NULL, "unreasonable macro call nesting: \"self\"" },
	{ "$v1", NULL, "unreasonable macro call nesting: \"v3\"" },
	{ "$m2", "", NULL },
	{ "$m1", NULL, "unreasonable number of macro calls: \"m2\"" },
	{ "$wide", NULL, "expanded value is longer than 200 bytes" },
};

static const char *get(struct str name, void *arg)
{
	size_t i;

	(void)arg;
	for (i = 0; i < NELEM(names); i++)
		if (str_eqc(name, names[i].name))
			return names[i].value;
	return NULL;
}

static void test_cases(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		AUTO_BUF got = BUF_MAX(200);
		struct err e = { "", "" };
		enum st st = expand(str_c(cases[i].text), get, NULL, &got, &e);

		if (cases[i].want != NULL) {
			assert_string_equal(e.text, "");
			assert_int_equal(st, ST_OK);
			assert_string_equal(buf_c(&got), cases[i].want);
		} else {
			assert_int_equal(st, ST_TEMP);
			assert_string_equal(e.text, cases[i].error);
		}
	}
}

/* A chain of n names; Postfix 3.7 takes 100 and refuses 101. */
static const char *chain(struct str name, void *arg)
{
	unsigned *left = arg;

	(void)name;
	return (*left)-- == 1 ? "z" : "$next";
}

static void test_depth(void **state)
{
	AUTO_BUF got = BUF_MAX(10);
	unsigned left = 100;
	struct err e;

	(void)state;
	assert_int_equal(expand(STR("$next"), chain, &left, &got, &e), ST_OK);
	assert_string_equal(buf_c(&got), "z");
	left = 101;
	assert_int_equal(expand(STR("$next"), chain, &left, &got, &e), ST_TEMP);
	assert_string_equal(e.text, "unreasonable macro call nesting: \"z\"");
}

static void note(struct str name, void *arg)
{
	buf_addf(arg, "%.*s,", STR_ARG(name));
}

static void test_names(void **state)
{
	AUTO_BUF got = BUF_MAX(1000);
	AUTO_BUF nest = BUF_MAX(1000);
	struct err e;
	size_t i;

	(void)state;
	assert_int_equal(
	    expand_names(STR("$a ${b?{$c}:{${d}}} $$x ${{$e} == {f} ? $g}"),
		note, &got, &e),
	    ST_OK);
	assert_string_equal(buf_c(&got), "a,b,c,d,e,g,");
	assert_int_equal(expand_names(STR("$a $"), note, &got, &e), ST_TEMP);
	/* As deep as expansion goes, so that no text exhausts the stack. */
	for (i = 0; i < 110; i++)
		buf_addc(&nest, "${a?");
	for (i = 0; i < 110; i++)
		buf_addc(&nest, "}");
	assert_int_equal(expand_names(buf_str(&nest), note, &got, &e), ST_TEMP);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
