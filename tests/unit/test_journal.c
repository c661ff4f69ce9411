/* test_journal - what is appended is had again, and what is torn is not. */

#include "tests/unit/unit.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "fetcher/journal.h"

#define FORM "# fetcher: journal, 1\n"

static char path[100];

static int setup(void **state)
{
	char dir[] = "/tmp/test_journal.XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/journal", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	*strrchr(path, '/') = '\0';
	return rmdir(path);
}

/* "K account key\n" for each record. */
static void gather(void *arg, char kind, struct str account, struct str key)
{
	buf_addf(arg, "%c|%.*s|%.*s\n", kind, STR_ARG(account), STR_ARG(key));
}

static void open_and_expect(struct journal *j, const char *want, size_t bad)
{
	AUTO_BUF got = BUF_MAX(100000);
	struct err e;
	size_t n;

	assert_int_equal(journal_open(j, path, gather, &got, &n, &e), ST_OK);
	assert_string_equal(buf_c(&got), want);
	assert_int_equal(n, bad);
}

static void add(const struct journal *j, const char *key)
{
	struct err e;

	assert_int_equal(journal_add(j, 'D', "u u", "h", str_c(key), &e),
	    ST_OK);
}

static void put(const char *text, size_t n)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static void get(struct buf *text)
{
	struct err e;

	buf_reset(text);
	assert_int_equal(io_read_file(path, text, &e), ST_OK);
}

static void test_round(void **state)
{
	struct journal j;
	struct stat sb;
	struct err e;

	(void)state;
	open_and_expect(&j, "", 0);
	assert_int_equal(stat(path, &sb), 0);
	assert_int_equal(sb.st_mode & 0777, 0600);
	add(&j, "pop3:1");
	add(&j, "imap:A B:1");
	j.dirty = true;
	assert_int_equal(journal_sync(&j, &e), ST_OK);
	assert_false(j.dirty);
	journal_close(&j);
	open_and_expect(&j, "D|u u@h|pop3:1\nD|u u@h|imap:A B:1\n", 0);
	add(&j, "pop3:2");
	assert_int_equal(journal_empty(&j, &e), ST_OK);
	add(&j, "pop3:3");
	journal_close(&j);
	open_and_expect(&j, "D|u u@h|pop3:3\n", 0);
	assert_int_equal(journal_empty(&j, &e), ST_OK);
	journal_close(&j);
	assert_int_equal(access(path, F_OK), -1); /* empty: it goes */
}

/* Cut off at each octet: what was whole stays, and can be added to. */
static void test_cut(void **state)
{
	AUTO_BUF all = BUF_MAX(10000);
	struct journal j;
	size_t n, first, last;

	(void)state;
	open_and_expect(&j, "", 0);
	add(&j, "1");
	first = (size_t)lseek(j.fd, 0, SEEK_END);
	add(&j, "2");
	journal_close(&j);
	get(&all);
	last = all.n;
	for (n = 0; n <= last; n++) {
		put(all.p, n);
		open_and_expect(&j,
		    n == last       ? "D|u u@h|1\nD|u u@h|2\n"
			: n < first ? ""
				    : "D|u u@h|1\n",
		    n != last && n != first && n > sizeof(FORM) - 1);
		add(&j, "3");
		journal_close(&j);
		open_and_expect(&j,
		    n == last       ? "D|u u@h|1\nD|u u@h|2\nD|u u@h|3\n"
			: n < first ? "D|u u@h|3\n"
				    : "D|u u@h|1\nD|u u@h|3\n",
		    0);
		journal_close(&j);
	}
}

/* One octet is wrong: that record is none, the others are. */
static void test_changed(void **state)
{
	AUTO_BUF all = BUF_MAX(10000);
	struct journal j;
	size_t i;

	(void)state;
	unlink(path);
	open_and_expect(&j, "", 0);
	add(&j, "1");
	add(&j, "2");
	journal_close(&j);
	get(&all);
	for (i = sizeof(FORM) - 1; all.p[i] != '\n'; i++) {
		all.p[i] ^= 1;
		put(all.p, all.n);
		open_and_expect(&j, "D|u u@h|2\n", all.p[i] == '\n' ? 2 : 1);
		journal_close(&j);
		all.p[i] ^= 1;
	}
}

static void test_refused(void **state)
{
	AUTO_BUF key = BUF_MAX(20000);
	struct journal j;
	struct err e;
	size_t bad;

	(void)state;
	put("# fetcher: journal, 2\nx\n", 24);
	assert_int_equal(journal_open(&j, path, gather, NULL, &bad, &e),
	    ST_TEMP);
	assert_non_null(strstr(e.text, "a form that this version"));
	unlink(path);
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_int_equal(journal_open(&j, path, gather, NULL, &bad, &e),
	    ST_TEMP);
	unlink(path);
	assert_int_equal(journal_open(&j, "/nowhere/at/all", gather, NULL, &bad,
			     &e),
	    ST_NONE);
	open_and_expect(&j, "", 0);
	while (key.n < 10000)
		buf_addch(&key, 'x');
	assert_int_equal(journal_add(&j, 'D', "u", "h", buf_str(&key), &e),
	    ST_TEMP);
	journal_close(&j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
