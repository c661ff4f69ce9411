/* db_pages - a Berkeley DB file, page by page. */

#include "map/db_pages.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "map/bdb_file.h"

static const struct method {
	const char *name;
	const struct bdb_method *is;
	void (*walk)(struct db_pages *f);
} methods[] = {
	{ "hash", &bdb_methods[BDB_HASH], db_walk_hash },
	{ "btree", &bdb_methods[BDB_BTREE], db_walk_btree },
};

uint16_t db_u16(const struct db_pages *f, const unsigned char *p)
{
	return bdb_get16(p, f->swapped);
}

uint32_t db_u32(const struct db_pages *f, const unsigned char *p)
{
	return bdb_get32(p, f->swapped);
}

void db_problem(struct db_pages *f, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	f->info->problems++;
	if (f->use->problem == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!f->use->problem(text, f->use->arg))
		f->stop = true;
}

void db_record(struct db_pages *f, struct str key, struct str val)
{
	f->info->records++;
	if (f->use->record != NULL && !f->use->record(key, val, f->use->arg))
		f->stop = true;
}

/* --- pages --------------------------------------------------------------- */

const unsigned char *db_page(const struct db_pages *f, uint32_t no)
{
	return no < f->count ? f->bytes + (size_t)no * f->size : NULL;
}

const unsigned char *db_visit(struct db_pages *f, uint32_t no)
{
	const unsigned char *page = no == 0 ? NULL : db_page(f, no);

	if (page == NULL) {
		db_problem(f, "page %u does not exist but is referred to", no);
		return NULL;
	}
	if (f->seen[no]) {
		db_problem(f, "page %u is referred to twice", no);
		return NULL;
	}
	f->seen[no] = 1;
	/* One that was never written says nothing of itself. */
	if (page[AT_TYPE] != PAGE_UNUSED &&
	    db_u32(f, page + AT_PAGE_NO) != no) {
		db_problem(f, "page %u says to be page %u", no,
		    db_u32(f, page + AT_PAGE_NO));
		return NULL;
	}
	return page;
}

bool db_index(struct db_pages *f, const unsigned char *page, uint32_t no,
    unsigned *items)
{
	uint32_t low = db_u16(f, page + AT_OFFSET);

	/* Of the largest page size, 16 bits cannot say the end. */
	if (low == 0)
		low = PAGE_SIZE_MAX;
	*items = db_u16(f, page + AT_ITEMS);
	if (low <= f->size && PAGE_HEADER + 2 * *items <= low)
		return true;
	db_problem(f, "page %u: its index does not fit", no);
	return false;
}

unsigned db_item_at(const struct db_pages *f, const unsigned char *page,
    unsigned i)
{
	unsigned items = db_u16(f, page + AT_ITEMS);
	unsigned at = db_u16(f, page + PAGE_HEADER + 2 * (size_t)i);

	return at >= PAGE_HEADER + 2 * items && at < f->size ? at : 0;
}

/* One page of far data: what it holds, and which is next. */
static bool read_piece(struct db_pages *f, uint32_t *no, bool shared,
    struct buf *out)
{
	const unsigned char *page = db_page(f, *no);
	uint32_t length;

	/* Who shares it comes by again: the first one marks it. */
	if (page == NULL || !shared || !f->seen[*no])
		page = db_visit(f, *no);
	if (page == NULL)
		return false;
	length = db_u16(f, page + AT_OFFSET);
	if (page[AT_TYPE] != PAGE_OVERFLOW || length == 0 ||
	    length > f->size - PAGE_HEADER || length > f->budget) {
		db_problem(f, "page %u is no piece of a long record", *no);
		return false;
	}
	f->budget -= length;
	buf_add(out, (struct str){ (const char *)page + PAGE_HEADER, length });
	*no = db_u32(f, page + AT_NEXT);
	return true;
}

bool db_read_far(struct db_pages *f, const struct db_far *far, struct buf *out)
{
	uint32_t no = far->page;

	buf_reset(out);
	while (out->n < far->length && !f->stop)
		if (!read_piece(f, &no, far->shared, out))
			return false;
	if (out->n == far->length && no == 0)
		return true;
	db_problem(f, "page %u: a long record of another length than told",
	    far->page);
	return false;
}

/* --- the file ------------------------------------------------------------ */

