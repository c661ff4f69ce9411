/* test_netrc - passwords from ~/.netrc. */

#include "tests/unit/unit.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macros.h"
#include "fetcher/netrc.h"

static const struct {
	const char *text, *host, *login, *want; /* NULL: none */
} cases[] = {
	{ "", "h", "u", NULL },
	{ "machine h login u password p\n", "h", "u", "p" },
	{ "machine h login u passwd p", "H", "u", "p" },
	{ "machine h\n\tlogin u\n\tpassword p\n", "h", "u", "p" },
	{ "machine h login u password p", "h", "other", NULL },
	{ "machine h login u password p", "other", "u", NULL },
	{ "machine h password p", "h", "anyone", "p" },
	{ "machine h login a password 1 machine h login b password 2", "h", "b",
	    "2" },
	{ "machine h login u account x password p", "h", "u", "p" },
	{ "machine h login u\n# password no\npassword p", "h", "u", "p" },
	{ "machine h login u password p#q", "h", "u", "p#q" },
	{ "machine h login u password \"p q\"", "h", "u", "p q" },
	{ "machine h login u password \"p\\\"\\\\q\"", "h", "u", "p\"\\q" },
	{ "machine h login u password \"login\"", "h", "u", "login" },
	{ "machine h login u password login", "h", "u", "login" },
	{ "machine h login u password a\\ b", "h", "u", "a b" },
	{ "default login u password p", "any", "u", "p" },
	{ "machine h login u password p default password d", "h", "u", "p" },
	{ "machine h login u password p default password d", "i", "u", "d" },
	{ "macdef init\nmachine h login u password no\n\n"
	  "machine h login u password p",
	    "h", "u", "p" },
	{ "macdef init\nmachine h login u password no\n", "h", "u", NULL },
	{ "password p login u", "h", "u", NULL },
	{ "machine h login u password", "h", "u", NULL },
	{ "machine h login u password \"open", "h", "u", "open" },
	{ "machine", "h", "u", NULL },
};

static void test_lookup(void **state)
{
	const char *got;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		struct netrc n = { 0 };

		netrc_parse(&n, str_c(cases[i].text));
		got = netrc_password(&n, cases[i].host, cases[i].login);
		if (cases[i].want == NULL
			? got != NULL
			: (got == NULL || strcmp(got, cases[i].want) != 0))
			fail_msg("case %zu: got %s", i, got ? got : "none");
		netrc_clear(&n);
	}
}

static void test_file(void **state)
{
	char path[] = "/tmp/test_netrc.XXXXXX";
	int fd = mkstemp(path);
	struct netrc n = { 0 };
	struct err e;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "machine h password p\n", 21), 21);
	assert_int_equal(fchmod(fd, 0640), 0);
	assert_int_equal(netrc_load(&n, path, &e), ST_TEMP);
	assert_non_null(strstr(e.text, "chmod 600"));
	assert_null(netrc_password(&n, "h", "u"));
	assert_int_equal(fchmod(fd, 0600), 0);
	assert_int_equal(netrc_load(&n, path, &e), ST_OK);
	assert_string_equal(netrc_password(&n, "h", "u"), "p");
	netrc_clear(&n);
	close(fd);
	unlink(path);
	assert_int_equal(netrc_load(&n, path, &e), ST_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lookup),
		cmocka_unit_test(test_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
