/* test_db_files - hash, btree and lmdb files by our own eyes: what the libraries
 * wrote is all there, and no damage brings more than an error. */

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "map/bdb_file.h"
#include "map/build.h"
#include "map/lmdb_file.h"
#include "map/map.h"

static char dir[64];

static const struct format {
	const char *type, *suffix;
	size_t key_max;
} formats[] = {
	{ "hash", ".db", 1000 },
	{ "btree", ".db", 1000 },
	{ "lmdb", ".lmdb", 510 },
};

static const char *spec(const struct format *f)
{
	static char s[100];

	snprintf(s, sizeof(s), "%s:%s/%s", f->type, dir, f->type);
	return s;
}

static const char *path(const struct format *f)
{
	static char s[100];

	snprintf(s, sizeof(s), "%s/%s%s", dir, f->type, f->suffix);
	return s;
}

/* Record i: keys of 1 to key_max bytes, some values longer than pages. */
static void record(const struct format *f, unsigned i, struct buf *key,
    struct buf *val)
{
	unsigned r = i * 2654435761u;
	size_t key_n = i % 16 == 3 ? 7 + r % (f->key_max - 6) : 8;
	size_t val_n = i == 7 ? 5000 : i % 50 == 7 ? r % 60000 : 1 + r % 40;

	buf_setf(key, "%07u", i);
	while (key->n < key_n)
		buf_addch(key, (char)('a' + r % 26));
	buf_setf(val, "%u:", i);
	while (val->n < val_n)
		buf_addch(val, (char)('A' + r % 26));
}

static void build(const struct format *f, unsigned from, unsigned to, bool add)
{
	struct map_build_how how = { .mode = 0600,
		.uid = (uid_t)-1,
		.add = add };
	AUTO_BUF key = BUF_MAX(2000);
	AUTO_BUF val = BUF_MAX(100000);
	struct map_build *b;
	struct err e;

	if (map_build_open(&b, str_c(spec(f)), "hash", &how, &e) != ST_OK)
		fail_msg("%s", e.text);
	for (; from < to; from++) {
		record(f, from, &key, &val);
		if (map_build_put(b, buf_str(&key), buf_str(&val), &e) != ST_OK)
			fail_msg("%s", e.text);
	}
	if (map_build_commit(b, &e) != ST_OK)
		fail_msg("%s", e.text);
}

static struct map *open_map(const struct format *f, unsigned flags)
{
	struct map *m;
	struct err e;

	if (map_open(&m, str_c(spec(f)), "hash", flags, &e) != ST_OK)
		fail_msg("%s", e.text);
	return m;
}

static void erase(const struct format *f, unsigned from, unsigned to,
    unsigned step)
{
	struct map *m = open_map(f, MAP_WRITE);
	AUTO_BUF key = BUF_MAX(2000);
	AUTO_BUF val = BUF_MAX(100000);
	struct err e;
	unsigned i;

	for (i = from; i < to; i += step) {
		record(f, i, &key, &val);
		if (map_del(m, buf_str(&key), &e) != ST_OK)
			fail_msg("%s: %s", buf_c(&key), e.text);
	}
	map_close(m);
}

/* Records from 0 to n are there, but each step-th (0: all are). */
static void check(const struct format *f, unsigned n, unsigned step,
    unsigned flags)
{
	struct map *m = open_map(f, flags);
	AUTO_BUF key = BUF_MAX(2000);
	AUTO_BUF val = BUF_MAX(100000);
	AUTO_BUF got = BUF_MAX(100000);
	unsigned i, seen = 0, want = 0;
	struct err e;
	enum st st;

	for (i = 0; i < n; i++) {
		bool gone = step != 0 && i % step == 0;

		record(f, i, &key, &val);
		st = map_get(m, buf_str(&key), &got, &e);
		if (st != (gone ? ST_NONE : ST_OK))
			fail_msg("%s %u: %s %s", f->type, i, st_name(st),
			    st == ST_TEMP ? e.text : "");
		if (!gone)
			assert_str(buf_str(&got), buf_c(&val));
		want += !gone;
		map_pause(m);
	}
	assert_int_equal(map_get(m, STR("none"), &got, &e), ST_NONE);
	while ((st = map_next(m, &key, &val, &e)) == ST_OK)
		seen++;
	assert_int_equal(st, ST_NONE);
	assert_int_equal(seen, want);
	map_close(m);
}

#define MANY 3000

