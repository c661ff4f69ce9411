/*
 * bdb_file - read the hash and btree files of Berkeley DB, page by page, and
 * trust nothing in them: a damaged or hostile file gives an error, never a
 * crash or an endless loop.
 *
 * Files of one database each, as postmap(1) makes them: hash versions 7 to 9,
 * btree 8 to 10, either byte order, no checksums, no encryption, no
 * duplicates. Nothing is kept between two calls but the header, so whoever
 * holds the lock sees the file as it is. Layout: Berkeley DB's db_page.h.
 */
#ifndef COMMON_MAP_BDB_FILE_H
#define COMMON_MAP_BDB_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"
#include "map/bdb_layout.h"
#include "map/page_cache.h"

enum bdb_kind {
	BDB_HASH,
	BDB_BTREE,
};

struct bdb_file {
	int fd; /* borrowed */
	enum bdb_kind kind;
	bool swapped; /* the other byte order */
	uint32_t page_size;
	uint32_t pages; /* in the file, by its size */
	uint32_t free;  /* first unused page, 0: none */
	/* hash */
	uint32_t max_bucket, high_mask, low_mask;
	uint32_t spares[SPARES];
	/* btree */
	uint32_t root;

	char *page;      /* the last one that was loaded */
	uint32_t loaded; /* its number; 0: none */
	char *other;     /* of an item that has its own pages */
	struct buf k;    /* such a key */
	struct page_cache inner;
	uint64_t longs; /* pages of such items that were read */
	char why[60];   /* what is wrong with the file */
};

/* Where the next record is; all zero: the first. */
struct bdb_at {
	uint32_t bucket;
	uint32_t page; /* 0: begin with the bucket, or the first leaf */
	uint32_t item;
	uint32_t steps; /* pages so far: no more than there are */
	uint64_t longs; /* pages of long items so far */
};

/* fd stays the caller's. Reads nothing yet. */
void bdb_file_init(struct bdb_file *f, int fd, enum bdb_kind kind);
/* NULL is fine. */
void bdb_file_clear(struct bdb_file *f);

/*
 * Read the header, first of all and whenever the file may have changed. False
 * with errno, EINVAL for a file that is none of ours; f->why says more then.
 */
bool bdb_file_header(struct bdb_file *f) MUST_CHECK;

/* The value of key, NUL bytes and all. ST_TEMP as above, without a text. */
enum st bdb_file_get(struct bdb_file *f, struct str key, struct buf *val)
    MUST_CHECK;
/* The record at *at, which moves on, in the library's order; ST_NONE: no more. */
enum st bdb_file_next(struct bdb_file *f, struct bdb_at *at, struct buf *key,
    struct buf *val) MUST_CHECK;
/*
 * Look at all that the library would look at when it adds or deletes: every
 * page of the table, and the list of the unused ones.
 */
enum st bdb_file_check(struct bdb_file *f) MUST_CHECK;

#endif
