/* test_pages - whole tables, and what is told of damaged ones. */

#include "tests/unit/unit.h"

#include <db.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/xalloc.h"
#include "map/build.h"
#include "map/pages.h"

#define FILE_MAX (16 << 20)
#define LONG     5000 /* more than a page */

static char dir[] = "/tmp/test_pages.XXXXXX";
static char name[sizeof(dir) + 10];

typedef bool check_fn(struct str file, const struct pages_use *use,
    struct pages_info *info);
static const struct kind {
	const char *type, *suffix;
	check_fn *check;
} kinds[] = {
	{ "hash", ".db", pages_check_db },
	{ "btree", ".db", pages_check_db },
#ifdef HAVE_CDB
	{ "cdb", ".cdb", pages_check_cdb },
#endif
};

/* The first problem, and a sum over the records that does not tell order. */
struct seen {
	char first[300];
	size_t problems;
	uint64_t sum;
};

static bool take_record(struct str key, struct str val, void *arg)
{
	struct seen *s = arg;
	uint64_t h = 1;
	size_t i;

	for (i = 0; i < key.n; i++)
		h = h * 31 + (unsigned char)key.p[i];
	for (i = 0; i < val.n; i++)
		h = h * 37 + (unsigned char)val.p[i];
	s->sum += h;
	return true;
}

static bool take_problem(const char *text, void *arg)
{
	struct seen *s = arg;

	if (s->problems++ == 0)
		snprintf(s->first, sizeof(s->first), "%s", text);
	return true;
}

static bool look(const struct kind *k, struct str file, struct seen *s,
    struct pages_info *info)
{
	struct pages_use use = { take_record, take_problem, s };
	bool good;

	*s = (struct seen){ .problems = 0 };
	good = k->check(file, &use, info);
	assert_int_equal(good, s->problems == 0);
	assert_int_equal(info->problems, s->problems);
	return good;
}

static int setup(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(name, sizeof(name), "%s/t", dir);
	return 0;
}

static int teardown(void **state)
{
	char path[sizeof(name) + 10];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(kinds); i++) {
		snprintf(path, sizeof(path), "%s%s", name, kinds[i].suffix);
		unlink(path);
	}
	return rmdir(dir);
}

/* A table of so many records, every fourth of them long; its bytes. */
static void make(const struct kind *k, unsigned records, struct buf *bytes)
{
	struct map_build_how how = { .mode = 0600, .uid = (uid_t)-1 };
	char spec[sizeof(name) + 10], path[sizeof(name) + 10];
	char *long_value = xcalloc(1, LONG + 1);
	struct map_build *b;
	struct err e;
	unsigned i;

	memset(long_value, 'x', LONG);
	snprintf(spec, sizeof(spec), "%s:%s", k->type, name);
	snprintf(path, sizeof(path), "%s%s", name, k->suffix);
	assert_int_equal(map_build_open(&b, str_c(spec), "hash", &how, &e),
	    ST_OK);
	for (i = 0; i < records; i++) {
		char key[30];

		snprintf(key, sizeof(key), "user%u@example.com", i);
		assert_int_equal(map_build_put(b, str_c(key),
				     str_c(i % 4 == 3 ? long_value : "v"), &e),
		    ST_OK);
	}
	assert_int_equal(map_build_commit(b, &e), ST_OK);
	buf_reset(bytes);
	assert_int_equal(io_read_file(path, bytes, &e), ST_OK);
	free(long_value);
}

static void test_whole(void **state)
{
	static const unsigned sizes[] = { 0, 1, 3, 100, 5000 };
	AUTO_BUF bytes = BUF_MAX(64 << 20);
	struct pages_info info;
	struct seen s;
	size_t i, j;

	(void)state;
	for (i = 0; i < NELEM(kinds); i++) {
		for (j = 0; j < NELEM(sizes); j++) {
			make(&kinds[i], sizes[j], &bytes);
			if (!look(&kinds[i], buf_str(&bytes), &s, &info))
				fail_msg("%s of %u: %s", kinds[i].type,
				    sizes[j], s.first);
			assert_int_equal(info.records, sizes[j]);
			assert_string_equal(info.type, kinds[i].type);
		}
	}
}

static const char *shape_key(unsigned i, char *key, size_t size)
{
	/* Every seventh of them on pages of its own. */
	snprintf(key, size, "%0*u%s", i % 7 == 0 ? 3000 : 1, i, "@example.com");
	return key;
}

