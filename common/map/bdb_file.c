/* bdb_file - the header, pages and long items of Berkeley DB files. */

#include "map/bdb_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/xalloc.h"
#include "map/bdb_page.h"

/*
 * A long item belongs to one record, and may be a key on some levels above it:
 * who reads more pages of them than this times all there are goes in circles.
 */
#define LONGS_PER_PAGE 8u
/* A longer key is no key of anybody's. */
#define KEY_LIMIT ((size_t)1 << 26)

const struct bdb_method bdb_methods[] = {
	[BDB_HASH] = { 0x061561, 7, 9, PAGE_HASH_META },
	[BDB_BTREE] = { 0x053162, 8, 10, PAGE_BTREE_META },
};

void bdb_file_init(struct bdb_file *f, int fd, enum bdb_kind kind)
{
	*f = (struct bdb_file){ .fd = fd,
		.kind = kind,
		.k = BUF_MAX(KEY_LIMIT) };
}

void bdb_file_clear(struct bdb_file *f)
{
	if (f == NULL)
		return;
	free(f->page);
	free(f->other);
	buf_clear(&f->k);
	page_cache_clear(&f->inner);
	f->page = f->other = NULL;
}

bool bdb_bad(struct bdb_file *f, const char *why, uint32_t page)
{
	snprintf(f->why, sizeof(f->why), "%s (page %u)", why, page);
	errno = EINVAL;
	return false;
}

uint16_t bdb_u16(const struct bdb_file *f, const char *page, size_t at)
{
	return bdb_get16(page + at, f->swapped);
}

uint32_t bdb_u32(const struct bdb_file *f, const char *page, size_t at)
{
	return bdb_get32(page + at, f->swapped);
}

bool bdb_read(struct bdb_file *f, uint32_t number, char *to)
{
	ssize_t n;

	if (number >= f->pages)
		return bdb_bad(f, "it ends before this page", number);
	n = io_read_at(f->fd, to, f->page_size, (off_t)number * f->page_size);
	if (n < 0)
		return false;
	if ((size_t)n != f->page_size)
		return bdb_bad(f, "it ends within this page", number);
	return bdb_u32(f, to, AT_PAGE_NO) == number ||
		bdb_type(to) == PAGE_UNUSED
	    ? true
	    : bdb_bad(f, "this page has the number of another", number);
}

bool bdb_load(struct bdb_file *f, uint32_t number)
{
	if (number != 0 && f->loaded == number)
		return true;
	f->loaded = 0;
	if (!page_cache_get(&f->inner, number, f->page)) {
		if (!bdb_read(f, number, f->page))
			return false;
		if (bdb_type(f->page) == PAGE_BTREE_INNER)
			page_cache_put(&f->inner, number, f->page);
	}
	f->loaded = number;
	return true;
}

/* --- the header ---------------------------------------------------------- */

/* Is it ours, and does it have nothing that we do not read? */
static bool check_header(struct bdb_file *f, const char *h)
{
	uint32_t magic = bdb_methods[f->kind].magic, version;

	f->swapped = false;
	f->swapped = bdb_u32(f, h, AT_MAGIC) != magic;
	if (bdb_u32(f, h, AT_MAGIC) != magic)
		return bdb_bad(f, "it is no table of this type", 0);
	version = bdb_u32(f, h, AT_VERSION);
	if (version < bdb_methods[f->kind].oldest ||
	    version > bdb_methods[f->kind].newest)
		return bdb_bad(f, "it has another version of the format", 0);
	if (h[AT_CRYPT] != 0 || h[AT_META_FLAG] != 0)
		return bdb_bad(f, "it has checksums or is encrypted", 0);
	if (bdb_type(h) != bdb_methods[f->kind].meta)
		return bdb_bad(f, "its first page is no header", 0);
	if (bdb_u32(f, h, AT_FLAGS) != 0)
		return bdb_bad(f, "it holds duplicates or several tables", 0);
	return true;
}

static bool is_mask(uint32_t v)
{
	return (v & (v + 1)) == 0;
}

static bool read_hash_header(struct bdb_file *f, const char *h)
{
	size_t i;

	f->max_bucket = bdb_u32(f, h, AT_MAX_BUCKET);
	f->high_mask = bdb_u32(f, h, AT_HIGH_MASK);
	f->low_mask = bdb_u32(f, h, AT_LOW_MASK);
	for (i = 0; i < NELEM(f->spares); i++)
		f->spares[i] = bdb_u32(f, h, AT_SPARES + 4 * i);
	if (!is_mask(f->high_mask) || f->low_mask != f->high_mask >> 1 ||
	    f->max_bucket > f->high_mask || f->max_bucket < f->low_mask ||
	    f->max_bucket >= f->pages)
		return bdb_bad(f, "its number of buckets makes no sense", 0);
	return true;
}

static bool read_btree_header(struct bdb_file *f, const char *h)
{
	f->root = bdb_u32(f, h, AT_ROOT);
	return f->root != 0 ? true : bdb_bad(f, "it has no root", 0);
}

