/* test_smtp_parse - command lines, xtext, and the end of data. */

#include "tests/unit/unit.h"

#include "base/buf.h"
#include "vdeliver/smtp_data.h"
#include "vdeliver/smtp_parse.h"

static const struct {
	const char *line;
	enum smtp_syntax syntax;
	const char *verb, *arg, *path;
	size_t n_params;
	const char *first, *value; /* of the parameters */
} lines[] = {
	{ "QUIT", SMTP_OK, "QUIT", "", "", 0, "", "" },
	{ "  NOOP  a  b ", SMTP_OK, "NOOP", "a  b", "", 0, "", "" },
	{ "EHLO\tx", SMTP_OK, "EHLO", "x", "", 0, "", "" },
	{ "", SMTP_EMPTY, "", "", "", 0, "", "" },
	{ "  \t", SMTP_EMPTY, "", "", "", 0, "", "" },
	{ "MAIL FROM:<a@b>", SMTP_OK, "MAIL", "FROM:<a@b>", "<a@b>", 0, "",
	    "" },
	{ "mail from: <a@b>", SMTP_OK, "mail", "from: <a@b>", "<a@b>", 0, "",
	    "" },
	{ "MAIL FROM:<>", SMTP_OK, "MAIL", "FROM:<>", "<>", 0, "", "" },
	{ "MAIL FROM:a@b SIZE=10 BODY=7BIT", SMTP_OK, "MAIL",
	    "FROM:a@b SIZE=10 BODY=7BIT", "a@b", 2, "SIZE", "10" },
	{ "MAIL FROM:<a b@c> SMTPUTF8", SMTP_OK, "MAIL",
	    "FROM:<a b@c> SMTPUTF8", "<a b@c>", 1, "SMTPUTF8", "" },
	{ "MAIL FROM:<\"a> b\"@c> X=y=z", SMTP_OK, "MAIL",
	    "FROM:<\"a> b\"@c> X=y=z", "<\"a> b\"@c>", 1, "X", "y=z" },
	{ "MAIL FROM:<a@b> AUTH=<>", SMTP_OK, "MAIL", "FROM:<a@b> AUTH=<>",
	    "<a@b>", 1, "AUTH", "<>" },
	{ "MAIL FROM:a@b AUTH=<>", SMTP_OK, "MAIL", "FROM:a@b AUTH=<>", "a@b",
	    1, "AUTH", "<>" },
	{ "RCPT TO:Name <a@b> X=1", SMTP_OK, "RCPT", "TO:Name <a@b> X=1",
	    "Name <a@b>", 1, "X", "1" },
	{ "RCPT TO:(a b) <a@b>", SMTP_OK, "RCPT", "TO:(a b) <a@b>",
	    "(a b) <a@b>", 0, "", "" },
	{ "RCPT TO:<a@b", SMTP_OK, "RCPT", "TO:<a@b", "<a@b", 0, "", "" },
	{ "RCPT TO:<a@b X=1", SMTP_OK, "RCPT", "TO:<a@b X=1", "<a@b X=1", 0, "",
	    "" },
	{ "RCPT TO:<a@b>x", SMTP_OK, "RCPT", "TO:<a@b>x", "<a@b>x", 0, "", "" },
	{ "MAIL", SMTP_NO_PATH, "MAIL", "", "", 0, "", "" },
	{ "MAIL FROM", SMTP_NO_PATH, "MAIL", "FROM", "", 0, "", "" },
	{ "MAIL FROM:", SMTP_NO_PATH, "MAIL", "FROM:", "", 0, "", "" },
	{ "MAIL FROM:  ", SMTP_NO_PATH, "MAIL", "FROM:", "", 0, "", "" },
	{ "MAIL TO:<a@b>", SMTP_NO_PATH, "MAIL", "TO:<a@b>", "", 0, "", "" },
	{ "RCPT FROM:<a@b>", SMTP_NO_PATH, "RCPT", "FROM:<a@b>", "", 0, "",
	    "" },
	{ "RCPT <a@b>", SMTP_NO_PATH, "RCPT", "<a@b>", "", 0, "", "" },
	{ "MAILFROM:<a@b>", SMTP_OK, "MAILFROM:<a@b>", "", "", 0, "", "" },
	{ "MAIL FROM:<a> 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21",
	    SMTP_MANY_PARAMS, "MAIL",
	    "FROM:<a> 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21",
	    "<a>", SMTP_PARAMS_MAX, "1", "" },
};