static void test_all_there(void **state)
{
	const struct format *f;

	(void)state;
	for (f = formats; f < formats + NELEM(formats); f++) {
		build(f, 0, MANY, false);
		check(f, MANY, 0, 0);
		check(f, MANY, 0, MAP_BATCH);
		/* In one table and by the library, too. */
		erase(f, 0, MANY, 3);
		check(f, MANY, 3, 0);
		build(f, MANY, MANY + 500, true);
		erase(f, MANY, MANY + 500, 1);
		check(f, MANY, 3, MAP_WRITE);
		unlink(path(f));
		build(f, 0, MANY, true);
		check(f, MANY, 0, 0);
	}
}

static void test_empty(void **state)
{
	const struct format *f;

	(void)state;
	for (f = formats; f < formats + NELEM(formats); f++) {
		build(f, 0, 0, false);
		check(f, 0, 0, 0);
		check(f, 0, 0, MAP_WRITE);
	}
}

/* The look at it that is taken before the library may write. */
static void look(const struct format *f)
{
	int fd = open(path(f), O_RDONLY);
	struct lmdb_file lmdb;
	struct bdb_file bdb;

	assert_true(fd >= 0);
	lmdb_file_init(&lmdb, fd);
	bdb_file_init(&bdb, fd,
	    strcmp(f->type, "hash") == 0 ? BDB_HASH : BDB_BTREE);
	if (strcmp(f->type, "lmdb") == 0) {
		if (lmdb_file_header(&lmdb) && lmdb_file_check(&lmdb) != ST_OK)
			assert_true(lmdb.why[0] != '\0');
	} else if (bdb_file_header(&bdb) && bdb_file_check(&bdb) != ST_OK) {
		assert_true(bdb.why[0] != '\0');
	}
	lmdb_file_clear(&lmdb);
	bdb_file_clear(&bdb);
	close(fd);
}

/* Ask for all that is there, and list it. */
static void use(const struct format *f, unsigned n)
{
	AUTO_BUF key = BUF_MAX(2000);
	AUTO_BUF val = BUF_MAX(100000);
	AUTO_BUF got = BUF_MAX(100000);
	struct map *m;
	struct err e;
	unsigned i;

	look(f);
	if (map_open(&m, str_c(spec(f)), "hash", MAP_BATCH, &e) != ST_OK)
		return;
	for (i = 0; i < n; i++) {
		record(f, i, &key, &val);
		e.text[0] = '\0';
		if (map_get(m, buf_str(&key), &got, &e) == ST_TEMP)
			assert_true(e.text[0] != '\0');
	}
	i = 0;
	while (map_next(m, &key, &val, &e) == ST_OK)
		assert_true(i++ < 100000);
	map_close(m);
}

