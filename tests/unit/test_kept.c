/* test_kept - the file of what stays on servers. */

#include "tests/unit/unit.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/macros.h"
#include "fetcher/kept.h"

#define FORM "# fetcher: messages that stay, 1\n"

static char path[100];

static int setup(void **state)
{
	char dir[] = "/tmp/test_kept.XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/kept", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	*strrchr(path, '/') = '\0';
	return rmdir(path);
}

static void put(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void expect(const char *want)
{
	AUTO_BUF text = BUF_MAX(10000);
	struct err e;

	assert_int_equal(io_read_file(path, &text, &e), ST_OK);
	assert_string_equal(buf_c(&text), want);
}

static void test_round(void **state)
{
	struct kept *k;
	struct stat sb;
	struct err e;

	(void)state;
	assert_int_equal(kept_load(&k, path, &e), ST_OK);
	assert_int_equal(kept_time(k, "u", "h", STR("pop3:a")), 0);
	kept_add(k, "u", "h", STR("pop3:a"), 100);
	kept_add(k, "u", "h", STR("pop3:a"), 200); /* the first counts */
	kept_add(k, "u", "h", STR("imap:x:1:2"), 300);
	assert_int_equal(kept_save(k, &e), ST_OK);
	kept_free(k);
	expect(FORM "100 u@h pop3:a\n300 u@h imap:x:1:2\n");
	assert_int_equal(stat(path, &sb), 0);
	assert_int_equal(sb.st_mode & 0777, 0600);

	assert_int_equal(kept_load(&k, path, &e), ST_OK);
	assert_int_equal(kept_time(k, "u", "h", STR("pop3:a")), 100);
	kept_renew(k, "u", "h", STR("pop3:"));
	assert_int_equal(kept_time(k, "u", "h", STR("pop3:a")), 0);
	assert_int_equal(kept_time(k, "u", "h", STR("imap:x:1:2")), 300);
	kept_add(k, "u", "h", STR("pop3:a"), 400);
	assert_int_equal(kept_time(k, "u", "h", STR("pop3:a")), 100);
	kept_renew(k, "u", "h", STR(""));
	assert_int_equal(kept_save(k, &e), ST_OK);
	kept_free(k);
	assert_int_not_equal(access(path, F_OK), 0);
}

/* Odd lines are passed over; what a later version wrote stays as it is. */
static void test_odd(void **state)
{
	struct kept *k;
	struct err e;

	(void)state;
	put(FORM "\nx u@h a\n-1 u@h b\n\n7\n5 u@h c");
	assert_int_equal(kept_load(&k, path, &e), ST_OK);
	assert_int_equal(kept_time(k, "u", "h", STR("a")), 0);
	assert_int_equal(kept_time(k, "u", "h", STR("c")), 5);
	kept_free(k);
	put("# fetcher: messages that stay, 2\n5 u@h c\n");
	assert_int_equal(kept_load(&k, path, &e), ST_TEMP);
	kept_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_round, setup, teardown),
		cmocka_unit_test_setup_teardown(test_odd, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