/* By the library: a byte order, a size of pages; then most of it deleted. */
static void make_shape(const char *path, DBTYPE type, int order,
    unsigned page_size)
{
	static char key[4000];
	unsigned i;
	DB *db;

	assert_int_equal(db_create(&db, NULL, 0), 0);
	assert_int_equal(db->set_lorder(db, order), 0);
	assert_int_equal(db->set_pagesize(db, page_size), 0);
	assert_int_equal(db->set_cachesize(db, 0, 8 << 20, 1), 0);
	assert_int_equal(db->open(db, NULL, path, NULL, type,
			     DB_CREATE | DB_TRUNCATE, 0600),
	    0);
	for (i = 0; i < 3000; i++) {
		DBT k = { .data = key }, v = { .data = key };

		shape_key(i, key, sizeof(key));
		k.size = v.size = (u_int32_t)strlen(key) + 1;
		assert_int_equal(db->put(db, NULL, &k, &v, 0), 0);
	}
	for (i = 0; i < 3000; i++) {
		DBT k = { .data = key };

		shape_key(i, key, sizeof(key));
		k.size = (u_int32_t)strlen(key) + 1;
		if (i % 5 != 0)
			assert_int_equal(db->del(db, NULL, &k, 0), 0);
	}
	assert_int_equal(db->close(db, 0), 0);
}

static void test_shapes(void **state)
{
	static const unsigned pages[] = { 512, 4096, 65536 };
	static const int orders[] = { 1234, 4321 };
	static const DBTYPE methods[] = { DB_HASH, DB_BTREE };
	AUTO_BUF bytes = BUF_MAX(64 << 20);
	char path[sizeof(name) + 10];
	struct pages_info info;
	struct seen s;
	struct err e;
	size_t i;

	(void)state;
	snprintf(path, sizeof(path), "%s.db", name);
	for (i = 0; i < 12; i++) {
		make_shape(path, methods[i % 2], orders[i / 2 % 2],
		    pages[i / 4]);
		buf_reset(&bytes);
		assert_int_equal(io_read_file(path, &bytes, &e), ST_OK);
		if (!look(&kinds[i % 2], buf_str(&bytes), &s, &info))
			fail_msg("%s of %u: %s", kinds[i % 2].type,
			    pages[i / 4], s.first);
		assert_int_equal(info.records, 600);
	}
}

/* A btree's record may be marked as deleted, and that is all of it. */
static unsigned may_vanish(const struct kind *k, size_t flip)
{
	return strcmp(k->type, "btree") == 0 && flip > 0;
}

/* Whatever byte is another one: an answer, soon, and no crash. What changes
 * which keys are found is told; a value has no second copy to compare with. */
static void test_every_byte(void **state)
{
	static const unsigned char flips[] = { 0x01, 0x80, 0xff };
	AUTO_BUF bytes = BUF_MAX(FILE_MAX);
	struct pages_info whole, info;
	struct seen s;
	size_t i, j, at;

	(void)state;
	for (i = 0; i < NELEM(kinds); i++) {
		make(&kinds[i], 7, &bytes);
		assert_true(look(&kinds[i], buf_str(&bytes), &s, &whole));
		for (at = 0; at < bytes.n; at++) {
			for (j = 0; j < NELEM(flips); j++) {
				bytes.p[at] ^= (char)flips[j];
				if (look(&kinds[i], buf_str(&bytes), &s, &info))
					assert_true(
					    info.records >= whole.records -
						may_vanish(&kinds[i], j));
				bytes.p[at] ^= (char)flips[j];
			}
		}
	}
}

static void test_cut_off(void **state)
{
	AUTO_BUF bytes = BUF_MAX(FILE_MAX);
	struct pages_info info;
	struct seen s;
	size_t i, n;

	(void)state;
	for (i = 0; i < NELEM(kinds); i++) {
		make(&kinds[i], 40, &bytes);
		for (n = 0; n < bytes.n; n += n < 3000 ? 1 : 777)
			assert_false(look(&kinds[i],
			    str_head(buf_str(&bytes), n), &s, &info));
	}
}

/* Noise in a place or two of a larger table; noise alone. */
static void test_noise(void **state)
{
	AUTO_BUF bytes = BUF_MAX(FILE_MAX);
	AUTO_BUF whole = BUF_MAX(FILE_MAX);
	unsigned seed = 1;
	struct pages_info info;
	struct seen s;
	size_t i, j, k, n;

	(void)state;
	for (i = 0; i < NELEM(kinds); i++) {
		make(&kinds[i], 30, &whole);
		for (j = 0; j < 400; j++) {
			buf_set(&bytes, buf_str(&whole));
			n = j < 20 ? bytes.n : 1 + j % 64;
			for (k = 0; k < n; k++) {
				size_t at = n == bytes.n
				    ? k
				    : (size_t)rand_r(&seed) % bytes.n;

				bytes.p[at] = (char)rand_r(&seed);
			}
			if (look(&kinds[i], buf_str(&bytes), &s, &info))
				assert_true(n != bytes.n);
		}
	}
}

static void put32(struct buf *b, size_t at, uint32_t v)
{
	assert_true(at + 4 <= b->n);
	memcpy(b->p + at, &v, 4);
}

static uint32_t get32(const struct buf *b, size_t at)
{
	uint32_t v;

	memcpy(&v, b->p + at, 4);
	return v;
}

#define PAGE ((size_t)4096)

