/*
 * Tests of headers and body lines; what is wanted was measured with postmap
 * 3.7 and its options -h, -b and -m. And of JSON strings.
 */

#include "tests/unit/unit.h"

#include "base/macros.h"
#include "maptool/json.h"
#include "maptool/mime.h"

#define MIXED "Content-Type: multipart/mixed; boundary=x\n"

/* [header] and (body line). */
static const struct {
	const char *message;
	bool parts;
	const char *want;
} cases[] = {
	{ "", true, "" },
	{ "\n", true, "()" },
	{ "A: b", true, "[A: b]" },
	{ "A: b\n\nC: d\n", false, "[A: b]()(C: d)" },
	{ "A: b\n c\n\td\n\n e\n", false, "[A: b\n c\n\td]()( e)" },
	{ "A: b\n  \nB: c\n\nx", false, "[A: b\n  ][B: c]()(x)" },
	{ "A : b\nB\t :c\n\n", false, "[A: b][B:c]()" },
	/* Neither header nor blank line: as if there had been one. */
	{ "A: b\nno header\nC: d\n", true, "[A: b]()(no header)(C: d)" },
	{ " lead\nA: b\n", true, "()( lead)(A: b)" },
	{ "From x y\nA: b\n", true, "()(From x y)(A: b)" },
	{ "A: b\r\n\r\nC: d\n", true, "[A: b\r]()(\r)(C: d)" },
	/* Parts. */
	{ MIXED "\npre\n--x\nA: b\n\nbody\n--x--\nC: d\n", true,
	    "["
	    "Content-Type: multipart/mixed; boundary=x"
	    "]()(pre)(--x)"
	    "[A: b]()(body)(--x--)(C: d)" },
	{ MIXED "\n--x\nA: b\n", false,
	    "[Content-Type: multipart/mixed; boundary=x]()(--x)(A: b)" },
	{ MIXED "\n--xyz\nA: b\n", true,
	    "[Content-Type: multipart/mixed; boundary=x]()(--xyz)[A: b]" },
	{ MIXED "--x\nA: b\n", true,
	    "[Content-Type: multipart/mixed; boundary=x]()(--x)[A: b]" },
	{ MIXED "\n--x\nA: b\n--x\nB: c\nno\nC: d\n--x--\n--x\nE: f\n", true,
	    "[Content-Type: multipart/mixed; boundary=x]()(--x)[A: b](--x)"
	    "[B: c](no)(C: d)(--x--)(--x)(E: f)" },
	{ "Content-Type: Multipart/x; a=b; Boundary = \"x \\y\" ; c=d\n\n"
	  "--x y\nA: b\n",
	    true,
	    "[Content-Type: Multipart/x; a=b; Boundary = \"x \\y\" ; c=d]()"
	    "(--x y)[A: b]" },
	{ "content-type: multipart / x (c (d\\)) e); boundary=x(f)\n\n--x\nA: b",
	    true,
	    "[content-type: multipart / x (c (d\\)) e); boundary=x(f)]()(--x)"
	    "[A: b]" },
	{ "Content-Type: multipart/x\n\n--\nA: b\n", true,
	    "[Content-Type: multipart/x]()(--)(A: b)" },
	{ "Content-Type: multipart/x; boundary=\"\"\n\n--\nA: b\n", true,
	    "[Content-Type: multipart/x; boundary=\"\"]()(--)(A: b)" },
	{ MIXED "Content-Type: text/plain\n\n--x\nA: b\n", true,
	    "[Content-Type: multipart/mixed; boundary=x]"
	    "[Content-Type: text/plain]()(--x)(A: b)" },
	/* An outer boundary ends the inner parts. */
	{ MIXED "\n--x\nContent-Type: multipart/y; boundary=y\n\n--y\nA: b\n"
		"--x\nC: d\n\n--y\nE: f\n",
	    true,
	    "[Content-Type: multipart/mixed; boundary=x]()(--x)"
	    "[Content-Type: multipart/y; boundary=y]()(--y)[A: b](--x)[C: d]()"
	    "(--y)(E: f)" },
	/* Messages within. */
	{ "Content-Type: message/rfc822\n\nA: b\n\nC: d\n", true,
	    "[Content-Type: message/rfc822]()[A: b]()(C: d)" },
	{ "Content-Type: message/rfc822\n\nA: b\n\nC: d\n", false,
	    "[Content-Type: message/rfc822]()(A: b)()(C: d)" },
	{ "Content-Type: message/rfc822\nno\nA: b\n", true,
	    "[Content-Type: message/rfc822]()(no)(A: b)" },
	{ "Content-Type: multipart/digest; boundary=x\n\n--x\n\nA: b\n\nC: d\n",
	    true,
	    "[Content-Type: multipart/digest; boundary=x]()(--x)()[A: b]()"
	    "(C: d)" },
};