static void test_lines(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(lines); i++) {
		struct smtp_command cmd;

		if (smtp_parse(&cmd, str_c(lines[i].line)) != lines[i].syntax)
			fail_msg("%s: wrong outcome", lines[i].line);
		assert_str(cmd.verb, lines[i].verb);
		assert_str(cmd.arg, lines[i].arg);
		assert_str(cmd.path, lines[i].path);
		assert_int_equal(cmd.n_params, lines[i].n_params);
		assert_str(cmd.params[0].name, lines[i].first);
		assert_str(cmd.params[0].value, lines[i].value);
	}
}

static void test_xtext(void **state)
{
	static const struct {
		const char *text, *want; /* NULL: refused */
	} cases[] = {
		{ "abc", "abc" },
		{ "a+2Bb@c", "a+b@c" },
		{ "+3d+3D", "==" },
		{ "a=b", NULL },
		{ "a b", NULL },
		{ "a+2", NULL },
		{ "a+", NULL },
		{ "a+zz", NULL },
		{ "a\xff", NULL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		AUTO_BUF out = BUF_MAX(100);
		bool ok = smtp_xtext(str_c(cases[i].text), &out);

		assert_int_equal(ok, cases[i].want != NULL);
		if (ok)
			assert_string_equal(buf_c(&out), cases[i].want);
	}
}

/* What follows a '|' in want was not consumed; no '|': the end did not come. */
static const struct {
	const char *in, *want;
	bool lf_dot, bare_lf;
} data[] = {
	{ "\r\n.\r\nX", "\r\n|X", false, false },
	{ ".\r\nX", "|X", false, false },
	{ "a\r\n..b\r\n.\r\n", "a\r\n.b\r\n|", false, false },
	{ "a\r\n.b\r\n...\r\n.\r\n", "a\r\nb\r\n..\r\n|", false, false },
	{ "a\r\n.\r\n.\r\n", "a\r\n|.\r\n", false, false },
	/* The ways in which a second message is smuggled. */
	{ "a\n.\nb\r\n", "a\nb\r\n", false, true },
	{ "a\n.\r\nb\r\n", "a\nb\r\n", false, true },
	{ "a\r\n.\nb\r\n", "a\r\nb\r\n", false, true },
	{ "a\r.\rb\r\n", "a\r.\rb\r\n", false, false },
	{ "a\r\n.\rb\r\n", "a\r\n\rb\r\n", false, false },
	{ "a\r\n.\r\r\nb\r\n", "a\r\n\r\r\nb\r\n", false, false },
	{ "a\r.\r\nb\r\n", "a\r.\r\nb\r\n", false, false },
	{ "a\r\n\1.\r\nb\r\n", "a\r\n\1.\r\nb\r\n", false, false },
	{ "a\n\r\n.\r\nb", "a\n\r\n|b", false, true },
	{ "a\n..b\n", "a\n.b\n", false, true },
	{ "\n.\n\r\n.\r\n", "\n\r\n|", false, true },
	/* Clients that may. */
	{ "a\n.\nb", "a\n|b", true, true },
	{ "a\r\n.\nb", "a\r\n|b", true, true },
	{ "a\n.\r\nb", "a\n|b", true, true },
	{ "a\r.\rb", "a\r.\rb", true, false },
};

static void run_data(size_t i, size_t piece, struct buf *out)
{
	struct str in = str_c(data[i].in), meant;
	struct smtp_data d;

	smtp_data_init(&d, data[i].lf_dot);
	while (in.n != 0 && !d.done) {
		size_t n = smtp_data(&d, str_head(in, piece), &meant);

		assert_true(n != 0 || meant.n != 0);
		buf_add(out, meant);
		in = str_skip(in, n);
	}
	if (d.done)
		buf_addch(out, '|');
	buf_add(out, in);
	assert_int_equal(d.bare_lf, data[i].bare_lf);
}

static void test_data(void **state)
{
	size_t i, piece;

	(void)state;
	for (i = 0; i < NELEM(data); i++)
		for (piece = 1; piece <= strlen(data[i].in); piece++) {
			AUTO_BUF out = BUF_MAX(100);

			run_data(i, piece, &out);
			assert_string_equal(buf_c(&out), data[i].want);
		}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_xtext),
		cmocka_unit_test(test_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
