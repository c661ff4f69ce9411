/*
 * bdb_layout - where things lie in the files of Berkeley DB, for the two that
 * read them without it: bdb_*.c looks keys up, db_pages*.c looks a whole file
 * through. Numbers are in the byte order of the machine that wrote the file.
 * Source: the library's db_page.h.
 */
#ifndef COMMON_MAP_BDB_LAYOUT_H
#define COMMON_MAP_BDB_LAYOUT_H

#include <byteswap.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum page_type {
	PAGE_UNUSED = 0,
	PAGE_HASH_UNSORTED = 2,
	PAGE_BTREE_INNER = 3,
	PAGE_BTREE_LEAF = 5,
	PAGE_OVERFLOW = 7, /* a piece of an item that fits on no page */
	PAGE_HASH_META = 8,
	PAGE_BTREE_META = 9,
	PAGE_HASH = 13,
};

/* In every page: 32 bits, but for those that say otherwise. */
#define AT_PAGE_NO 8
#define AT_PREV    12
#define AT_NEXT    16
#define AT_ITEMS   20 /* 16 bits */
#define AT_OFFSET  22 /* 16 bits: the lowest item; of overflow, the length */
#define AT_LEVEL   24 /* 8 bits: 1 is a leaf */
#define AT_TYPE    25 /* 8 bits */
/* Then an index, 16 bits an item: where it begins. */
#define PAGE_HEADER 26

/* In the meta page, the first one. */
#define META_BYTES   512
#define AT_MAGIC     12
#define AT_VERSION   16
#define AT_PAGE_SIZE 20
#define AT_CRYPT     24 /* 8 bits */
#define AT_META_FLAG 26 /* 8 bits: checksums */
#define AT_FREE      28 /* head of the list of unused pages */
#define AT_LAST      32
#define AT_PARTS     36
#define AT_FLAGS     48
/* Of hash. */
#define AT_MAX_BUCKET 72
#define AT_HIGH_MASK  76
#define AT_LOW_MASK   80
#define AT_CHECK      92 /* the hash of a text that all know */
#define AT_SPARES     96
#define SPARES        32
/* Of btree. */
#define AT_ROOT 88

#define PAGE_SIZE_MIN 512u
#define PAGE_SIZE_MAX 65536u

struct bdb_method {
	uint32_t magic;
	uint32_t oldest, newest; /* versions */
	enum page_type meta;
};
/* By enum bdb_kind, bdb_file.h. */
extern const struct bdb_method bdb_methods[2];

static inline uint16_t bdb_get16(const void *p, bool swapped)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return swapped ? bswap_16(v) : v;
}

static inline uint32_t bdb_get32(const void *p, bool swapped)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return swapped ? bswap_32(v) : v;
}

#endif
