/* test_base - str, buf, num, err, arena, list, hash, clock. */

#include "tests/unit/unit.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/num.h"

static void test_str_split(void **state)
{
	struct str s = STR("  a, bb,,c "), w;
	static const char *const want[] = { "a", "bb", "c" };
	size_t i;

	(void)state;
	for (i = 0; str_word(&s, ", ", &w); i++)
		assert_str(w, want[i]);
	assert_int_equal(i, 3);
	s = STR("k=v=w");
	assert_true(str_cut(&s, '=', &w));
	assert_str(w, "k");
	assert_str(s, "v=w");
	assert_str(str_trim(STR(" \t x y \r\n")), "x y");
	assert_int_equal(str_rfind(STR("a@b@c"), '@'), 3);
	assert_int_equal(str_search(STR("a/../b"), STR("/../")), 1);
	assert_true(str_ieq(STR("RcPt"), STR("rCpT")));
	assert_true(str_cmp(STR("ab"), STR("abc")) < 0);
}

static void test_buf_limit(void **state)
{
	AUTO_BUF b = BUF_MAX(5);
	size_t room;

	(void)state;
	assert_non_null(buf_room(&b, 3, &room));
	assert_string_equal(buf_c(&b), "");
	assert_true(buf_addc(&b, "abc"));
	assert_false(buf_addc(&b, "def"));
	assert_true(b.full);
	/* full is sticky: what comes later must not fill the gap. */
	assert_false(buf_addch(&b, 'x'));
	assert_string_equal(buf_c(&b), "abc");
	assert_true(buf_setf(&b, "%d", 12345));
	assert_false(b.full);
	buf_shift(&b, 2);
	assert_string_equal(buf_c(&b), "345");
	buf_cut(&b, 1);
	assert_string_equal(buf_c(&b), "3");
}

static void test_num(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		int64_t want;
	} times[] = {
		{ "300", true, 300 },
		{ "5m", true, 300 },
		{ "2h", true, 7200 },
		{ "1w", true, 604800 },
		{ "300 s", false, 0 },
		{ "1.5h", false, 0 },
		{ "5M", false, 0 },
		{ "-1", false, 0 },
		{ "", false, 0 },
		{ "s", false, 0 },
	};
	int64_t v;
	uint64_t u;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(times); i++) {
		bool ok = num_time(str_c(times[i].text), 's', &v);

		if (ok != times[i].ok || (ok && v != times[i].want))
			fail_msg("time %s", times[i].text);
	}
	assert_true(num_u64(STR("18446744073709551615"), UINT64_MAX, &u));
	assert_false(num_u64(STR("18446744073709551616"), UINT64_MAX, &u));
	assert_false(num_u64(STR("5000x"), UINT64_MAX, &u));
	assert_false(num_u64(STR("-1"), UINT64_MAX, &u));
	assert_true(num_i64(STR("-9223372036854775808"), INT64_MIN, 0, &v));
	assert_int_equal(v, INT64_MIN);
	assert_true(num_hex(STR("fF"), 255, &u));
	assert_int_equal(u, 255);
}

static void test_err(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(err_temp(&e, "4.2.0", "bad\r\n%s", "x"), ST_TEMP);
	assert_string_equal(e.text, "bad??x");
	err_prefix(&e, "FILE, line %d: ", 3);
	assert_string_equal(e.text, "FILE, line 3: bad??x");
	assert_string_equal(e.dsn, "4.2.0");
	assert_int_equal(st_worse(ST_PERM, ST_TEMP), ST_TEMP);
	assert_int_equal(st_worse(ST_OK, ST_PERM), ST_PERM);
}

struct item {
	int v;
	struct list link;
};

static void test_list(void **state)
{
	struct list l = LIST_INIT(l), m = LIST_INIT(m);
	struct item a = { .v = 1 }, b = { .v = 2 }, c = { .v = 3 };
	int sum = 0;

	(void)state;
	list_add_tail(&l, &a.link);
	list_add_tail(&l, &b.link);
	list_add_tail(&m, &c.link);
	list_splice(&l, &m);
	assert_true(list_empty(&m));
	list_foreach_safe(p, next, &l) {
		sum = sum * 10 + CONTAINER_OF(p, struct item, link)->v;
		if (p == &b.link)
			list_del(p);
	}
	assert_int_equal(sum, 123);
	assert_ptr_equal(list_pop(&l), &a.link);
	assert_ptr_equal(list_pop(&l), &c.link);
	assert_null(list_pop(&l));
}

static void test_hash(void **state)
{
	struct hash *h = hash_new();
	static int values[2000];
	char key[16];
	int i;

	(void)state;
	for (i = 0; i < 2000; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		assert_null(hash_put(h, str_c(key), &values[i]));
	}
	assert_int_equal(hash_count(h), 2000);
	for (i = 0; i < 2000; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		assert_ptr_equal(hash_get(h, str_c(key)), &values[i]);
	}
	assert_ptr_equal(hash_del(h, STR("k7")), &values[7]);
	assert_null(hash_get(h, STR("k7")));
	assert_ptr_equal(hash_put(h, STR("k8"), values), &values[8]);
	hash_free(h, NULL);
}

static void test_arena(void **state)
{
	AUTO_ARENA a = { 0 };
	char *big = arena_alloc(&a, 100000);

	(void)state;
	big[99999] = 'x';
	assert_string_equal(arena_printf(&a, "%s-%d", "a", 1), "a-1");
	assert_str(arena_str(&a, STR("abc")), "abc");
}

static void test_clock(void **state)
{
	AUTO_BUF b = BUF_MAX(100);

	(void)state;
	setenv("TZ", "UTC", 1);
	clock_add_date(&b, 1795489485);
	assert_string_equal(buf_c(&b), "Tue, 24 Nov 2026 03:04:45 +0000 (UTC)");
	clock_set_for_test(1000, 5);
	assert_int_equal(clock_deadline(500), 1500);
	assert_int_equal(clock_left(1500), 500);
	assert_int_equal(clock_left(900), 0);
	assert_int_equal(clock_left(CLOCK_NEVER), -1);
	clock_set_for_test(0, -1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_str_split),
		cmocka_unit_test(test_buf_limit),
		cmocka_unit_test(test_num),
		cmocka_unit_test(test_err),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_arena),
		cmocka_unit_test(test_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
