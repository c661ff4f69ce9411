/* db_pages_hash - the buckets of a hash file. */

#include "map/bulk.h"
#include "map/db_pages.h"

/* Kinds of items. */
enum {
	ITEM_DATA = 1,
	ITEM_OFF_PAGE = 3,
};

struct shape {
	uint32_t max_bucket, high_mask, low_mask;
};

static uint32_t bucket_of(const struct shape *s, struct str key)
{
	uint32_t h = bulk_hash(key), b = h & s->high_mask;

	return b > s->max_bucket ? h & s->low_mask : b;
}

/* The buckets of each doubling lie together; spares[] says how far off. */
static uint64_t bucket_page(const struct db_pages *f, uint32_t bucket)
{
	unsigned group = 0;

	while (group < SPARES - 1 && (1ULL << group) < (uint64_t)bucket + 1)
		group++;
	return (uint64_t)bucket +
	    db_u32(f, f->bytes + AT_SPARES + (size_t)4 * group);
}

/* Item i: items are packed from the page's end in the order of the index. */
static bool read_item(struct db_pages *f, uint32_t no, unsigned i,
    struct buf *copy, struct str *s)
{
	const unsigned char *page = db_page(f, no), *p;
	unsigned at = db_item_at(f, page, i);
	unsigned end = i == 0 ? f->size : db_item_at(f, page, i - 1);
	struct db_far far;

	if (at == 0 || end == 0 || at >= end) {
		db_problem(f, "page %u: item %u is outside", no, i);
		return false;
	}
	p = page + at;
	if (*p == ITEM_DATA) {
		*s = (struct str){ (const char *)p + 1, end - at - 1 };
		return true;
	}
	if (*p != ITEM_OFF_PAGE || end - at != ITEM_FAR) {
		db_problem(f, "page %u: item %u is of an unknown kind", no, i);
		return false;
	}
	far = (struct db_far){ db_u32(f, p + 4), db_u32(f, p + 8), false };
	if (!db_read_far(f, &far, copy))
		return false;
	*s = buf_str(copy);
	return true;
}

/* A search on a page relies on the order of its keys. */
static void check_order(struct db_pages *f, uint32_t no, struct str key,
    struct buf *last)
{
	if (last->p != NULL && str_cmp(buf_str(last), key) >= 0)
		db_problem(f, "page %u: keys are out of order", no);
	buf_set(last, key);
}

static void read_page(struct db_pages *f, const struct shape *s, uint32_t no,
    uint32_t bucket)
{
	const unsigned char *page = db_page(f, no);
	AUTO_BUF last = BUF_MAX(f->key.max);
	struct str key, val;
	unsigned items, i;

	if (!db_index(f, page, no, &items))
		return;
	if (items % 2 != 0)
		db_problem(f, "page %u: a key without a value", no);
	for (i = 0; i + 1 < items && !f->stop; i += 2) {
		if (!read_item(f, no, i, &f->key, &key) ||
		    !read_item(f, no, i + 1, &f->val, &val))
			continue;
		if (bucket_of(s, key) != bucket)
			db_problem(f,
			    "page %u: a record of bucket %u in bucket %u", no,
			    bucket_of(s, key), bucket);
		if (page[AT_TYPE] == PAGE_HASH)
			check_order(f, no, key, &last);
		if (!f->stop)
			db_record(f, key, val);
	}
}

static void walk_bucket(struct db_pages *f, const struct shape *s,
    uint32_t bucket)
{
	uint64_t first = bucket_page(f, bucket);
	uint32_t no = first > UINT32_MAX ? UINT32_MAX : (uint32_t)first;
	uint32_t before = 0;

	do {
		const unsigned char *page = db_visit(f, no);

		if (page == NULL)
			return;
		/* A bucket that never had a record was never written. */
		if (page[AT_TYPE] == PAGE_UNUSED && before == 0 &&
		    db_u16(f, page + AT_ITEMS) == 0)
			return;
		if (page[AT_TYPE] != PAGE_HASH &&
		    page[AT_TYPE] != PAGE_HASH_UNSORTED) {
			db_problem(f, "page %u is no page of bucket %u", no,
			    bucket);
			return;
		}
		if (db_u32(f, page + AT_PREV) != before)
			db_problem(f,
			    "page %u: the chain of bucket %u is "
			    "broken",
			    no, bucket);
		read_page(f, s, no, bucket);
		before = no;
		no = db_u32(f, page + AT_NEXT);
	} while (no != 0 && !f->stop);
}

/* The masks belong to the number of buckets. */
static bool fits(const struct shape *s)
{
	uint64_t above = (uint64_t)s->high_mask + 1;

	return (above & s->high_mask) == 0 && s->low_mask == above / 2 - 1 &&
	    s->max_bucket <= s->high_mask && s->max_bucket >= s->low_mask;
}

void db_walk_hash(struct db_pages *f)
{
	struct shape s = {
		.max_bucket = db_u32(f, f->bytes + AT_MAX_BUCKET),
		.high_mask = db_u32(f, f->bytes + AT_HIGH_MASK),
		.low_mask = db_u32(f, f->bytes + AT_LOW_MASK),
	};
	uint32_t i;

	if (db_u32(f, f->bytes + AT_CHECK) !=
	    bulk_hash((struct str){ "%$sniglet^&", 12 })) {
		db_problem(f, "made with another hash function");
		return;
	}
	if (!fits(&s) || s.max_bucket >= f->count) {
		db_problem(f, "the number of buckets, %ju, cannot be",
		    (uintmax_t)s.max_bucket + 1);
		return;
	}
	f->info->buckets = (size_t)s.max_bucket + 1;
	for (i = 0; i <= s.max_bucket && !f->stop; i++)
		walk_bucket(f, &s, i);
}
