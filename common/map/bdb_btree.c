/* bdb_btree - a btree file: inner pages lead to leaves with pairs of items. */

#include <string.h>

#include "map/bdb_page.h"

enum item_type {
	ITEM_DATA = 1,
	ITEM_LONG = 3, /* on pages of its own */
};

#define ITEM_DELETED 0x80
/* Offset of the key in an item of an inner page, and of the data in a leaf's. */
#define INNER_KEY  12
#define LEAF_DATA  3
#define LONG_BYTES 12

struct item {
	uint32_t at; /* on the page */
	enum item_type type;
	bool deleted;
	uint32_t n; /* length of the data, when it is not long */
};

static bool check_page(struct bdb_file *f, uint32_t number, int level)
{
	enum page_type want = level == 1 ? PAGE_BTREE_LEAF : PAGE_BTREE_INNER;

	if (level < 1)
		return bdb_bad(f, "this page is on a wrong level", number);
	if (bdb_type(f->page) != want)
		return bdb_bad(f, "this is no page of the tree", number);
	if (!bdb_index_fits(f, f->page))
		return bdb_bad(f, "this page has too many items", number);
	if (level == 1 ? bdb_entries(f, f->page) % 2 != 0
		       : bdb_entries(f, f->page) == 0)
		return bdb_bad(f, "this page has half an item", number);
	return true;
}

/* data: where the item's data begins behind its start. */
static bool find_item(struct bdb_file *f, uint32_t i, uint32_t data,
    struct item *item)
{
	uint32_t from = bdb_offset(f, f->page, i), need = data;
	unsigned char type;

	if (from < PAGE_HEADER + 2 * bdb_entries(f, f->page) ||
	    from + data > f->page_size)
		return bdb_bad(f, "an item lies outside of its page",
		    bdb_u32(f, f->page, AT_PAGE_NO));
	type = (unsigned char)f->page[from + 2];
	*item = (struct item){ .at = from,
		.type = type & ~ITEM_DELETED,
		.deleted = (type & ITEM_DELETED) != 0,
		.n = bdb_u16(f, f->page, from) };
	if (item->type == ITEM_LONG)
		need = data == INNER_KEY ? data + LONG_BYTES : LONG_BYTES;
	else if (item->type == ITEM_DATA)
		need += item->n;
	else
		return bdb_bad(f, "an item is of no known kind",
		    bdb_u32(f, f->page, AT_PAGE_NO));
	return from + need <= f->page_size
	    ? true
	    : bdb_bad(f, "an item lies outside of its page",
		  bdb_u32(f, f->page, AT_PAGE_NO));
}

/* The long form of an item stands where its data would in an inner page. */
static enum st load(struct bdb_file *f, const struct item *item, uint32_t data,
    struct buf *out)
{
	uint32_t at = item->at + (data == INNER_KEY ? INNER_KEY : 0);

	buf_reset(out);
	if (item->type == ITEM_LONG)
		return bdb_overflow(f, bdb_u32(f, f->page, at + 4),
		    bdb_u32(f, f->page, at + 8), out);
	if (buf_set(out, (struct str){ f->page + item->at + data, item->n }))
		return ST_OK;
	bdb_bad(f, "an item is too long", bdb_u32(f, f->page, AT_PAGE_NO));
	return ST_TEMP;
}

/* *diff: key against item i. */
static enum st compare(struct bdb_file *f, struct str key, uint32_t i,
    uint32_t data, int *diff)
{
	struct item item;
	enum st st;

	if (!find_item(f, i, data, &item))
		return ST_TEMP;
	if (item.type == ITEM_DATA) {
		*diff = str_cmp(key,
		    (struct str){ f->page + item.at + data, item.n });
		return ST_OK;
	}
	st = load(f, &item, data, &f->k);
	*diff = str_cmp(key, buf_str(&f->k));
	return st;
}

/*
 * The last entry of step items each that is not behind key, in *place; the
 * first one when there is none. ST_NONE: key is not that entry's.
 */
static enum st search(struct bdb_file *f, struct str key, bool leaf,
    uint32_t *place)
{
	uint32_t step = leaf ? 2 : 1, low = 0;
	uint32_t high = bdb_entries(f, f->page) / step, middle;
	uint32_t data = leaf ? LEAF_DATA : INNER_KEY;
	bool found = false;
	enum st st;
	int diff;

	*place = 0;
	/* The first key of an inner page stands for everything before. */
	if (!leaf)
		low = 1;
	while (low < high) {
		middle = low + (high - low) / 2;
		st = compare(f, key, middle * step, data, &diff);
		if (st != ST_OK)
			return st;
		if (diff >= 0) {
			*place = middle * step;
			found = diff == 0;
			low = middle + 1;
		} else {
			high = middle;
		}
		if (found)
			break;
	}
	return found ? ST_OK : ST_NONE;
}

