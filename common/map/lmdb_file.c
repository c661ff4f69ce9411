/* lmdb_file - a tree of pages, read within its bounds. */

#include "map/lmdb_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/xalloc.h"

#define MAGIC         0xBEEFC0DEu
#define FORMAT        1
#define META_BYTES    152 /* of the first page: its header and the meta data */
#define PAGE_SIZE_MIN 512u
#define PAGE_SIZE_MAX 65536u
#define NO_PAGE       UINT64_MAX
#define HEADER        16 /* of each page */
#define NODE_HEADER   8
#define KEY_LIMIT     ((size_t)1 << 26)

enum {
	PAGE_BRANCH = 0x01,
	PAGE_LEAF = 0x02,
	PAGE_OVERFLOW = 0x04,
	PAGE_META = 0x08,
	NODE_BIG = 0x01, /* the value lies on pages of its own */
};

/* Where things are in the first two pages. */
enum {
	AT_FLAGS = 10,
	AT_MAGIC = 16,
	AT_VERSION = 20,
	AT_PAGE_SIZE = 40,
	AT_FREE_ROOT = 80,
	AT_MAIN_FLAGS = 92,
	AT_MAIN_ROOT = 128,
	AT_LAST_PAGE = 136,
	AT_TXN = 144,
};

void lmdb_file_init(struct lmdb_file *f, int fd)
{
	*f = (struct lmdb_file){ .fd = fd };
}

void lmdb_file_clear(struct lmdb_file *f)
{
	if (f == NULL)
		return;
	free(f->page);
	page_cache_clear(&f->branches);
	f->page = NULL;
}

static bool bad(struct lmdb_file *f, const char *why, uint64_t page)
{
	snprintf(f->why, sizeof(f->why), "%s (page %llu)", why,
	    (unsigned long long)page);
	errno = EINVAL;
	return false;
}

static uint16_t u16(const char *p, size_t at)
{
	uint16_t v;

	memcpy(&v, p + at, sizeof(v));
	return v;
}

static uint32_t u32(const char *p, size_t at)
{
	uint32_t v;

	memcpy(&v, p + at, sizeof(v));
	return v;
}

static uint64_t u64(const char *p, size_t at)
{
	uint64_t v;

	memcpy(&v, p + at, sizeof(v));
	return v;
}

/* Read n bytes that begin in a page, as far as the file goes. */
static bool read_bytes(struct lmdb_file *f, uint64_t page, size_t skip,
    char *to, size_t n)
{
	ssize_t did;

	if (page >= f->pages || n > (f->pages - page) * f->page_size - skip)
		return bad(f, "it ends before this page", page);
	did = io_read_at(f->fd, to, n, (off_t)(page * f->page_size + skip));
	if (did < 0)
		return false;
	return (size_t)did == n ? true
				: bad(f, "it ends within this page", page);
}

/* --- the header ---------------------------------------------------------- */

/* One of the two meta pages; false: it is none. */
static bool read_meta(struct lmdb_file *f, off_t at, char *meta)
{
	uint32_t size;

	if (io_read_at(f->fd, meta, META_BYTES, at) != META_BYTES)
		return bad(f, "it is too short", 0);
	size = u32(meta, AT_PAGE_SIZE);
	if ((u16(meta, AT_FLAGS) & PAGE_META) == 0 ||
	    u32(meta, AT_MAGIC) != MAGIC)
		return bad(f, "it is no lmdb: table", 0);
	if (u32(meta, AT_VERSION) != FORMAT)
		return bad(f, "it has another version of the format", 0);
	if (size < PAGE_SIZE_MIN || size > PAGE_SIZE_MAX ||
	    (size & (size - 1)) != 0)
		return bad(f, "its page size makes no sense", 0);
	if (u16(meta, AT_MAIN_FLAGS) != 0)
		return bad(f, "it holds duplicates or other keys", 0);
	return true;
}

bool lmdb_file_header(struct lmdb_file *f)
{
	char meta[2][META_BYTES];
	const char *m = meta[0];
	struct stat sb;
	uint32_t size;

	f->why[0] = '\0';
	f->has = false;
	if (fstat(f->fd, &sb) != 0 || !read_meta(f, 0, meta[0]))
		return false;
	size = u32(m, AT_PAGE_SIZE);
	/* The newer one counts; a crash may have left the other one torn. */
	if (read_meta(f, size, meta[1]) && u32(meta[1], AT_PAGE_SIZE) == size &&
	    u64(meta[1], AT_TXN) > u64(m, AT_TXN))
		m = meta[1];
	f->why[0] = '\0';
	if (size != f->page_size) {
		f->page = xrealloc(f->page, size);
		f->page_size = size;
	}
	page_cache_reset(&f->branches, size);
	f->pages = (uint64_t)sb.st_size / size;
	f->root = u64(m, AT_MAIN_ROOT);
	f->spare = u64(m, AT_FREE_ROOT);
	f->last = u64(m, AT_LAST_PAGE);
	return true;
}

