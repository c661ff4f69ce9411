/* test_report - lines for people and log readers, in every mode. */

#include "tests/unit/unit.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/macros.h"
#include "fetcher/report.h"

/* What stdout, stderr and the log file saw. */
struct saw {
	char out[1000], err[1000], log[1000];
};

static void slurp(int fd, char text[1000])
{
	ssize_t n = pread(fd, text, 999, 0);

	assert_true(n >= 0);
	text[n] = '\0';
	close(fd);
}

static int temp(void)
{
	char path[] = "/tmp/test_report.XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	unlink(path);
	return fd;
}

static void speak(void)
{
	report_info("%d message", 1);
	report_note("No mail");
	report_part("reading");
	report_part(" message");
	report_error("bad\x1b[2J thing\r\nmore");
	report_done(" flushed");
	report_dialogue("POP3", '>', STR("STAT"));
	report_always("status %d", 2);
}

static void run(enum verbosity v, bool logfile, struct saw *s)
{
	struct report_how how = { "prog", v, false, -1, false };
	int out = dup(1), err = dup(2), f[3] = { temp(), temp(), temp() };

	if (logfile)
		how.logfile = f[2];
	fflush(stdout);
	dup2(f[0], 1);
	dup2(f[1], 2);
	report_init(&how);
	speak();
	how = (struct report_how){ "prog", REPORT_NORMAL, false, -1, false };
	report_init(&how);
	dup2(out, 1);
	dup2(err, 2);
	close(out);
	close(err);
	slurp(f[0], s->out);
	slurp(f[1], s->err);
	slurp(f[2], s->log);
}

static const struct {
	enum verbosity v;
	bool logfile;
	struct saw want;
} cases[] = {
	{ REPORT_NORMAL, false,
	    { "1 message\nprog: No mail\nreading message flushed\n"
	      "prog: status 2\n",
		"prog: bad?[2J thing? more\n", "" } },
	{ REPORT_SILENT, false,
	    { "prog: status 2\n", "prog: bad?[2J thing? more\n", "" } },
	{ REPORT_VERBOSE, false,
	    { "1 message\nprog: No mail\nreading message flushed\n"
	      "prog: POP3> STAT\nprog: status 2\n",
		"prog: bad?[2J thing? more\n", "" } },
	/* Everything into the file, each line with its name. */
	{ REPORT_NORMAL, true,
	    { "", "",
		"prog: 1 message\nprog: No mail\n"
		"prog: bad?[2J thing? more\n"
		"prog: reading message flushed\nprog: status 2\n" } },
};

static void test_lines(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		struct saw s;

		run(cases[i].v, cases[i].logfile, &s);
		assert_string_equal(s.out, cases[i].want.out);
		assert_string_equal(s.err, cases[i].want.err);
		assert_string_equal(s.log, cases[i].want.log);
	}
}

/* However much a server says: the line is cut. */
static void test_long(void **state)
{
	static char text[100000];
	struct report_how how = { "prog", REPORT_NORMAL, false, temp(), false };
	int copy = dup(how.logfile);

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	report_init(&how);
	report_error("%s", text);
	report_part("%s", text);
	report_done("%s", text);
	assert_true(lseek(copy, 0, SEEK_END) < 10000);
	close(how.logfile);
	close(copy);
	how.logfile = -1;
	report_init(&how);
}

/* Marks: 3000 octets of header, three lines of 400, another line between. */
static void speak_marked(void)
{
	size_t i;

	report_part("reading");
	report_header_moved(3000);
	for (i = 0; i < 3; i++)
		report_line_moved(400);
	report_error("oops");
	report_done(" flushed");
}

static void test_marks(void **state)
{
	struct report_how how = { "prog", REPORT_NORMAL, false, -1, true };
	int out = dup(1), err = dup(2), file = temp(), log = temp();
	char text[2000];

	(void)state;
	fflush(stdout);
	dup2(file, 1);
	dup2(file, 2);
	report_init(&how);
	speak_marked();
	how.logfile = log;
	report_init(&how);
	speak_marked();
	how = (struct report_how){ "prog", REPORT_NORMAL, false, -1, false };
	report_init(&how);
	speak_marked();
	dup2(out, 1);
	dup2(err, 2);
	close(out);
	close(err);
	slurp(file, text);
	assert_string_equal(text,
	    "reading ..#.**.*\nprog: oops\n flushed\n"
	    "prog: oops\nreading flushed\n");
	slurp(log, text);
	assert_string_equal(text,
	    "prog: oops\nprog: reading ..#.**.* flushed\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_marks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
