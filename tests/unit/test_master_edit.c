/* test_master_edit - what an edit does to the text of a master.cf. */

#include "tests/unit/unit.h"

#include "base/log.h"
#include "base/macros.h"
#include "maptool/master_edit.h"
#include "tests/unit/capture.h"

static const char text[] = "# top\n"
			   "smtp inet n - y - - smtpd\n"
			   "  # inside\n"
			   "  -o a=b -v\n"
			   "\n"
			   "q unix - - - - - qmgr\n"
			   "smtp unix - - - - - smtp";

#define SMTP_INET "smtp inet n - y - - smtpd\n  # inside\n  -o a=b -v\n\n"
#define Q         "q unix - - - - - qmgr\n"
#define SMTP_UNIX "smtp unix - - - - - smtp"
#define COLS      "       -       -       -       -       "

static const struct {
	char what;
	enum edit_mode mode;
	const char *operands[3];
	enum st st;
	const char *want; /* the text, or the error's */
	const char *said;
} cases[] = {
	/* -M */
	{ 'M', EDIT_SET, { "q/unix=q unix - - - - 1 x -o c=d" }, ST_OK,
	    "# top\n" SMTP_INET
	    "q          unix  -       -       -       -       1       x\n"
	    "    -o c=d\n" SMTP_UNIX,
	    "" },
	/* The unfinished last line is ended first. */
	{ 'M', EDIT_SET, { "n/unix=n unix - - - - - x" }, ST_OK,
	    "# top\n" SMTP_INET Q SMTP_UNIX "\nn          unix  -" COLS "x\n",
	    "" },
	{ 'M', EDIT_SET, { "smtp/*=r unix - - - - - x" }, ST_OK,
	    "# top\nr          unix  -" COLS "x\n  # inside\n\n" Q, "" },
	/* What the new entry would be a second one of goes, too. */
	{ 'M', EDIT_SET, { "smtp/inet=q unix - - - - - x" }, ST_OK,
	    "# top\nq          unix  -" COLS "x\n  # inside\n\n" SMTP_UNIX,
	    "" },
	{ 'M', EDIT_DROP, { "smtp/inet", "no/unix" }, ST_OK,
	    "# top\n  # inside\n\n" Q SMTP_UNIX, "" },
	{ 'M', EDIT_COMMENT, { "smtp/*" }, ST_OK,
	    "# top\n#smtp inet n - y - - smtpd\n  # inside\n#  -o a=b -v\n\n" Q
	    "#" SMTP_UNIX,
	    "" },
	/* -F: printed anew, behind the comments that follow it. */
	{ 'F', EDIT_SET, { "*/*/chroot=n", "q/unix/wakeup=3?" }, ST_OK,
	    "# top\n  # inside\n\n"
	    "smtp       inet  n       -       n       -       -       smtpd\n"
	    "    -o a=b\n    -v\n"
	    "q          unix  -       -       n       3?      -       qmgr\n"
	    "smtp       unix  -       -       n       -       -       smtp\n",
	    "" },
	{ 'F', EDIT_SET, { "q/unix/command=x -o {e=f g}" }, ST_OK,
	    "# top\n" SMTP_INET "q          unix  -" COLS
	    "x\n    -o {e=f g}\n" SMTP_UNIX,
	    "" },
	{ 'F', EDIT_SET, { "no/unix/chroot=n" }, ST_OK,
	    "# top\n" SMTP_INET Q SMTP_UNIX,
	    "warning: unmatched service_name/type: \"no/unix/chroot=n\"\n" },
	{ 'F', EDIT_SET, { "q/unix/command=" }, ST_TEMP,
	    "invalid command field \"\" in \"\"", "" },
	{ 'F', EDIT_SET, { "q/unix/chroot=" }, ST_TEMP,
	    "invalid chroot field \"\" in \"\"", "" },
	/* -P: a new one comes before what is no option. */
	{ 'P', EDIT_SET, { "smtp/inet/a=1", "smtp/inet/z=" }, ST_OK,
	    "# top\n  # inside\n\n"
	    "smtp       inet  n       -       y       -       -       smtpd\n"
	    "    -o a=1\n    -v\n    -o z=\n" Q SMTP_UNIX,
	    "" },
	{ 'P', EDIT_DROP, { "*/*/a" }, ST_OK,
	    "# top\n  # inside\n\n"
	    "smtp       inet  n       -       y       -       -       smtpd "
	    "-v\n"
	    "q          unix  -" COLS "qmgr\n"
	    "smtp       unix  -" COLS "smtp\n",
	    "" },
};

static enum st add_all(struct master_edits *m, const char *const *operands,
    struct err *e)
{
	enum st st = ST_OK;
	size_t i;

	for (i = 0; i < 3 && operands[i] != NULL && st == ST_OK; i++)
		st = master_edit_add(m, operands[i], e);
	return st;
}

static void test_text(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		struct master_edits m = { .what = master_mode(cases[i].what),
			.mode = cases[i].mode };
		AUTO_BUF out = BUF_MAX(10000);
		struct err e = { .text = "" };
		enum st st = add_all(&m, cases[i].operands, &e);

		capture_start();
		if (st == ST_OK)
			st = master_edit_text(&m, str_c(text), "F", &out, &e);
		capture_stop();
		assert_int_equal(st, cases[i].st);
		assert_string_equal(st == ST_OK ? buf_c(&out) : e.text,
		    cases[i].want);
		assert_string_equal(captured, cases[i].said);
		master_edits_clear(&m);
	}
}

static void test_bad_file(void **state)
{
	static const struct {
		const char *text, *want;
	} files[] = {
		{ "# x\nsmtp\n inet n - - - - x\n",
		    "file F: line 2: specify service name and type on the same "
		    "line" },
		{ "smtp inet\n", "file F: line 1: bad field count" },
		{ "a=b unix - - - - - x\n",
		    "file F: line 1: service name syntax \"a=b\" is "
		    "unsupported with -Me, -Fe, -Pe, -X, or -#" },
		{ "a u/x - - - - - x\n",
		    "file F: line 1: service type syntax \"u/x\" is "
		    "unsupported with -Me, -Fe, -Pe, -X, or -#" },
	};
	static const char *const operands[3] = { "smtp/inet/a=b" };
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(files); i++) {
		struct master_edits m = { .what = master_mode('P'),
			.mode = EDIT_SET };
		AUTO_BUF out = BUF_MAX(10000);
		struct err e;

		assert_int_equal(add_all(&m, operands, &e), ST_OK);
		assert_int_equal(master_edit_text(&m, str_c(files[i].text), "F",
				     &out, &e),
		    ST_TEMP);
		assert_string_equal(e.text, files[i].want);
		master_edits_clear(&m);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_bad_file),
	};

	log_init("postconf");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
