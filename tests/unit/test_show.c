/* test_show - which parameters are shown, and how. */

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/macros.h"
#include "tests/unit/capture.h"
#include "vdeliver/show.h"

static char dir[] = "/tmp/test_show.XXXXXX";
static char path[sizeof(dir) + 10];

static int setup(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/main.cf", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

/* What show prints, the directory as DIR. */
static enum st run(const char *main_cf, unsigned flags, struct buf *out,
    struct err *e)
{
	AUTO_FD fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);
	enum st st;

	assert_true(io_write_full(fd, main_cf, strlen(main_cf)));
	st = show_run(dir, flags, f, e);
	fclose(f);
	buf_set(out, (struct str){ text, n });
	free(text);
	return st;
}

static const struct {
	const char *main_cf;
	unsigned flags;
	const char *want, *warned; /* the second: a part of it */
} cases[] = {
	/* sorted, folded, only what is used */
	{ "virtual_mailbox_base = /m\nmyorigin =\n  $mydomain\n"
	  "header_checks = x\n",
	    SHOW_SET, "myorigin = $mydomain\nvirtual_mailbox_base = /m\n",
	    "main.cf: unused parameter: header_checks=x\n" },
	/* a name that a used one refers to is used, whoever made it up */
	{ "here = /x/$there\nthere = y\nvirtual_mailbox_base = ${here}\n"
	  "data_directory = /d\nnobody = z\n",
	    SHOW_SET,
	    "here = /x/$there\nthere = y\n"
	    "virtual_mailbox_base = ${here}\n",
	    "unused parameter: nobody=z\n" },
	{ "here = /x/$there\nthere = y\nvirtual_mailbox_base = ${here}\n",
	    SHOW_SET | SHOW_EXPANDED,
	    "here = /x/y\nthere = y\nvirtual_mailbox_base = /x/y\n", "" },
	{ "relayhost =\n", SHOW_SET, "relayhost =\n", "" },
};

static void test_set(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		AUTO_BUF got = BUF_MAX(10000);
		struct err e;

		capture_start();
		assert_int_equal(run(cases[i].main_cf, cases[i].flags, &got,
				     &e),
		    ST_OK);
		capture_stop();
		assert_str(buf_str(&got), cases[i].want);
		if (strstr(captured, cases[i].warned) == NULL)
			fail_msg("logged \"%s\", want \"%s\"", captured,
			    cases[i].warned);
	}
}

/* Every line is a parameter's; main.cf counts for nothing. */
static void test_defaults(void **state)
{
	AUTO_BUF got = BUF_MAX(100000);
	struct err e;

	(void)state;
	assert_int_equal(run("virtual_minimum_uid = 7\n", SHOW_DEFAULTS, &got,
			     &e),
	    ST_OK);
	assert_non_null(strstr(buf_c(&got), "\nvirtual_minimum_uid = 100\n"));
	assert_non_null(strstr(buf_c(&got),
	    "\nsmtpd_banner = $myhostname ESMTP $mail_name\n"));
	assert_null(strstr(buf_c(&got), "header_checks"));
	buf_reset(&got);
	assert_int_equal(run("", SHOW_DEFAULTS | SHOW_EXPANDED, &got, &e),
	    ST_OK);
	assert_null(strstr(buf_c(&got), "$myhostname"));
}

static void test_errors(void **state)
{
	AUTO_BUF got = BUF_MAX(100000);
	struct err e;

	(void)state;
	assert_int_equal(run("myorigin = $a\na = $b\nb = $a\n",
			     SHOW_SET | SHOW_EXPANDED, &got, &e),
	    ST_TEMP);
	assert_non_null(strstr(e.text, "unreasonable macro call nesting"));
	assert_int_equal(run("myorigin\n", SHOW_SET, &got, &e), ST_TEMP);
	assert_non_null(strstr(e.text, "missing '='"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
