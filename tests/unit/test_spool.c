/* test_spool - inline or memfd, sealed, within the budget. */

#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"
#include "vdeliver/spool.h"

static void fill(struct spool *s, size_t total, size_t piece)
{
	static char bytes[300000];
	size_t n;

	for (n = 0; n < sizeof(bytes); n++)
		bytes[n] = (char)(n * 7 + n / 251);
	for (n = 0; n < total; n += piece) {
		size_t some = total - n < piece ? total - n : piece;

		assert_int_equal(spool_add(s, (struct str){ bytes + n, some },
				     NULL),
		    ST_OK);
	}
}

static void check(struct spool *s, size_t total)
{
	AUTO_BUF got = BUF_MAX(400000);
	struct err e;
	size_t n;

	if (spool_fd(s) < 0)
		buf_add(&got, spool_inline(s));
	else
		assert_int_equal(io_slurp(spool_fd(s), "x", &got, &e), ST_OK);
	assert_int_equal(got.n, total);
	assert_int_equal(spool_size(s), total);
	for (n = 0; n < total; n++)
		if (got.p[n] != (char)(n * 7 + n / 251))
			fail_msg("octet %zu differs", n);
}

/* Every size around the limits, in pieces of several sizes. */
static void test_sizes(void **state)
{
	static const size_t totals[] = { 0, 1, 99, 100, 101, 65535, 65536,
		65537, 65636, 131072, 200000, 290000 };
	static const size_t pieces[] = { 1, 99, 100, 101, 4096, 65536, 300000 };
	struct spool_budget budget = { 0, 1000000 };
	size_t i, k;

	(void)state;
	for (i = 0; i < NELEM(totals); i++) {
		for (k = 0; k < NELEM(pieces); k++) {
			struct spool s;

			if (totals[i] / pieces[k] > 70000)
				continue;
			spool_init(&s, &budget, 100);
			fill(&s, totals[i], pieces[k]);
			assert_int_equal(budget.used, totals[i]);
			assert_int_equal(spool_seal(&s, NULL), ST_OK);
			assert_int_equal(spool_seal(&s, NULL), ST_OK);
			assert_int_equal(spool_fd(&s) >= 0, totals[i] > 100);
			check(&s, totals[i]);
			spool_clear(&s);
			assert_int_equal(budget.used, 0);
		}
	}
}

static void test_sealed(void **state)
{
	struct spool_budget budget = { 0, 1000000 };
	struct spool s;
	char c;

	(void)state;
	spool_init(&s, &budget, 10);
	fill(&s, 5000, 1000);
	assert_int_equal(spool_fd(&s), -1);
	assert_int_equal(spool_seal(&s, NULL), ST_OK);
	assert_true(spool_fd(&s) >= 0);
	assert_int_equal(pwrite(spool_fd(&s), "x", 1, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(spool_fd(&s), 10), -1);
	assert_int_equal(fcntl(spool_fd(&s), F_ADD_SEALS, F_SEAL_WRITE), -1);
	assert_int_equal(read(spool_fd(&s), &c, 1), 1);
	assert_int_equal(c, 0);
	spool_clear(&s);
}

static void test_budget(void **state)
{
	struct spool_budget budget = { 0, 1000 };
	struct spool a, b;
	struct err e;

	(void)state;
	spool_init(&a, &budget, 100);
	spool_init(&b, &budget, 100);
	fill(&a, 600, 600);
	assert_false(spool_full(&budget, 400));
	assert_true(spool_full(&budget, 401));
	fill(&b, 400, 400);
	assert_true(spool_full(&budget, 1));
	assert_int_equal(spool_add(&b, STR("x"), &e), ST_TEMP);
	assert_string_equal(e.dsn, "4.3.1");
	assert_string_equal(e.text, "Insufficient system storage");
	/* It stays failed, also when there is room again. */
	spool_clear(&a);
	assert_int_equal(budget.used, 400);
	assert_int_equal(spool_add(&b, STR("x"), &e), ST_TEMP);
	assert_int_equal(spool_seal(&b, &e), ST_TEMP);
	spool_clear(&b);
	spool_clear(&b);
	spool_clear(NULL);
	assert_int_equal(budget.used, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_sealed),
		cmocka_unit_test(test_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
