/*
 * pages - look through a table file by its bytes alone: is its structure whole,
 * and which records are in it? No library, no file, no lock: a hostile file can
 * neither crash this nor keep it busy for longer than its size explains.
 *
 * Formats: Berkeley DB hash and btree, version 8 and up, of either byte order,
 * without checksums, encryption or duplicates, as postmap(1) makes them; and
 * constant databases, https://cr.yp.to/cdb/cdb.txt.
 */
#ifndef COMMON_MAP_PAGES_H
#define COMMON_MAP_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "base/str.h"

/* Who looks. Either function may be NULL; false stops the walk. */
struct pages_use {
	/* A record as it is stored, its NUL included; borrowed. */
	bool (*record)(struct str key, struct str val, void *arg);
	/* What is wrong, "page 12: a record of another bucket". */
	bool (*problem)(const char *text, void *arg);
	void *arg;
};

struct pages_info {
	const char *type; /* "hash", "btree", "cdb"; NULL: none of them */
	size_t pages;     /* of the file; 0 for cdb */
	size_t buckets;   /* of a hash */
	size_t records;
	size_t problems;
};

/* The whole file's bytes. True when there is no problem; fills info. */
bool pages_check_db(struct str file, const struct pages_use *use,
    struct pages_info *info) MUST_CHECK;
bool pages_check_cdb(struct str file, const struct pages_use *use,
    struct pages_info *info) MUST_CHECK;

#endif
