/* test_listen_master - what master.cf says of where smtpd listens. */

#include "tests/unit/unit.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/macros.h"
#include "tests/unit/capture.h"
#include "vdeliver/master_cf.h"

static char dir[] = "/tmp/listen-master.XXXXXX";

static const struct {
	const char *file, *want, *said;
} cases[] = {
	{ "smtp inet n - y - - smtpd\n", "inet:localhost:smtp ", "" },
	{ "10025 inet n - y - - smtpd\n127.0.0.1:26 inet n - n - - smtpd\n",
	    "inet:localhost:10025 inet:127.0.0.1:26 ", "" },
	{ "smtps inet n - y - - smtpd\n  -o smtpd_tls_wrappermode=yes\n",
	    "smtps:inet:localhost:smtps ", "" },
	{ "465 inet n - y - - smtpd -o {smtpd_tls_wrappermode = YES}\n",
	    "smtps:inet:localhost:465 ", "" },
	{ "465 inet n - y - - smtpd -o smtpd_tls_wrappermode=no\n",
	    "inet:localhost:465 ", "" },
	{ "587 inet n - y - - smtpd\n    -o smtpd_tls_security_level=encrypt\n",
	    "inet:localhost:587 ",
	    "warning: master.cf: service 587: -o "
	    "smtpd_tls_security_level=encrypt is not used: all ports share "
	    "main.cf\n" },
	{ "pickup unix n - y 60 1 pickup\nlmtp inet n - y - - lmtp\n",
	    "inet:127.0.0.1:2525", "" },
	{ "", "inet:127.0.0.1:2525", "" },
	{ NULL, "inet:127.0.0.1:2525", "" },
};

static void test_cases(void **state)
{
	struct settings set = { .config_directory = dir,
		.inet_interfaces = "loopback-only" };
	char path[64];
	struct err e;
	size_t i;

	(void)state;
	snprintf(path, sizeof(path), "%s/master.cf", dir);
	for (i = 0; i < NELEM(cases); i++) {
		AUTO_BUF out = BUF_MAX(1000);

		unlink(path);
		if (cases[i].file != NULL) {
			FILE *f = fopen(path, "w");

			assert_non_null(f);
			fputs(cases[i].file, f);
			fclose(f);
		}
		capture_start();
		assert_int_equal(master_cf_listen(&set, &out, &e), ST_OK);
		capture_stop();
		assert_string_equal(buf_c(&out), cases[i].want);
		assert_string_equal(captured, cases[i].said);
	}
	unlink(path);
}

static void test_broken(void **state)
{
	struct settings set = { .config_directory = dir,
		.inet_interfaces = "all" };
	AUTO_BUF out = BUF_MAX(1000);
	char path[64];
	struct err e;
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%s/master.cf", dir);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("smtp inet n - y\n", f);
	fclose(f);
	assert_int_equal(master_cf_listen(&set, &out, &e), ST_TEMP);
	assert_non_null(strstr(e.text, "line 1: bad field count"));
	unlink(path);
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) == NULL;
}

static int remove_dir(void **state)
{
	(void)state;
	return rmdir(dir);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_broken),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
