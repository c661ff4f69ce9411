/*
 * bulk - the records of a new table, in memory until all of them are known.
 *
 * What is known in advance can be written in the order in which it lies in the
 * file, page after page. Duplicates are found at once, as the input comes.
 */
#ifndef COMMON_MAP_BULK_H
#define COMMON_MAP_BULK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "base/str.h"

/* So many records before it is needed, one is fetched from memory. */
#define BULK_AHEAD 16

struct bulk;

struct bulk_rec {
	const char *p; /* the key, and the value right behind it */
	uint32_t key_n, val_n;
	uint32_t hash; /* bulk_hash() of the key */
};

struct bulk *bulk_new(void) MUST_CHECK;
/* NULL is fine. */
void bulk_free(struct bulk *b);

/* FNV-1 from zero, the hash of Berkeley DB's hash files. */
uint32_t bulk_hash(struct str key);

enum bulk_dup {
	BULK_KEEP,    /* the old record stays */
	BULK_REPLACE, /* the new one takes its place, at the end */
	BULK_BOTH,    /* nobody looks */
};

/*
 * Add a copy of a record, with a NUL behind key and value if nul is true.
 * False: the key was there. Key and value are shorter than 4 GiB.
 */
bool bulk_put(struct bulk *b, struct str key, struct str val, bool nul,
    enum bulk_dup dup);

/* How many records there are. */
size_t bulk_count(const struct bulk *b);

/*
 * Put them in order, once all are there: as they came; by the bytes of their
 * keys, shorter first; or by the lowest bits of their hashes, mask being a
 * power of two less one, and as they came where these are the same.
 */
void bulk_sort_by_input(struct bulk *b);
void bulk_sort_by_key(struct bulk *b);
void bulk_sort_by_bucket(struct bulk *b, uint32_t mask);

/* Record i of bulk_count(), after one of the sorts. */
const struct bulk_rec *bulk_at(const struct bulk *b, size_t i);

/* Record i is wanted soon: in sorted order they lie anywhere in memory. */
static inline void bulk_soon(const struct bulk *b, size_t i)
{
	if (i < bulk_count(b))
		__builtin_prefetch(bulk_at(b, i)->p);
}

static inline struct str bulk_key(const struct bulk_rec *r)
{
	return (struct str){ r->p, r->key_n };
}

static inline struct str bulk_val(const struct bulk_rec *r)
{
	return (struct str){ r->p + r->key_n, r->val_n };
}

#endif