/* --- pages and nodes ----------------------------------------------------- */

struct node {
	struct str key;
	uint32_t data;  /* where the value begins on the page */
	uint32_t n;     /* its length */
	uint64_t child; /* of a branch, or of a big value */
	bool big;
};

static uint32_t count(const struct lmdb_file *f)
{
	return (uint32_t)(u16(f->page, 12) - HEADER) / 2;
}

static bool is_leaf(const struct lmdb_file *f)
{
	return u16(f->page, AT_FLAGS) == PAGE_LEAF;
}

static bool load(struct lmdb_file *f, uint64_t number)
{
	uint32_t lower, upper, flags;

	if (f->has && f->loaded == number)
		return true;
	f->has = page_cache_get(&f->branches, number, f->page);
	f->loaded = number;
	if (f->has)
		return true;
	if (!read_bytes(f, number, 0, f->page, f->page_size))
		return false;
	flags = u16(f->page, AT_FLAGS);
	lower = u16(f->page, 12);
	upper = u16(f->page, 14);
	if (u64(f->page, 0) != number)
		return bad(f, "this page has the number of another", number);
	if ((flags != PAGE_LEAF && flags != PAGE_BRANCH) || lower < HEADER ||
	    lower > upper || upper > f->page_size || lower % 2 != 0)
		return bad(f, "this is no page of the tree", number);
	if (flags == PAGE_BRANCH)
		page_cache_put(&f->branches, number, f->page);
	f->has = true;
	return true;
}

static bool find_node(struct lmdb_file *f, uint32_t i, struct node *node)
{
	uint32_t at = u16(f->page, HEADER + 2 * (size_t)i);
	uint32_t flags, low, key_n, need;

	if (at < u16(f->page, 14) || at + NODE_HEADER > f->page_size)
		return bad(f, "a node lies outside of its page", f->loaded);
	low = u16(f->page, at) | (uint32_t)u16(f->page, at + 2) << 16;
	flags = u16(f->page, at + 4);
	key_n = u16(f->page, at + 6);
	*node = (struct node){ .data = at + NODE_HEADER + key_n, .n = low };
	need = node->data;
	if (!is_leaf(f)) {
		node->child = low | (uint64_t)flags << 32;
	} else if (flags == NODE_BIG) {
		node->big = true;
		need += 8;
	} else if (flags == 0) {
		/* Wraps around only when it is out of bounds by far. */
		need = low > f->page_size ? UINT32_MAX : need + low;
	} else {
		return bad(f, "a node is of no known kind", f->loaded);
	}
	if (need > f->page_size)
		return bad(f, "a node lies outside of its page", f->loaded);
	node->key = (struct str){ f->page + at + NODE_HEADER, key_n };
	if (node->big)
		node->child = u64(f->page, node->data);
	return true;
}

/* Is there room for n bytes on the pages that begin with first? */
static bool check_big(struct lmdb_file *f, uint64_t first, uint32_t n)
{
	char h[HEADER];
	uint64_t pages;

	if (!read_bytes(f, first, 0, h, sizeof(h)))
		return false;
	pages = u32(h, 12);
	return u64(h, 0) == first && u16(h, AT_FLAGS) == PAGE_OVERFLOW &&
		pages != 0 && pages <= f->pages - first &&
		(uint64_t)n + HEADER <= pages * f->page_size
	    ? true
	    : bad(f, "a long value is broken here", first);
}

static enum st take_value(struct lmdb_file *f, const struct node *node,
    struct buf *val)
{
	char *to;
	size_t room;

	buf_reset(val);
	if (!node->big)
		return buf_set(val,
			   (struct str){ f->page + node->data, node->n })
		    ? ST_OK
		    : ST_TEMP;
	if (!check_big(f, node->child, node->n))
		return ST_TEMP;
	if (node->n == 0)
		return ST_OK;
	to = buf_room(val, node->n, &room);
	if (room < node->n) {
		bad(f, "a value is too long", node->child);
		return ST_TEMP;
	}
	if (!read_bytes(f, node->child, HEADER, to, node->n))
		return ST_TEMP;
	buf_grew(val, node->n);
	return ST_OK;
}

/*
 * The last node that is not behind key, in *place, the first one when there is
 * none. ST_NONE: it has another key.
 */
static enum st search(struct lmdb_file *f, struct str key, uint32_t *place,
    struct node *node)
{
	/* The first key of a branch stands for everything before. */
	uint32_t low = is_leaf(f) ? 0 : 1, high = count(f), middle;
	bool found = false;
	int diff;

