/*
 * bdb_page - one page of a Berkeley DB file, within its bounds.
 */
#ifndef COMMON_MAP_BDB_PAGE_H
#define COMMON_MAP_BDB_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "map/bdb_file.h"
#include "map/bdb_layout.h"

/* Say why the file is refused; false, with errno EINVAL. */
bool bdb_bad(struct bdb_file *f, const char *why, uint32_t page);

/* Numbers of a page at an offset, in this machine's byte order. */
uint16_t bdb_u16(const struct bdb_file *f, const char *page, size_t at);
uint32_t bdb_u32(const struct bdb_file *f, const char *page, size_t at);

/* Read page number into to. False with errno. */
bool bdb_read(struct bdb_file *f, uint32_t number, char *to) MUST_CHECK;

/* Have page number in f->page. False with errno. */
bool bdb_load(struct bdb_file *f, uint32_t number) MUST_CHECK;

static inline enum page_type bdb_type(const char *page)
{
	return (unsigned char)page[AT_TYPE];
}

static inline uint32_t bdb_next_page(const struct bdb_file *f, const char *page)
{
	return bdb_u32(f, page, AT_NEXT);
}

static inline uint32_t bdb_entries(const struct bdb_file *f, const char *page)
{
	return bdb_u16(f, page, AT_ITEMS);
}

/* Is the array of offsets within the page? */
bool bdb_index_fits(const struct bdb_file *f, const char *page) MUST_CHECK;
/* Offset of item i; the index fits. */
uint32_t bdb_offset(const struct bdb_file *f, const char *page, uint32_t i);

/*
 * Add the n bytes of the item that begins on overflow page first to out. ST_TEMP:
 * damaged, or does not fit into out.
 */
enum st bdb_overflow(struct bdb_file *f, uint32_t first, uint32_t n,
    struct buf *out) MUST_CHECK;

/* What bdb_file.c calls for each kind. */
enum st bdb_hash_get(struct bdb_file *f, struct str key, struct buf *val)
    MUST_CHECK;
enum st bdb_hash_next(struct bdb_file *f, struct bdb_at *at, struct buf *key,
    struct buf *val) MUST_CHECK;
enum st bdb_btree_get(struct bdb_file *f, struct str key, struct buf *val)
    MUST_CHECK;
enum st bdb_btree_next(struct bdb_file *f, struct bdb_at *at, struct buf *key,
    struct buf *val) MUST_CHECK;
bool bdb_btree_check(struct bdb_file *f) MUST_CHECK;

#endif