/* Pages that were given back wait in a chain. */
static void walk_free(struct db_pages *f)
{
	uint32_t no = db_u32(f, f->bytes + AT_FREE);

	while (no != 0 && !f->stop) {
		const unsigned char *page = db_visit(f, no);

		if (page == NULL)
			return;
		if (page[AT_TYPE] != PAGE_UNUSED) {
			db_problem(f, "page %u is in use but said to be free",
			    no);
			return;
		}
		no = db_u32(f, page + AT_NEXT);
	}
}

/* What nobody leads to holds records that no lookup finds: a torn file. */
static void look_for_lost(struct db_pages *f)
{
	uint32_t no, lost = 0, first = 0;

	for (no = 1; no < f->count; no++) {
		const unsigned char *page = db_page(f, no);

		if (f->seen[no] || page[AT_TYPE] == PAGE_UNUSED ||
		    db_u16(f, page + AT_ITEMS) == 0)
			continue;
		if (lost++ == 0)
			first = no;
	}
	if (lost == 0)
		return;
	if (f->info->buckets != 0)
		db_problem(f,
		    "%u pages with records, page %u the first, belong to no "
		    "bucket: the meta page knows of %zu (a torn file)",
		    lost, first, f->info->buckets);
	else
		db_problem(f,
		    "%u pages with records, page %u the first, cannot be "
		    "reached from the root (a torn file)",
		    lost, first);
}

static const struct method *find_method(struct db_pages *f)
{
	size_t i;

	for (i = 0; i < 2 * NELEM(methods); i++) {
		f->swapped = i >= NELEM(methods);
		if (db_u32(f, f->bytes + AT_MAGIC) ==
		    methods[i % NELEM(methods)].is->magic)
			return &methods[i % NELEM(methods)];
	}
	return NULL;
}

/* What postmap(1) does not make, and this does not know. */
static const char *unusual(const struct db_pages *f, const struct method *m)
{
	const unsigned char *meta = f->bytes;
	uint32_t version = db_u32(f, meta + AT_VERSION);

	if (meta[AT_TYPE] != m->is->meta || db_u32(f, meta + AT_PAGE_NO) != 0)
		return "the first page is no meta page";
	if (version < m->is->oldest || version > m->is->newest)
		return "a version of the format that is not known";
	if (meta[AT_CRYPT] != 0 || meta[AT_META_FLAG] != 0 ||
	    db_u32(f, meta + AT_PARTS) != 0 || db_u32(f, meta + AT_FLAGS) != 0)
		return "checksums, encryption, partitions or duplicates, "
		       "which no postmap makes";
	if (f->size < PAGE_SIZE_MIN || f->size > PAGE_SIZE_MAX ||
	    (f->size & (f->size - 1)) != 0)
		return "a page size that cannot be";
	return NULL;
}

static void check_size(struct db_pages *f, size_t n)
{
	uint64_t last = db_u32(f, f->bytes + AT_LAST);

	if (n % f->size != 0)
		db_problem(f, "the last page is cut off");
	if (last + 1 != f->count)
		db_problem(f,
		    "the meta page knows of %ju pages, the file has %u",
		    (uintmax_t)last + 1, f->count);
}

static void walk(struct db_pages *f, const struct method *m, size_t n)
{
	f->count = (uint32_t)(n / f->size);
	f->info->pages = f->count;
	f->seen = xcalloc((size_t)f->count + 1, 1);
	f->budget = 4 * (uint64_t)n;
	f->key = f->val = BUF_MAX(n);
	check_size(f, n);
	if (!f->stop && f->count != 0)
		m->walk(f);
	if (!f->stop)
		walk_free(f);
	if (!f->stop)
		look_for_lost(f);
	buf_clear(&f->key);
	buf_clear(&f->val);
	free(f->seen);
}

bool pages_check_db(struct str file, const struct pages_use *use,
    struct pages_info *info)
{
	struct db_pages f = { .bytes = (const unsigned char *)file.p,
		.use = use,
		.info = info };
	const struct method *m;
	const char *why;

	*info = (struct pages_info){ 0 };
	m = file.n < META_BYTES ? NULL : find_method(&f);
	if (m == NULL) {
		db_problem(&f,
		    file.n == 0 ? "the file is empty"
				: "this is no Berkeley DB hash or btree file");
		return false;
	}
	info->type = m->name;
	f.size = db_u32(&f, f.bytes + AT_PAGE_SIZE);
	why = unusual(&f, m);
	if (why == NULL && file.n / f.size > UINT32_MAX)
		why = "the file is too large";
	if (why != NULL)
		db_problem(&f, "%s", why);
	else
		walk(&f, m, file.n);
	return info->problems == 0;
}
