/* bdb_hash - buckets of a hash file: chains of pages with pairs of items. */

#include <string.h>

#include "map/bdb_page.h"
#include "map/bulk.h"

enum item_type {
	ITEM_DATA = 1,
	ITEM_LONG = 3, /* on pages of its own */
};

struct item {
	struct str data;
	bool is_long;
	uint32_t first, n; /* the pages of a long one, and its length */
};

/* spares[] says how many pages lie before those of a doubling. */
static uint32_t bucket_page(const struct bdb_file *f, uint32_t bucket)
{
	uint32_t i = 0;

	while (i < 31 && (uint32_t)1 << i < bucket + 1)
		i++;
	return bucket + f->spares[i];
}

static bool check_page(struct bdb_file *f, uint32_t number)
{
	enum page_type type = bdb_type(f->page);

	if (type != PAGE_HASH && type != PAGE_HASH_UNSORTED)
		return bdb_bad(f, "this is no page of a bucket", number);
	if (bdb_entries(f, f->page) % 2 != 0 || !bdb_index_fits(f, f->page))
		return bdb_bad(f, "this page has too many items", number);
	return true;
}

/* Items lie from the page's end downwards, each up to the one before it. */
static bool find_item(struct bdb_file *f, uint32_t i, struct item *item)
{
	uint32_t from = bdb_offset(f, f->page, i);
	uint32_t to = i == 0 ? f->page_size : bdb_offset(f, f->page, i - 1);
	uint32_t lowest = PAGE_HEADER + 2 * bdb_entries(f, f->page);

	*item = (struct item){ 0 };
	if (from < lowest || from >= to || to > f->page_size)
		return bdb_bad(f, "an item lies outside of its page",
		    bdb_u32(f, f->page, AT_PAGE_NO));
	item->data = (struct str){ f->page + from + 1, to - from - 1 };
	if (f->page[from] == ITEM_DATA)
		return true;
	if (f->page[from] != ITEM_LONG || to - from < 12)
		return bdb_bad(f, "an item is of no known kind",
		    bdb_u32(f, f->page, AT_PAGE_NO));
	item->is_long = true;
	item->first = bdb_u32(f, f->page, from + 4);
	item->n = bdb_u32(f, f->page, from + 8);
	return true;
}

static enum st take(struct bdb_file *f, uint32_t i, struct buf *out)
{
	struct item item;

	if (!find_item(f, i, &item))
		return ST_TEMP;
	buf_reset(out);
	if (item.is_long)
		return bdb_overflow(f, item.first, item.n, out);
	if (buf_set(out, item.data))
		return ST_OK;
	bdb_bad(f, "an item is too long", bdb_u32(f, f->page, AT_PAGE_NO));
	return ST_TEMP;
}

/* ST_NONE: another key. */
static enum st is_key(struct bdb_file *f, uint32_t i, struct str key)
{
	struct item item;
	enum st st = ST_OK;

	if (!find_item(f, i, &item))
		return ST_TEMP;
	if (item.is_long && item.n != key.n)
		return ST_NONE;
	if (item.is_long) {
		buf_reset(&f->k);
		st = bdb_overflow(f, item.first, item.n, &f->k);
		item.data = buf_str(&f->k);
	}
	return st != ST_OK ? st : str_eq(item.data, key) ? ST_OK : ST_NONE;
}

static enum st search_page(struct bdb_file *f, struct str key, struct buf *val)
{
	uint32_t i, n = bdb_entries(f, f->page);
	enum st st;

	for (i = 0; i < n; i += 2) {
		st = is_key(f, i, key);
		if (st != ST_NONE)
			return st == ST_OK ? take(f, i + 1, val) : st;
	}
	return ST_NONE;
}

/* A bucket that never had a record may have a page of zeros. */
static bool is_blank(const struct bdb_file *f)
{
	return bdb_type(f->page) == PAGE_UNUSED &&
	    bdb_entries(f, f->page) == 0 && bdb_next_page(f, f->page) == 0;
}

enum st bdb_hash_get(struct bdb_file *f, struct str key, struct buf *val)
{
	uint32_t bucket = bulk_hash(key), number, steps;
	enum st st;

	bucket = (bucket & f->high_mask) > f->max_bucket
	    ? bucket & f->low_mask
	    : bucket & f->high_mask;
	number = bucket_page(f, bucket);
	for (steps = 0; number != 0; steps++) {
		if (!bdb_load(f, number))
			return ST_TEMP;
		if (steps == 0 && is_blank(f))
			return ST_NONE;
		if (!check_page(f, number))
			return ST_TEMP;
		st = search_page(f, key, val);
		if (st != ST_NONE)
			return st;
		number = bdb_next_page(f, f->page);
		if (steps == f->pages) {
			bdb_bad(f, "a bucket has no end", number);
			return ST_TEMP;
		}
	}
	return ST_NONE;
}

/* Read the page that *at is on; ST_NONE: all buckets are done. */
static enum st read_place(struct bdb_file *f, struct bdb_at *at)
{
	bool first = at->page == 0;

	if (at->bucket > f->max_bucket)
		return ST_NONE;
	if (first) {
		at->page = bucket_page(f, at->bucket);
		at->item = 0;
	}
	if (at->item == 0 && at->steps++ == f->pages) {
		bdb_bad(f, "a bucket has no end", at->page);
		return ST_TEMP;
	}
	if (!bdb_load(f, at->page) || !(is_blank(f) || check_page(f, at->page)))
		return ST_TEMP;
	return ST_OK;
}

enum st bdb_hash_next(struct bdb_file *f, struct bdb_at *at, struct buf *key,
    struct buf *val)
{
	enum st st;

	for (;;) {
		st = read_place(f, at);
		if (st != ST_OK)
			return st;
		if (at->item < bdb_entries(f, f->page))
			break;
		at->page = bdb_next_page(f, f->page);
		at->item = 0;
		if (at->page == 0)
			at->bucket++;
	}
	st = take(f, at->item, key);
	if (st == ST_OK)
		st = take(f, at->item + 1, val);
	at->item += 2;
	return st;
}