bool bdb_file_header(struct bdb_file *f)
{
	char h[META_BYTES];
	uint32_t size;
	struct stat sb;
	ssize_t n;

	f->why[0] = '\0';
	f->loaded = 0;
	n = io_read_at(f->fd, h, sizeof(h), 0);
	if (n < 0 || fstat(f->fd, &sb) != 0)
		return false;
	if (n != sizeof(h))
		return bdb_bad(f, "it is too short", 0);
	if (!check_header(f, h))
		return false;
	size = bdb_u32(f, h, AT_PAGE_SIZE);
	if (size < PAGE_SIZE_MIN || size > PAGE_SIZE_MAX || !is_mask(size - 1))
		return bdb_bad(f, "its page size makes no sense", 0);
	if (size != f->page_size) {
		f->page = xrealloc(f->page, size);
		f->other = xrealloc(f->other, size);
		f->page_size = size;
	}
	page_cache_reset(&f->inner, size);
	f->pages = sb.st_size / size > UINT32_MAX
	    ? UINT32_MAX
	    : (uint32_t)(sb.st_size / size);
	f->free = bdb_u32(f, h, AT_FREE);
	return f->kind == BDB_HASH ? read_hash_header(f, h)
				   : read_btree_header(f, h);
}

/* --- items --------------------------------------------------------------- */

bool bdb_index_fits(const struct bdb_file *f, const char *page)
{
	return PAGE_HEADER + 2 * bdb_entries(f, page) <= f->page_size;
}

uint32_t bdb_offset(const struct bdb_file *f, const char *page, uint32_t i)
{
	return bdb_u16(f, page, PAGE_HEADER + 2 * (size_t)i);
}

enum st bdb_overflow(struct bdb_file *f, uint32_t first, uint32_t n,
    struct buf *out)
{
	uint32_t number = first, here;

	if (n / f->page_size > f->pages) {
		bdb_bad(f, "it has an item larger than itself", first);
		return ST_TEMP;
	}
	/* Each page holds a byte at least, so this comes to an end. */
	for (; n != 0; n -= here, number = bdb_next_page(f, f->other)) {
		if (f->longs++ / LONGS_PER_PAGE >= f->pages) {
			bdb_bad(f, "its long items overlap", number);
			return ST_TEMP;
		}
		if (!bdb_read(f, number, f->other))
			return ST_TEMP;
		here = bdb_u16(f, f->other, AT_OFFSET);
		if (number == 0 || bdb_type(f->other) != PAGE_OVERFLOW ||
		    here == 0 || here > n ||
		    here > f->page_size - PAGE_HEADER) {
			bdb_bad(f, "a long item is broken here", number);
			return ST_TEMP;
		}
		if (!buf_add(out,
			(struct str){ f->other + PAGE_HEADER, here })) {
			bdb_bad(f, "an item is too long", number);
			return ST_TEMP;
		}
	}
	return ST_OK;
}

/* --- what callers want --------------------------------------------------- */

enum st bdb_file_get(struct bdb_file *f, struct str key, struct buf *val)
{
	f->longs = 0;
	return f->kind == BDB_HASH ? bdb_hash_get(f, key, val)
				   : bdb_btree_get(f, key, val);
}

enum st bdb_file_next(struct bdb_file *f, struct bdb_at *at, struct buf *key,
    struct buf *val)
{
	enum st st;

	f->longs = at->longs;
	st = f->kind == BDB_HASH ? bdb_hash_next(f, at, key, val)
				 : bdb_btree_next(f, at, key, val);
	at->longs = f->longs;
	return st;
}

/* What the library divides by, and where it puts new pages. */
static bool check_for_writing(struct bdb_file *f)
{
	char h[META_BYTES];

	if (io_read_at(f->fd, h, sizeof(h), 0) != sizeof(h))
		return bdb_bad(f, "it is too short", 0);
	if (bdb_u32(f, h, 32) >= f->pages)
		return bdb_bad(f, "it has fewer pages than it says", 0);
	if (f->kind == BDB_BTREE && bdb_u32(f, h, AT_HIGH_MASK) < 2)
		return bdb_bad(f, "its items per page make no sense", 0);
	return true;
}

static bool check_free(struct bdb_file *f)
{
	uint32_t number = f->free, steps = 0;

	while (number != 0) {
		if (!bdb_load(f, number))
			return false;
		if (bdb_type(f->page) != PAGE_UNUSED ||
		    bdb_u32(f, f->page, AT_PAGE_NO) != number ||
		    steps++ == f->pages)
			return bdb_bad(f, "the unused pages are broken here",
			    number);
		number = bdb_next_page(f, f->page);
	}
	return true;
}

enum st bdb_file_check(struct bdb_file *f)
{
	AUTO_BUF key = BUF_MAX(KEY_LIMIT);
	AUTO_BUF val = BUF_MAX(SIZE_MAX / 2);
	struct bdb_at at = { 0 };
	enum st st;

	do {
		buf_reset(&key);
		buf_reset(&val);
		st = bdb_file_next(f, &at, &key, &val);
	} while (st == ST_OK);
	f->longs = 0;
	if (st != ST_NONE || (f->kind == BDB_BTREE && !bdb_btree_check(f)))
		return ST_TEMP;
	return check_free(f) && check_for_writing(f) ? ST_OK : ST_TEMP;
}