	*place = 0;
	while (low < high && !found) {
		middle = low + (high - low) / 2;
		if (!find_node(f, middle, node))
			return ST_TEMP;
		diff = str_cmp(key, node->key);
		if (diff >= 0) {
			*place = middle;
			found = diff == 0;
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return found ? ST_OK : ST_NONE;
}

enum st lmdb_file_get(struct lmdb_file *f, struct str key, struct buf *val)
{
	uint64_t number = f->root;
	struct node node;
	uint32_t place;
	int depth;
	enum st st;

	if (number == NO_PAGE)
		return ST_NONE;
	for (depth = 0; depth < LMDB_DEPTH; depth++) {
		if (!load(f, number))
			return ST_TEMP;
		st = search(f, key, &place, &node);
		if (st == ST_TEMP)
			return st;
		if (is_leaf(f))
			return st == ST_OK ? take_value(f, &node, val) : st;
		if (count(f) == 0 || !find_node(f, place, &node))
			break;
		number = node.child;
	}
	if (f->why[0] == '\0')
		bad(f, "the tree has no end", number);
	return ST_TEMP;
}

/* --- all records --------------------------------------------------------- */

static bool push(struct lmdb_file *f, struct lmdb_at *at, uint64_t number)
{
	if (at->depth == LMDB_DEPTH || at->steps++ >= f->pages)
		return bad(f, "the tree has no end", number);
	at->page[at->depth] = number;
	at->item[at->depth] = 0;
	at->depth++;
	return load(f, number);
}

/* Load the leaf with the next record; ST_NONE: there is none. */
static enum st next_leaf(struct lmdb_file *f, struct lmdb_at *at)
{
	struct node node;
	uint32_t *item;

	while (at->depth != 0) {
		if (!load(f, at->page[at->depth - 1]))
			return ST_TEMP;
		item = &at->item[at->depth - 1];
		if (*item >= count(f)) {
			at->depth--;
			continue;
		}
		if (is_leaf(f))
			return ST_OK;
		if (!find_node(f, (*item)++, &node) || !push(f, at, node.child))
			return ST_TEMP;
	}
	return ST_NONE;
}

static enum st walk(struct lmdb_file *f, struct lmdb_at *at, uint64_t root,
    struct node *node)
{
	enum st st;

	if (at->steps == 0 && root != NO_PAGE && !push(f, at, root))
		return ST_TEMP;
	st = next_leaf(f, at);
	if (st != ST_OK)
		return st;
	if (!find_node(f, at->item[at->depth - 1]++, node))
		return ST_TEMP;
	/* Nobody shares the pages of a long value. */
	if (node->big)
		at->steps += node->n / f->page_size + 1;
	if (at->steps <= f->pages)
		return ST_OK;
	bad(f, "its long values overlap", f->loaded);
	return ST_TEMP;
}

enum st lmdb_file_next(struct lmdb_file *f, struct lmdb_at *at, struct buf *key,
    struct buf *val)
{
	struct node node;
	enum st st = walk(f, at, f->root, &node);

	if (st != ST_OK)
		return st;
	if (!buf_set(key, node.key)) {
		bad(f, "a key is too long", f->loaded);
		return ST_TEMP;
	}
	return take_value(f, &node, val);
}

/* A list of page numbers: how many, then these, the largest first. */
static bool check_list(struct lmdb_file *f, struct str list)
{
	uint64_t n, i, page;

	if (list.n < 8 || list.n % 8 != 0)
		return bad(f, "the unused pages are broken", 0);
	n = u64(list.p, 0);
	if (n > list.n / 8 - 1)
		return bad(f, "the unused pages are broken", 0);
	for (i = 1; i <= n; i++) {
		page = u64(list.p, 8 * i);
		if (page < 2 || page > f->last ||
		    (i > 1 && page >= u64(list.p, 8 * (i - 1))))
			return bad(f, "the unused pages are broken", page);
	}
	return true;
}

static enum st check_spare(struct lmdb_file *f)
{
	AUTO_BUF list = BUF_MAX(SIZE_MAX / 2);
	struct lmdb_at at = { 0 };
	struct node node;
	enum st st;

	while ((st = walk(f, &at, f->spare, &node)) == ST_OK) {
		if (node.key.n != 8) {
			bad(f, "the unused pages are broken", f->loaded);
			return ST_TEMP;
		}
		if (take_value(f, &node, &list) != ST_OK ||
		    !check_list(f, buf_str(&list)))
			return ST_TEMP;
	}
	return st == ST_NONE ? ST_OK : st;
}

enum st lmdb_file_check(struct lmdb_file *f)
{
	AUTO_BUF key = BUF_MAX(KEY_LIMIT);
	AUTO_BUF val = BUF_MAX(SIZE_MAX / 2);
	struct lmdb_at at = { 0 };
	enum st st;

	while ((st = lmdb_file_next(f, &at, &key, &val)) == ST_OK)
		;
	return st == ST_NONE ? check_spare(f) : st;
}
