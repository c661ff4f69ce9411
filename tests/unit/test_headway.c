/* test_headway - what is said of a fetch that takes long. */

#include "tests/unit/unit.h"

#include "base/macros.h"
#include "fetcher/headway.h"

static const struct {
	struct headway p;
	const char *want;
} cases[] = {
	{ { 1, 0, 0, 0, 0 }, "0 of 1 message, 0 B, 0 B/s" },
	{ { 3, 0, 1, 999, 1000 }, "1 of 3 messages, 999 B, 999 B/s" },
	{ { 340, 45000000, 12, 1250000, 5000 },
	    "12 of 340 messages, 1.2 MB of 45.0 MB, 250.0 kB/s, 2:55 left" },
	{ { 2, 1000, 1, 2000, 1000 },
	    "1 of 2 messages, 2.0 kB of 1.0 kB, 2.0 kB/s, 0:00 left" },
	{ { 2, 1000000000000, 0, 1, 1000 },
	    "0 of 2 messages, 1 B of 1.0 TB, 1 B/s, 16666666666:39 left" },
};

static void test_text(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		AUTO_BUF out = BUF_MAX(200);

		headway_text(&out, &cases[i].p);
		assert_string_equal(buf_c(&out), cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
