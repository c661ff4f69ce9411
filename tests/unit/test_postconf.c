/* test_postconf - what an edit does to the file besides its text. */

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "base/macros.h"
#include "maptool/json.h"
#include "maptool/postconf.h"

static char dir[] = "/tmp/test_postconf.XXXXXX";
static char path[sizeof(dir) + 20], tmp[sizeof(dir) + 20];

static int setup(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/main.cf", dir);
	snprintf(tmp, sizeof(tmp), "%s/main.cf.tmp", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	unlink(tmp);
	rmdir(dir);
	return 0;
}

static void put(const char *name, const char *text, mode_t mode)
{
	AUTO_FD fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(io_write_full(fd, text, strlen(text)));
	assert_int_equal(fchmod(fd, mode), 0);
}

static void assert_text(const char *name, const char *want)
{
	AUTO_BUF text = BUF_MAX(100000);
	struct err e;

	assert_int_equal(io_read_file(name, &text, &e), ST_OK);
	assert_string_equal(buf_c(&text), want);
}

static int edit(const char *option, const char *operand)
{
	char name[] = "postconf", c[] = "-c", opt[10], arg[100];
	char *argv[] = { name, c, dir, opt, arg, NULL };

	snprintf(opt, sizeof(opt), "%s", option);
	snprintf(arg, sizeof(arg), "%s", operand);
	return postconf_main(5, argv);
}

static void test_mode_and_owner(void **state)
{
	struct stat st;

	(void)state;
	put(path, "a = 1\n", 0640);
	if (geteuid() == 0)
		assert_int_equal(chown(path, 12345, 23456), 0);
	assert_int_equal(edit("-e", "a=2"), 0);
	assert_text(path, "a = 2\n");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	if (geteuid() == 0) {
		assert_int_equal(st.st_uid, 12345);
		assert_int_equal(st.st_gid, 23456);
	}
	assert_int_equal(access(tmp, F_OK), -1);
}

/* The same of master.cf. */
static void test_master(void **state)
{
	char master[sizeof(path)];
	struct stat st;

	(void)state;
	snprintf(master, sizeof(master), "%s/master.cf", dir);
	put(master, "q unix - - - - - x", 0600);
	if (geteuid() == 0)
		assert_int_equal(chown(master, 12345, 23456), 0);
	assert_int_equal(edit("-P", "q/unix/a=b"), 0);
	assert_text(master,
	    "q          unix  -       -       -       -       -       x\n"
	    "    -o a=b\n");
	assert_int_equal(stat(master, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	if (geteuid() == 0) {
		assert_int_equal(st.st_uid, 12345);
		assert_int_equal(st.st_gid, 23456);
	}
	unlink(master);
}

static void test_json(void **state)
{
	static const struct {
		const char *value, *want;
	} cases[] = {
		{ "a/b", "{\"n\": \"a/b\"}\n" },
		{ "\"\\\b\f\n\r\t", "{\"n\": \"\\\"\\\\\\b\\f\\n\\r\\t\"}\n" },
		{ "\x01\x7f", "{\"n\": \"\\u0001\\u007F\"}\n" },
		{ "gr\xc3\xbc\xe2\x82\xac",
		    "{\"n\": \"gr\xc3\xbc\xe2\x82\xac\"}\n" },
		/* Not UTF-8, so not JSON. */
		{ "a\xfc\xc3", "{\"n\": \"a\\uFFFD\\uFFFD\"}\n" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		AUTO_BUF out = BUF_MAX(1000);

		json_record(&out, STR("n"), str_c(cases[i].value));
		assert_string_equal(buf_c(&out), cases[i].want);
	}
}

/* A link stays one; its target is edited, in the target's folder. */
static void test_link(void **state)
{
	char target[sizeof(path)];
	struct stat st;

	(void)state;
	snprintf(target, sizeof(target), "%s/real", dir);
	put(target, "a = 1\n", 0644);
	unlink(path);
	assert_int_equal(symlink("real", path), 0);
	assert_int_equal(edit("-X", "a"), 0);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_text(target, "");
	unlink(path);
	unlink(target);
}

/* What a killed postconf left is no part of the new file. */
static void test_stale(void **state)
{
	(void)state;
	put(path, "a = 1\n", 0644);
	put(tmp, "a long text that was never finished = ", 0600);
	assert_int_equal(edit("-#", "a"), 0);
	assert_text(path, "#a = 1\n");
	assert_int_equal(access(tmp, F_OK), -1);
}

/* Edits at the same time all survive. */
static void test_together(void **state)
{
	enum {
		WRITERS = 8
	};
	AUTO_BUF text = BUF_MAX(10000);
	struct err e;
	char one[20];
	int i, status;

	(void)state;
	put(path, "", 0644);
	for (i = 0; i < WRITERS; i++) {
		if (fork() != 0)
			continue;
		snprintf(one, sizeof(one), "w%d=x", i);
		_exit(edit("-e", one));
	}
	for (i = 0; i < WRITERS; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(io_read_file(path, &text, &e), ST_OK);
	for (i = 0; i < WRITERS; i++) {
		snprintf(one, sizeof(one), "w%d = x\n", i);
		assert_non_null(strstr(buf_c(&text), one));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mode_and_owner),
		cmocka_unit_test(test_master),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_link),
		cmocka_unit_test(test_stale),
		cmocka_unit_test(test_together),
	};

	log_init("postconf");
	return cmocka_run_group_tests(tests, setup, teardown);
}
