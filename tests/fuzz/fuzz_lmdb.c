/*
 * An lmdb file: header, lookups, all records, the check before the library may
 * write.
 */

#include "map/lmdb_file.h"
#include "map/map.h"
#include "tests/fuzz/fuzz.h"

#define VALUE_MAX ((size_t)1 << 24)

/* All records, and each key once more by itself. */
static void list(struct lmdb_file *f, struct lmdb_file *other)
{
	AUTO_BUF key = BUF_MAX(VALUE_MAX);
	AUTO_BUF val = BUF_MAX(VALUE_MAX);
	struct lmdb_at at = { 0 };

	while (lmdb_file_next(f, &at, &key, &val) == ST_OK)
		if (lmdb_file_get(other, buf_str(&key), &val) == ST_TEMP)
			break;
}

static void pages(int fd)
{
	static const struct str keys[] = { { "", 0 }, { "a", 1 }, { "a\0", 2 },
		{ "user@example.com", 17 }, { "\xff\xff", 2 } };
	AUTO_BUF val = BUF_MAX(VALUE_MAX);
	struct lmdb_file f, other;
	size_t i;

	lmdb_file_init(&f, fd);
	lmdb_file_init(&other, fd);
	if (lmdb_file_header(&f) && lmdb_file_header(&other)) {
		for (i = 0; i < NELEM(keys); i++)
			if (lmdb_file_get(&f, keys[i], &val) != ST_OK)
				buf_reset(&val);
		list(&f, &other);
		if (lmdb_file_check(&f) != ST_OK)
			buf_reset(&val);
	}
	lmdb_file_clear(&f);
	lmdb_file_clear(&other);
}

/* The same as maps do it: locks, NUL bytes, messages. */
static void table(int fd)
{
	AUTO_BUF key = BUF_MAX(VALUE_MAX);
	AUTO_BUF val = BUF_MAX(VALUE_MAX);
	struct map *m;
	char path[64];
	struct err e;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (map_open_file(&m, STR("lmdb:fuzz"), "hash", MAP_FOLD, path, &e) !=
	    ST_OK)
		return;
	if (map_get(m, STR("user@example.com"), &val, &e) != ST_TEMP)
		while (map_next(m, &key, &val, &e) == ST_OK)
			;
	map_close(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = fuzz_file(fuzz_input(data, size));

	pages(fd);
	table(fd);
	return 0;
}
