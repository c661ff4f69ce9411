/*
 * A hash or btree file: header, lookups, all records, the check before the
 * library may write. Both kinds are tried; the header refuses the other.
 */

#include "map/bdb_file.h"
#include "map/map.h"
#include "tests/fuzz/fuzz.h"

#define VALUE_MAX ((size_t)1 << 24)

/* All records, and each key once more by itself. */
static void list(struct bdb_file *f, struct bdb_file *other)
{
	AUTO_BUF key = BUF_MAX(VALUE_MAX);
	AUTO_BUF val = BUF_MAX(VALUE_MAX);
	struct bdb_at at = { 0 };
	enum st st;

	do {
		buf_reset(&key);
		buf_reset(&val);
		st = bdb_file_next(f, &at, &key, &val);
		if (st == ST_OK)
			st = bdb_file_get(other, buf_str(&key), &val);
	} while (
	    st != ST_TEMP && at.steps < 1000 && (st == ST_OK || at.item != 0));
}

static void pages(int fd, enum bdb_kind kind)
{
	static const struct str keys[] = { { "", 0 }, { "a", 1 }, { "a\0", 2 },
		{ "user@example.com", 17 }, { "\xff\xff", 2 } };
	AUTO_BUF val = BUF_MAX(VALUE_MAX);
	struct bdb_file f, other;
	size_t i;

	bdb_file_init(&f, fd, kind);
	bdb_file_init(&other, fd, kind);
	if (bdb_file_header(&f) && bdb_file_header(&other)) {
		for (i = 0; i < NELEM(keys); i++) {
			buf_reset(&val);
			if (bdb_file_get(&f, keys[i], &val) != ST_OK)
				buf_reset(&val);
		}
		list(&f, &other);
		if (bdb_file_check(&f) != ST_OK)
			buf_reset(&val);
	}
	bdb_file_clear(&f);
	bdb_file_clear(&other);
}

/* The same as maps do it: locks, NUL bytes, messages. */
static void table(int fd, const char *type)
{
	AUTO_BUF key = BUF_MAX(VALUE_MAX);
	AUTO_BUF val = BUF_MAX(VALUE_MAX);
	struct map *m;
	char path[64];
	struct err e;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (map_open_file(&m, str_c(type), "hash", MAP_FOLD, path, &e) != ST_OK)
		return;
	if (map_get(m, STR("user@example.com"), &val, &e) != ST_TEMP)
		while (map_next(m, &key, &val, &e) == ST_OK)
			;
	map_close(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = fuzz_file(fuzz_input(data, size));

	pages(fd, BDB_HASH);
	pages(fd, BDB_BTREE);
	table(fd, "hash:fuzz");
	table(fd, "btree:fuzz");
	return 0;
}
