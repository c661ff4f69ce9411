/* test_bulk - records in memory: duplicates, and the orders they come out in. */

#include "tests/unit/unit.h"

#include <stdlib.h>

#include "map/bulk.h"

static const char *const keys[] = { "b", "a", "", "bb", "B", "b", "a\xff",
	"aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaab", "aaaaaaaa" };

static void put_keys(struct bulk *b, enum bulk_dup dup, bool nul)
{
	size_t i;
	char val[20];

	for (i = 0; i < NELEM(keys); i++) {
		snprintf(val, sizeof(val), "%zu", i);
		assert_int_equal(bulk_put(b, str_c(keys[i]), str_c(val), nul,
				     dup),
		    i != 5);
	}
}

/* "key=value key=value" in the order of b. */
static const char *shown(const struct bulk *b)
{
	static char text[400];
	size_t i, n = 0;

	text[0] = '\0';
	for (i = 0; i < bulk_count(b); i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%.*s=%.*s ",
		    STR_ARG(bulk_key(bulk_at(b, i))),
		    STR_ARG(bulk_val(bulk_at(b, i))));
	return text;
}

static const struct {
	enum bulk_dup dup;
	const char *want;
} inputs[] = {
	{ BULK_KEEP,
	    "b=0 a=1 =2 bb=3 B=4 a\xff=6 aaaaaaaaaaaaaaaa=7 "
	    "aaaaaaaaaaaaaaab=8 aaaaaaaa=9 " },
	{ BULK_REPLACE,
	    "a=1 =2 bb=3 B=4 b=5 a\xff=6 aaaaaaaaaaaaaaaa=7 "
	    "aaaaaaaaaaaaaaab=8 aaaaaaaa=9 " },
	{ BULK_BOTH,
	    "b=0 a=1 =2 bb=3 B=4 b=5 a\xff=6 aaaaaaaaaaaaaaaa=7 "
	    "aaaaaaaaaaaaaaab=8 aaaaaaaa=9 " },
};

static void test_input(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(inputs); i++) {
		struct bulk *b = bulk_new();

		put_keys(b, inputs[i].dup, false);
		bulk_sort_by_input(b);
		assert_string_equal(shown(b), inputs[i].want);
		bulk_free(b);
	}
}

static void test_by_key(void **state)
{
	struct bulk *b = bulk_new();

	(void)state;
	put_keys(b, BULK_BOTH, false);
	bulk_sort_by_key(b);
	assert_string_equal(shown(b),
	    "=2 B=4 a=1 aaaaaaaa=9 aaaaaaaaaaaaaaaa=7 aaaaaaaaaaaaaaab=8 "
	    "a\xff=6 b=0 b=5 bb=3 ");
	bulk_free(b);
}

static void test_nul(void **state)
{
	struct bulk *b = bulk_new();
	const struct bulk_rec *r;

	(void)state;
	assert_true(bulk_put(b, STR("k"), STR("v"), true, BULK_KEEP));
	/* With and without a NUL these are two keys. */
	assert_true(bulk_put(b, STR("k"), STR("w"), false, BULK_KEEP));
	bulk_sort_by_input(b);
	r = bulk_at(b, 0);
	assert_int_equal(r->key_n, 2);
	assert_int_equal(r->val_n, 2);
	assert_memory_equal(r->p, "k\0v\0", 4);
	bulk_free(b);
}

#define MANY 50000

/* Each bucket in one piece, and within it as they came; all of them are there. */
static void test_by_bucket(void **state)
{
	struct bulk *b = bulk_new();
	const uint32_t mask = 63;
	char key[20], val[20];
	uint32_t last_bucket = 0;
	long last = -1, at;
	size_t i;

	(void)state;
	for (i = 0; i < MANY; i++) {
		snprintf(key, sizeof(key), "key%zu", i % (MANY - 1));
		snprintf(val, sizeof(val), "%zu", i);
		bulk_put(b, str_c(key), str_c(val), true, BULK_REPLACE);
	}
	assert_int_equal(bulk_count(b), MANY - 1);
	bulk_sort_by_bucket(b, mask);
	for (i = 0; i < bulk_count(b); i++) {
		const struct bulk_rec *r = bulk_at(b, i);
		uint32_t bucket = bulk_hash(bulk_key(r)) & mask;

		assert_int_equal(r->hash, bulk_hash(bulk_key(r)));
		assert_true(bucket >= last_bucket);
		at = strtol(bulk_val(r).p, NULL, 10);
		if (bucket > last_bucket)
			last = -1;
		assert_true(at > last);
		last = at;
		last_bucket = bucket;
	}
	bulk_free(b);
}

/* What Berkeley DB writes into the header of its files to know it again. */
static void test_hash(void **state)
{
	(void)state;
	assert_int_equal(bulk_hash((struct str){ "%$sniglet^&", 12 }),
	    0x5e688dd1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_input),
		cmocka_unit_test(test_by_key),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_by_bucket),
		cmocka_unit_test(test_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