static void store(const struct format *f, struct str text)
{
	int fd = open(path(f), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_true(io_write_full(fd, text.p, text.n));
	close(fd);
}

#define FEW 24

static size_t step(size_t at)
{
	return at < 256 || at % 4096 < 64 ? 1 : 67;
}

/* One byte after the other, through headers and the beginning of pages. */
static void test_damage(void **state)
{
	static const unsigned char to[] = { 0x00, 0x01, 0xff };
	const struct format *f;
	size_t at, i;

	(void)state;
	alarm(120);
	for (f = formats; f < formats + NELEM(formats); f++) {
		AUTO_BUF whole = BUF_MAX(1 << 24);
		struct err e;

		unlink(path(f));
		build(f, 0, FEW, false);
		assert_int_equal(io_read_file(path(f), &whole, &e), ST_OK);
		for (at = 0; at < whole.n; at += step(at))
			for (i = 0; i < NELEM(to); i++) {
				char old = whole.p[at];

				whole.p[at] = (char)to[i];
				store(f, buf_str(&whole));
				use(f, FEW);
				whole.p[at] = old;
			}
		for (at = 0; at < whole.n; at += 509) {
			store(f, str_head(buf_str(&whole), at));
			use(f, FEW);
		}
	}
	alarm(0);
}

/* A file of another type, and none at all. */
static void test_wrong_type(void **state)
{
	const struct format *f, *g;
	char text[200];
	struct map *m;
	struct err e;

	(void)state;
	for (f = formats; f < formats + NELEM(formats); f++) {
		AUTO_BUF whole = BUF_MAX(1 << 24);

		build(f, 0, FEW, false);
		assert_int_equal(io_read_file(path(f), &whole, &e), ST_OK);
		for (g = formats; g < formats + NELEM(formats); g++) {
			if (g == f)
				continue;
			store(g, buf_str(&whole));
			assert_int_equal(map_open(&m, str_c(spec(g)), "hash", 0,
					     &e),
			    ST_TEMP);
			snprintf(text, sizeof(text),
			    "open database %s: Invalid argument", path(g));
			assert_string_equal(e.text, text);
			build(g, 0, FEW, false);
		}
	}
}

/* --- one long value for all ---------------------------------------------- */

#define PAGE 4096

static unsigned get(const char *p, size_t n)
{
	unsigned v = 0;

	memcpy(&v, p, n);
	return v;
}

static void put(char *p, unsigned v, size_t n)
{
	memcpy(p, &v, n);
}

/* The values of a page become the long one that begins on page first. */
static void share_hash(char *page, unsigned first, unsigned n)
{
	unsigned entries = get(page + 20, 2), i, at, end;

	for (i = 1; page[25] == 13 && i < entries; i += 2) {
		at = get(page + 26 + 2 * i, 2);
		end = get(page + 24 + 2 * i, 2);
		if (end - at < 12)
			continue;
		page[at] = 3;
		put(page + at + 4, first, 4);
		put(page + at + 8, n, 4);
	}
}

static void share_btree(char *page, unsigned first, unsigned n)
{
	unsigned entries = get(page + 20, 2), i, at;

	for (i = 1; page[25] == 5 && i < entries; i += 2) {
		at = get(page + 26 + 2 * i, 2);
		if (page[at + 2] == 1 && get(page + at, 2) < 9)
			continue;
		page[at + 2] = 3;
		put(page + at + 4, first, 4);
		put(page + at + 8, n, 4);
	}
}

static void share_lmdb(char *page, unsigned first, unsigned n)
{
	unsigned nodes = (get(page + 12, 2) - 16) / 2, i, at, key;

	for (i = 0; get(page + 10, 2) == 2 && i < nodes; i++) {
		at = get(page + 16 + 2 * i, 2);
		key = get(page + at + 6, 2);
		if (get(page + at + 4, 2) == 0 && get(page + at, 2) < 8)
			continue;
		put(page + at, n, 4);
		put(page + at + 4, 1, 2);
		memset(page + at + 8 + key, 0, 8);
		put(page + at + 8 + key, first, 4);
	}
}

/* The length of the value whose pages begin at a page, 0: none does. */
static unsigned long_bdb(const char *whole, const char *page)
{
	unsigned n = 0;

	if (page[25] != 7 || get(page + 12, 4) != 0)
		return 0;
	while (page != whole) {
		n += get(page + 22, 2);
		page = whole + (size_t)PAGE * get(page + 16, 4);
	}
	return n;
}

static unsigned long_lmdb(const char *whole, const char *page)
{
	(void)whole;
	return get(page + 10, 2) == 4 ? get(page + 12, 4) * PAGE - 16 : 0;
}

static const struct {
	void (*share)(char *page, unsigned first, unsigned n);
	unsigned (*length)(const char *whole, const char *page);
} sharing[] = {
	{ share_hash, long_bdb },
	{ share_btree, long_bdb },
	{ share_lmdb, long_lmdb },
};

/* All values of a file become its longest one. */
static void share_longest(size_t format, struct str whole)
{
	char *p = (char *)(uintptr_t)whole.p;
	unsigned n = 0, first = 0, here;
	size_t at;

	for (at = PAGE; at < whole.n; at += PAGE) {
		here = sharing[format].length(p, p + at);
		first = here > n ? (unsigned)(at / PAGE) : first;
		n = here > n ? here : n;
	}
	assert_true(n > 10 * PAGE);
	for (at = PAGE; at < whole.n; at += PAGE)
		sharing[format].share(p + at, first, n);
}

/*
 * Each value is long and lies on the same pages: to read them again and again
 * would take the square of the file's size.
 */
static void test_shared(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(formats); i++) {
		const struct format *f = &formats[i];
		AUTO_BUF whole = BUF_MAX(1 << 24);
		AUTO_BUF key = BUF_MAX(2000);
		AUTO_BUF val = BUF_MAX(100000);
		struct map *m;
		struct err e;
		enum st st;

		unlink(path(f));
		build(f, 0, MANY, false);
		assert_int_equal(io_read_file(path(f), &whole, &e), ST_OK);
		share_longest(i, buf_str(&whole));
		store(f, buf_str(&whole));
		m = open_map(f, 0);
		while ((st = map_next(m, &key, &val, &e)) == ST_OK)
			;
		assert_int_equal(st, ST_TEMP);
		if (strstr(e.text, "overlap") == NULL)
			fail_msg("%s: %s", f->type, e.text);
		map_close(m);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_there),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_wrong_type),
		cmocka_unit_test(test_shared),
	};
	const struct format *f;
	int failed;

	log_to_stderr(false);
	snprintf(dir, sizeof(dir), "/tmp/test_db_files.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	for (f = formats; f < formats + NELEM(formats); f++)
		unlink(path(f));
	rmdir(dir);
	return failed;
}
