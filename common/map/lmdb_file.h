/*
 * lmdb_file - read the files of the Lightning memory-mapped database, page by
 * page, and trust nothing in them: the library itself believes what it maps.
 *
 * The main database of a single file, with keys in the order of their bytes
 * and one value each, as postmap(1) makes it; of this machine's byte order and
 * word size. Whoever holds the lock sees the last committed state: writers put
 * a new tree beside the old one. Layout: LMDB's mdb.c.
 */
#ifndef COMMON_MAP_LMDB_FILE_H
#define COMMON_MAP_LMDB_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"
#include "map/page_cache.h"

#define LMDB_DEPTH 32

struct lmdb_file {
	int fd; /* borrowed */
	uint32_t page_size;
	uint64_t pages; /* in the file, by its size */
	uint64_t root;  /* of the main database */
	uint64_t spare; /* of the list of unused pages */
	uint64_t last;  /* page that was ever used */
	char *page;     /* the last one that was loaded */
	uint64_t loaded;
	bool has; /* page is loaded */
	struct page_cache branches;
	char why[60]; /* what is wrong with the file */
};

/* Where the next record is; all zero: the first. */
struct lmdb_at {
	unsigned depth; /* 0: not begun */
	uint64_t page[LMDB_DEPTH];
	uint32_t item[LMDB_DEPTH];
	uint64_t steps; /* pages so far: no more than there are */
};

/* fd stays the caller's. Reads nothing yet. */
void lmdb_file_init(struct lmdb_file *f, int fd);
/* NULL is fine. */
void lmdb_file_clear(struct lmdb_file *f);

/*
 * Read the header, first of all and whenever the file may have changed. False
 * with errno, EINVAL for a file that is none of ours; f->why says more then.
 */
bool lmdb_file_header(struct lmdb_file *f) MUST_CHECK;

/* The value of key, NUL bytes and all. ST_TEMP as above, without a text. */
enum st lmdb_file_get(struct lmdb_file *f, struct str key, struct buf *val)
    MUST_CHECK;
/* The record at *at, which moves on, in the order of keys; ST_NONE: no more. */
enum st lmdb_file_next(struct lmdb_file *f, struct lmdb_at *at, struct buf *key,
    struct buf *val) MUST_CHECK;
/* Look at all that the library would look at when it writes: every page of the
 * table, and of the list of unused pages. */
enum st lmdb_file_check(struct lmdb_file *f) MUST_CHECK;

#endif