/*
 * From the root down to a leaf, which is read then: the one for key, or the
 * first (NULL). Each page is one level below the one before, so this ends.
 */
static bool descend(struct bdb_file *f, const struct str *key, uint32_t *number)
{
	struct item item;
	uint32_t place = 0;
	int level = 0, is;

	*number = f->root;
	for (;;) {
		if (!bdb_load(f, *number))
			return false;
		is = (unsigned char)f->page[AT_LEVEL];
		if (is == 0 || (level != 0 && is != level - 1))
			return bdb_bad(f, "this page is on a wrong level",
			    *number);
		level = is;
		if (!check_page(f, *number, level))
			return false;
		if (level == 1)
			return true;
		if (key != NULL && search(f, *key, false, &place) == ST_TEMP)
			return false;
		if (!find_item(f, place, INNER_KEY, &item))
			return false;
		*number = bdb_u32(f, f->page, item.at + 4);
	}
}

enum st bdb_btree_get(struct bdb_file *f, struct str key, struct buf *val)
{
	struct item item;
	uint32_t number, place;
	enum st st;

	if (!descend(f, &key, &number))
		return ST_TEMP;
	st = search(f, key, true, &place);
	if (st != ST_OK)
		return st;
	if (!find_item(f, place + 1, LEAF_DATA, &item))
		return ST_TEMP;
	return item.deleted ? ST_NONE : load(f, &item, LEAF_DATA, val);
}

/* Read the leaf that *at is on; ST_NONE: there are no more. */
static enum st read_place(struct bdb_file *f, struct bdb_at *at)
{
	bool begin = at->steps == 0;

	if (begin && !descend(f, NULL, &at->page))
		return ST_TEMP;
	if (at->page == 0)
		return ST_NONE;
	if (at->item == 0 && at->steps++ == f->pages) {
		bdb_bad(f, "the leaves have no end", at->page);
		return ST_TEMP;
	}
	return begin || (bdb_load(f, at->page) && check_page(f, at->page, 1))
	    ? ST_OK
	    : ST_TEMP;
}

enum st bdb_btree_next(struct bdb_file *f, struct bdb_at *at, struct buf *key,
    struct buf *val)
{
	struct item k, v;
	enum st st;

	for (;;) {
		st = read_place(f, at);
		if (st != ST_OK)
			return st;
		if (at->item >= bdb_entries(f, f->page)) {
			at->page = bdb_next_page(f, f->page);
			at->item = 0;
			continue;
		}
		if (!find_item(f, at->item, LEAF_DATA, &k) ||
		    !find_item(f, at->item + 1, LEAF_DATA, &v))
			return ST_TEMP;
		at->item += 2;
		if (!v.deleted)
			break;
	}
	st = load(f, &k, LEAF_DATA, key);
	return st == ST_OK ? load(f, &v, LEAF_DATA, val) : st;
}

/* --- all of it ----------------------------------------------------------- */

/* One page and all below it; budget: so many pages more may be looked at. */
static bool check_below(struct bdb_file *f, uint32_t number, int level,
    uint32_t *budget)
{
	struct item item;
	uint32_t i, n;

	if ((*budget)-- == 0)
		return bdb_bad(f, "the tree has more pages than it", number);
	if (!bdb_load(f, number) || !check_page(f, number, level))
		return false;
	if ((unsigned char)f->page[AT_LEVEL] != level)
		return bdb_bad(f, "this page is on a wrong level", number);
	n = level == 1 ? 0 : bdb_entries(f, f->page);
	for (i = 0; i < n; i++) {
		/* What is below was read into the same place. */
		if (!bdb_load(f, number) || !find_item(f, i, INNER_KEY, &item))
			return false;
		if (load(f, &item, INNER_KEY, &f->k) != ST_OK ||
		    !check_below(f, bdb_u32(f, f->page, item.at + 4), level - 1,
			budget))
			return false;
	}
	return true;
}

bool bdb_btree_check(struct bdb_file *f)
{
	uint32_t budget = f->pages;

	return bdb_load(f, f->root) &&
	    check_below(f, f->root, (unsigned char)f->page[AT_LEVEL], &budget);
}