static void on_header(struct str text, void *arg)
{
	buf_addf(arg, "[%.*s]", STR_ARG(text));
}

static void on_body(struct str text, void *arg)
{
	buf_addf(arg, "(%.*s)", STR_ARG(text));
}

static void feed(struct mime_how *how, const char *message, struct buf *got)
{
	struct str rest = str_c(message), line;
	struct mime *m;

	how->arg = got;
	m = mime_new(how);
	while (rest.n != 0) {
		str_cut(&rest, '\n', &line);
		mime_line(m, line);
	}
	mime_end(m);
	mime_free(m);
}

static void test_lines(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		AUTO_BUF got = BUF_MAX(2000);
		struct mime_how how = { cases[i].parts, 1000, 100, 2000,
			on_header, on_body, NULL };

		feed(&how, cases[i].message, &got);
		assert_string_equal(buf_c(&got), cases[i].want);
	}
}

static const struct {
	size_t header_max, nesting_max, boundary_max;
	const char *message, *want;
} limits[] = {
	/* A long header takes no more lines once it is long. */
	{ 4, 9, 9, "A: b\n c\n\nx", "[A: b]()(x)" },
	{ 5, 9, 9, "A: b\n c\n d\n\nx", "[A: b\n c]()(x)" },
	{ 99, 9, 1, "Content-Type: multipart/x; boundary=xy\n\n--xz\nA: b\n",
	    "[Content-Type: multipart/x; boundary=xy]()(--xz)[A: b]" },
	{ 99, 1, 9,
	    MIXED "\n--x\nContent-Type: multipart/y; boundary=y\n\n--y\nA: b\n",
	    "[Content-Type: multipart/mixed; boundary=x]()(--x)"
	    "[Content-Type: multipart/y; boundary=y]()(--y)(A: b)" },
};

static void test_limits(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(limits); i++) {
		AUTO_BUF got = BUF_MAX(2000);
		struct mime_how how = { true, limits[i].header_max,
			limits[i].nesting_max, limits[i].boundary_max,
			on_header, on_body, NULL };

		feed(&how, limits[i].message, &got);
		assert_string_equal(buf_c(&got), limits[i].want);
	}
}

static void test_one_kind(void **state)
{
	AUTO_BUF got = BUF_MAX(100);
	struct mime_how how = { false, 100, 9, 9, on_header, NULL, NULL };

	(void)state;
	feed(&how, "A: b\n\nx\n", &got);
	assert_string_equal(buf_c(&got), "[A: b]");
	buf_reset(&got);
	how.header = NULL;
	how.body = on_body;
	feed(&how, "A: b\n\nx\n", &got);
	assert_string_equal(buf_c(&got), "()(x)");
}

static const struct {
	const char *text, *want;
} strings[] = {
	{ "", "\"\"" },
	{ "a/b c", "\"a/b c\"" },
	{ "\"\\", "\"\\\"\\\\\"" },
	{ "\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\"" },
	{ "\x01\x1f\x7f", "\"\\u0001\\u001F\\u007F\"" },
	{ "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
	    "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"" },
	{ "a\xff\xc3z\xc3", "\"a\\uFFFD\\uFFFDz\\uFFFD\"" },
};

static void test_json(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(strings); i++) {
		AUTO_BUF out = BUF_MAX(200);

		json_add(&out, str_c(strings[i].text));
		assert_string_equal(buf_c(&out), strings[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_one_kind),
		cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