static void expect(const struct kind *k, const struct buf *bytes,
    const char *part)
{
	struct pages_info info;
	struct seen s;

	assert_false(look(k, buf_str(bytes), &s, &info));
	if (strstr(s.first, part) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", part, s.first);
}

/* The head was written when the table was smaller than its pages are. */
static void test_torn_hash(void **state)
{
	AUTO_BUF bytes = BUF_MAX(FILE_MAX);
	uint32_t high;

	(void)state;
	make(&kinds[0], 4000, &bytes);
	high = get32(&bytes, 76);
	put32(&bytes, 72, high / 2); /* max_bucket */
	put32(&bytes, 76, high / 2);
	put32(&bytes, 80, high / 4);
	expect(&kinds[0], &bytes, "belong to no bucket");
}

/* The first page of bucket 0 with something in it. */
static size_t used_page(const struct buf *bytes)
{
	size_t at;

	for (at = PAGE; at < bytes->n; at += PAGE)
		if (bytes->p[at + 25] == 13 && bytes->p[at + 20] != 0)
			return at;
	fail_msg("no page with records");
	return 0;
}

static void test_loops(void **state)
{
	AUTO_BUF bytes = BUF_MAX(FILE_MAX);
	size_t at;

	(void)state;
	make(&kinds[0], 500, &bytes);
	at = used_page(&bytes);
	put32(&bytes, at + 16, (uint32_t)(at / PAGE)); /* next: itself */
	expect(&kinds[0], &bytes, "referred to twice");
	make(&kinds[1], 500, &bytes);
	at = get32(&bytes, 88) * PAGE; /* the root's first child: the root */
	put32(&bytes,
	    at + (unsigned char)bytes.p[at + 26] +
		256 * (unsigned char)bytes.p[at + 27] + 4,
	    (uint32_t)(at / PAGE));
	expect(&kinds[1], &bytes, "referred to twice");
}

/* Two buckets' pages changed places. */
static void test_wrong_bucket(void **state)
{
	AUTO_BUF bytes = BUF_MAX(FILE_MAX);
	size_t a, i;

	(void)state;
	make(&kinds[0], 500, &bytes);
	a = used_page(&bytes);
	for (i = 0; i < PAGE; i++) {
		char c = bytes.p[a + i];

		/* All but the page's number. */
		if (i >= 8 && i < 12)
			continue;
		bytes.p[a + i] = bytes.p[a + PAGE + i];
		bytes.p[a + PAGE + i] = c;
	}
	expect(&kinds[0], &bytes, "");
}

static void test_others(void **state)
{
	static const char text[] = "user@example.com value\n";
	AUTO_BUF bytes = BUF_MAX(FILE_MAX);
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(kinds); i++) {
		expect(&kinds[i], &bytes, "the file is empty");
	}
	buf_addc(&bytes, text);
	for (i = 0; i < NELEM(kinds); i++)
		expect(&kinds[i], &bytes, "this is no ");
	while (bytes.n < PAGE)
		buf_addc(&bytes, text);
	expect(&kinds[0], &bytes, "this is no Berkeley DB");
#ifdef HAVE_CDB
	expect(&kinds[2], &bytes, "outside the file");
	make(&kinds[0], 10, &bytes);
	expect(&kinds[2], &bytes, "outside the file");
#endif
}

#ifdef HAVE_CDB
/* One table of n full slots that all lead nowhere near: no quadratic search. */
static void test_slow_cdb(void **state)
{
	enum {
		RECORDS = 200000
	};
	size_t table = 2048 + (size_t)8 * RECORDS, i;
	size_t total = table + (size_t)8 * RECORDS;
	AUTO_BUF bytes = BUF_MAX(total);
	int64_t begun = clock_ms();
	struct pages_info info;
	struct seen s;

	(void)state;
	for (i = 0; i < total; i++)
		buf_addch(&bytes, '\0');
	for (i = 0; i < 256; i++)
		put32(&bytes, 8 * i, (uint32_t)table);
	put32(&bytes, 4, RECORDS);
	for (i = 0; i < RECORDS; i++) {
		put32(&bytes, table + 8 * i, 5381);
		put32(&bytes, table + 8 * i + 4, (uint32_t)(2048 + 8 * i));
	}
	assert_false(look(&kinds[2], buf_str(&bytes), &s, &info));
	assert_true(clock_ms() - begun < 5000);
}
#endif

/* Whoever has seen enough is not told more. */
static bool enough(const char *text UNUSED, void *arg)
{
	++*(int *)arg;
	return false;
}

static void test_stop(void **state)
{
	AUTO_BUF bytes = BUF_MAX(FILE_MAX);
	struct pages_info info;
	int n = 0;
	struct pages_use use = { NULL, enough, &n };

	(void)state;
	make(&kinds[0], 500, &bytes);
	memset(bytes.p + PAGE, 'x', bytes.n - PAGE);
	assert_false(pages_check_db(buf_str(&bytes), &use, &info));
	assert_int_equal(n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_torn_hash),
		cmocka_unit_test(test_loops),
		cmocka_unit_test(test_wrong_bucket),
		cmocka_unit_test(test_others),
#ifdef HAVE_CDB
		cmocka_unit_test(test_slow_cdb),
#endif
		cmocka_unit_test(test_stop),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
