/* db_pages_btree - the tree of a btree file, from its root. */

#include "map/db_pages.h"

/* Kinds of items; the top bit says that it was deleted. */
enum {
	ITEM_DATA = 1,
	ITEM_OVERFLOW = 3,
	ITEM_DELETED = 0x80,
};

/* Before an item's data, on leaves and on nodes. */
#define LEAF_HEAD 3
#define NODE_HEAD 12

struct tree {
	struct db_pages *f;
	struct buf last;    /* the greatest key so far */
	bool any;           /* there was one */
	bool strict;        /* it was a record's: the next one is greater */
	uint32_t last_leaf; /* 0: none yet */
};

/* Keys only grow from left to right; a node's key may equal a record's. */
static void in_order(struct tree *t, struct str key, uint32_t no, bool record)
{
	int cmp = t->any ? str_cmp(buf_str(&t->last), key) : -1;

	if (cmp > 0 || (cmp == 0 && t->strict && record))
		db_problem(t->f, "page %u: keys are out of order", no);
	buf_set(&t->last, key);
	t->any = true;
	t->strict = record;
}

/* The data of a leaf's item. */
static bool read_item(struct db_pages *f, uint32_t no, unsigned i,
    struct buf *copy, struct str *s)
{
	const unsigned char *page = db_page(f, no), *p;
	unsigned at = db_item_at(f, page, i), room = f->size - at, kind;
	struct db_far far;

	if (at == 0 || room < ITEM_FAR) {
		/* A short item may be the last on the page. */
		if (at == 0 || room < LEAF_HEAD ||
		    (page[at + 2] & ~ITEM_DELETED) != ITEM_DATA)
			goto outside;
	}
	p = page + at;
	kind = p[2] & ~(unsigned)ITEM_DELETED;
	if (kind == ITEM_DATA) {
		*s = (struct str){ (const char *)p + LEAF_HEAD, db_u16(f, p) };
		if (s->n > room - LEAF_HEAD)
			goto outside;
		return true;
	}
	if (kind != ITEM_OVERFLOW) {
		db_problem(f, "page %u: item %u is of an unknown kind", no, i);
		return false;
	}
	/* A key above the leaves may be the same pages. */
	far = (struct db_far){ db_u32(f, p + 4), db_u32(f, p + 8), true };
	if (!db_read_far(f, &far, copy))
		return false;
	*s = buf_str(copy);
	return true;
outside:
	db_problem(f, "page %u: item %u is outside", no, i);
	return false;
}

static bool is_deleted(const struct db_pages *f, const unsigned char *page,
    unsigned i)
{
	return (page[db_item_at(f, page, i) + 2] & ITEM_DELETED) != 0;
}

/* Leaves are chained, too. */
static void check_chain(struct tree *t, const unsigned char *page, uint32_t no)
{
	struct db_pages *f = t->f;
	uint32_t next = t->last_leaf == 0
	    ? no
	    : db_u32(f, db_page(f, t->last_leaf) + AT_NEXT);

	if (db_u32(f, page + AT_PREV) != t->last_leaf || next != no)
		db_problem(f, "page %u: the chain of leaves is broken", no);
	t->last_leaf = no;
}

static void read_leaf(struct tree *t, const unsigned char *page, uint32_t no)
{
	struct db_pages *f = t->f;
	struct str key, val;
	unsigned items, i;

	check_chain(t, page, no);
	if (!db_index(f, page, no, &items))
		return;
	if (items % 2 != 0)
		db_problem(f, "page %u: a key without a value", no);
	for (i = 0; i + 1 < items && !f->stop; i += 2) {
		if (!read_item(f, no, i, &f->key, &key) ||
		    !read_item(f, no, i + 1, &f->val, &val))
			continue;
		in_order(t, key, no, true);
		if (!f->stop && !is_deleted(f, page, i + 1))
			db_record(f, key, val);
	}
}

/* A node's item: the least key below it, and a page. */
static bool read_branch(struct tree *t, const unsigned char *page, uint32_t no,
    unsigned i, uint32_t *child)
{
	struct db_pages *f = t->f;
	unsigned at = db_item_at(f, page, i), length;
	const unsigned char *p = page + at;
	struct db_far far;
	struct str key;

	if (at == 0 || f->size - at < NODE_HEAD ||
	    db_u16(f, p) > f->size - at - NODE_HEAD) {
		db_problem(f, "page %u: item %u is outside", no, i);
		return false;
	}
	*child = db_u32(f, p + 4);
	length = db_u16(f, p);
	key = (struct str){ (const char *)p + NODE_HEAD, length };
	if ((p[2] & ~(unsigned)ITEM_DELETED) == ITEM_OVERFLOW) {
		if (length < ITEM_FAR) {
			db_problem(f, "page %u: item %u is outside", no, i);
			return false;
		}
		p += NODE_HEAD;
		far =
		    (struct db_far){ db_u32(f, p + 4), db_u32(f, p + 8), true };
		if (!db_read_far(f, &far, &f->key))
			return false;
		key = buf_str(&f->key);
	}
	/* Nobody looks at the first one. */
	if (i != 0)
		in_order(t, key, no, false);
	return true;
}

/* Levels fall by one down to the leaves' 1: that ends the recursion. */
static void walk_tree(struct tree *t, uint32_t no, unsigned level)
{
	struct db_pages *f = t->f;
	const unsigned char *page = db_visit(f, no);
	unsigned items, i;
	uint32_t child;

	if (page == NULL)
		return;
	if (level == 0)
		level = page[AT_LEVEL];
	if (page[AT_LEVEL] != level ||
	    page[AT_TYPE] !=
		(level == 1 ? PAGE_BTREE_LEAF : PAGE_BTREE_INNER) ||
	    level == 0) {
		db_problem(f, "page %u is not at its place in the tree", no);
		return;
	}
	if (level == 1) {
		read_leaf(t, page, no);
		return;
	}
	if (!db_index(f, page, no, &items))
		return;
	for (i = 0; i < items && !f->stop; i++)
		if (read_branch(t, page, no, i, &child))
			walk_tree(t, child, level - 1);
}

void db_walk_btree(struct db_pages *f)
{
	struct tree t = { .f = f, .last = BUF_MAX((size_t)f->count * f->size) };

	walk_tree(&t, db_u32(f, f->bytes + AT_ROOT), 0);
	if (!f->stop && t.last_leaf != 0 &&
	    db_u32(f, db_page(f, t.last_leaf) + AT_NEXT) != 0)
		db_problem(f, "page %u: the chain of leaves is broken",
		    t.last_leaf);
	buf_clear(&t.last);
}
