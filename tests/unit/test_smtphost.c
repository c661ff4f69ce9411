/* test_smtphost - entries of the option smtphost. */

#include "tests/unit/unit.h"

#include "base/macros.h"
#include "fetcher/smtphost.h"

static const struct {
	const char *entry, *host; /* NULL: refused */
	const char *port;
	enum smtphost_tls tls;
} cases[] = {
	{ "h", "h", "25", SMTPHOST_CLEAR },
	{ "127.0.0.1/2525", "127.0.0.1", "2525", SMTPHOST_CLEAR },
	{ "h/smtp", "h", "smtp", SMTPHOST_CLEAR },
	{ "h/", "h", "25", SMTPHOST_CLEAR },
	{ "::1/25", "::1", "25", SMTPHOST_CLEAR },
	{ "h/starttls", "h", "25", SMTPHOST_STARTTLS },
	{ "h/587/STARTTLS", "h", "587", SMTPHOST_STARTTLS },
	{ "h/tls", "h", "465", SMTPHOST_TLS },
	{ "h/2465/tls", "h", "2465", SMTPHOST_TLS },
	{ "h/25/notls", "h", "25", SMTPHOST_CLEAR },
	{ "/run/lmtp", "/run/lmtp", "25", SMTPHOST_CLEAR },
	{ "/run/tls", "/run/tls", "25", SMTPHOST_CLEAR },
	{ "h/25/x", NULL, NULL, SMTPHOST_CLEAR },
	{ "h/tls/25", NULL, NULL, SMTPHOST_CLEAR },
	{ "h/25/tls/x", NULL, NULL, SMTPHOST_CLEAR },
	{ "", NULL, NULL, SMTPHOST_CLEAR },
};

static void test_entries(void **state)
{
	struct smtphost h;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		enum st st = smtphost_parse(cases[i].entry, &h, &e);

		if ((st == ST_OK) != (cases[i].host != NULL))
			fail_msg("%s", cases[i].entry);
		if (st != ST_OK)
			continue;
		assert_string_equal(h.host, cases[i].host);
		assert_string_equal(h.port, cases[i].port);
		assert_int_equal(h.tls, cases[i].tls);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
