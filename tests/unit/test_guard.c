/* test_guard - a child that ends, crashes, hangs, or never stops talking. */

#include "tests/unit/unit.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "maptool/guard.h"

static int ends(int out UNUSED, void *arg)
{
	return *(int *)arg;
}

static int crashes(int out UNUSED, void *arg)
{
	raise(*(int *)arg);
	return 0;
}

static int hangs(int out UNUSED, void *arg UNUSED)
{
	while (pause() != 0)
		;
	return 0;
}

static int talks(int out, void *arg UNUSED)
{
	char text[1000] = { 0 };

	while (io_write_full(out, text, sizeof(text)))
		;
	return 0;
}

static void test_status(void **state)
{
	struct err e;
	int want, status;

	(void)state;
	for (want = 0; want < 4; want++) {
		assert_int_equal(guard_run(ends, &want, -1, &status, &e),
		    ST_OK);
		assert_int_equal(status, want);
	}
}

static void test_crash(void **state)
{
	int signals[] = { SIGSEGV, SIGBUS, SIGABRT, SIGKILL };
	struct err e;
	int status;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(signals); i++) {
		assert_int_equal(guard_run(crashes, &signals[i], 5000, &status,
				     &e),
		    ST_TEMP);
		assert_non_null(strstr(e.text, "was ended by signal "));
	}
}

/* Neither silence nor noise goes on for longer than it may. */
static void test_deadline(void **state)
{
	guard_fn *const fns[] = { hangs, talks };
	struct err e;
	size_t i;
	int status;

	(void)state;
	for (i = 0; i < NELEM(fns); i++) {
		int64_t begun = clock_ms();

		assert_int_equal(guard_run(fns[i], NULL, 200, &status, &e),
		    ST_TEMP);
		assert_non_null(strstr(e.text, "did not end "));
		assert_true(clock_ms() - begun < 5000);
		/* It is gone. */
		assert_int_equal(waitpid(-1, &status, WNOHANG), -1);
	}
}

static void test_read(void **state)
{
	struct guard g;
	char text[10];
	struct err e;
	size_t got;
	int status;

	(void)state;
	assert_int_equal(guard_start(&g, talks, NULL, &e), ST_OK);
	assert_int_equal(guard_read(&g, text, sizeof(text), 5000, &got, &e),
	    ST_OK);
	assert_int_equal(got, sizeof(text));
	assert_int_equal(guard_end(&g, 0, &status, &e), ST_TEMP);
	assert_int_equal(guard_start(&g, hangs, NULL, &e), ST_OK);
	assert_int_equal(guard_read(&g, text, sizeof(text), 100, &got, &e),
	    ST_TEMP);
	assert_int_equal(guard_end(&g, 0, &status, &e), ST_TEMP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_crash),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
