/* test_uidl - the id file: what stays in it, and that it is safe. */

#include "tests/unit/unit.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/macros.h"
#include "fetcher/uidl.h"

static char dir[] = "/tmp/test_uidl.XXXXXX";
static char path[64];

static void put(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fputs(text, f) < 0, 0);
	fclose(f);
}

static void expect(const char *want)
{
	AUTO_BUF text = BUF_MAX(10000);
	struct err e;

	assert_int_equal(io_read_file(path, &text, &e), ST_OK);
	assert_string_equal(buf_c(&text), want);
}

/* u@h is cleared and learns uid "new": what is in the file then. */
static const struct {
	const char *before, *after;
} cases[] = {
	{ "", "u@h new\n" },
	{ "u@h old\n", "u@h new\n" },
	{ "u@H old\nu@h new\n", "u@h new\n" },
	{ "v@h a\nu@h old\nu@i b\n", "v@h a\nu@i b\nu@h new\n" },
	{ "x@u@h a\n", "x@u@h a\nu@h new\n" },
	/* Odd lines are not ours to lose. */
	{ "\nnonsense\n@ @\nv@h a b\r\n", "nonsense\n@ @\nv@h a b\nu@h new\n" },
	{ "v@h no line end", "v@h no line end\nu@h new\n" },
};

static void test_update(void **state)
{
	struct uidl *u;
	struct err e;
	struct stat sb;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		put(cases[i].before);
		assert_int_equal(uidl_load(&u, path, &e), ST_OK);
		uidl_clear(u, "u", "h", STR_NONE);
		uidl_add(u, "u", "h", STR("new"));
		assert_int_equal(uidl_save(u, &e), ST_OK);
		uidl_free(u);
		expect(cases[i].after);
		assert_int_equal(stat(path, &sb), 0);
		assert_int_equal(sb.st_mode & 07777, 0600);
	}
	unlink(path);
}

static void test_seen(void **state)
{
	struct uidl *u;
	struct err e;

	(void)state;
	put("u@Host 1\nu@v@host 2\nw@host a@b\n");
	assert_int_equal(uidl_load(&u, path, &e), ST_OK);
	assert_true(uidl_seen(u, "u", "host", STR("1")));
	assert_true(uidl_seen(u, "u", "HOST", STR("1")));
	assert_true(uidl_seen(u, "u@v", "host", STR("2")));
	assert_true(uidl_seen(u, "w", "host", STR("a@b")));
	assert_false(uidl_seen(u, "u", "host", STR("2")));
	assert_false(uidl_seen(u, "u", "hos", STR("1")));
	/* Uids are compared as they are. */
	assert_false(uidl_seen(u, "w", "host", STR("A@B")));
	uidl_clear(u, "u", "host", STR_NONE);
	assert_false(uidl_seen(u, "u", "host", STR("1")));
	assert_true(uidl_seen(u, "u@v", "host", STR("2")));
	uidl_free(u);
	unlink(path);
}

static void test_prefix(void **state)
{
	struct uidl *u;
	struct err e;

	(void)state;
	put("u@h imap:A:1\nu@h imap:AB:1\nu@h imap:a:1\nu@h pop3:A\n");
	assert_int_equal(uidl_load(&u, path, &e), ST_OK);
	assert_true(uidl_any(u, "U", "H", STR("imap:A:")));
	assert_false(uidl_any(u, "u", "h", STR("imap:B:")));
	assert_false(uidl_any(u, "v", "h", STR("")));
	uidl_clear(u, "u", "h", STR("imap:A:"));
	assert_false(uidl_any(u, "u", "h", STR("imap:A:")));
	assert_true(uidl_seen(u, "u", "h", STR("imap:a:1")));
	uidl_remove(u, "u", "h", STR("imap:AB:1"));
	uidl_remove(u, "u", "h", STR("nothing"));
	assert_false(uidl_seen(u, "u", "h", STR("imap:AB:1")));
	assert_int_equal(uidl_save(u, &e), ST_OK);
	uidl_free(u);
	expect("u@h imap:a:1\nu@h pop3:A\n");
	unlink(path);
}

/* What cannot be looked at is not taken for empty. */
static void test_unreadable(void **state)
{
	struct uidl *u;
	struct err e;

	(void)state;
	put("");
	assert_int_equal(uidl_load(&u, "/dev/null/ids", &e), ST_TEMP);
	uidl_free(u);
	unlink(path);
}

static void test_removed_when_empty(void **state)
{
	struct uidl *u;
	struct err e;

	(void)state;
	put("u@h 1\n");
	assert_int_equal(uidl_load(&u, path, &e), ST_OK);
	uidl_clear(u, "u", "h", STR_NONE);
	assert_int_equal(uidl_save(u, &e), ST_OK);
	uidl_free(u);
	assert_int_not_equal(access(path, F_OK), 0);
	/* A missing one is empty. */
	assert_int_equal(uidl_load(&u, path, &e), ST_OK);
	assert_int_equal(uidl_save(u, &e), ST_OK);
	uidl_free(u);
	assert_int_not_equal(access(path, F_OK), 0);
}

/* When it cannot be written, the old one stays. */
static void test_failure(void **state)
{
	char other[80];
	struct uidl *u;
	struct err e;

	(void)state;
	put("u@h 1\n");
	assert_int_equal(uidl_load(&u, path, &e), ST_OK);
	uidl_add(u, "u", "h", STR("2"));
	snprintf(other, sizeof(other), "%s_", path);
	assert_int_equal(mkdir(other, 0700), 0);
	assert_int_equal(uidl_save(u, &e), ST_TEMP);
	assert_non_null(strstr(e.text, "id file"));
	expect("u@h 1\n");
	rmdir(other);
	assert_int_equal(uidl_save(u, &e), ST_OK);
	expect("u@h 1\nu@h 2\n");
	uidl_free(u);
	unlink(path);
}

static int setup(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/ids", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_update),
		cmocka_unit_test(test_seen),
		cmocka_unit_test(test_prefix),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_removed_when_empty),
		cmocka_unit_test(test_failure),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
