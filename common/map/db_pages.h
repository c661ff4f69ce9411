/*
 * db_pages - a Berkeley DB file being looked through: what its two access
 * methods share. Only for db_pages*.c; the others include pages.h.
 */
#ifndef COMMON_MAP_DB_PAGES_H
#define COMMON_MAP_DB_PAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/str.h"
#include "map/bdb_layout.h"
#include "map/pages.h"

/* An item whose data lies on pages of its own. */
#define ITEM_FAR 12

struct db_pages {
	const unsigned char *bytes;
	const struct pages_use *use;
	struct pages_info *info;
	bool swapped;        /* the other byte order */
	bool stop;           /* the user has seen enough */
	uint32_t size;       /* of a page */
	uint32_t count;      /* pages in the file */
	unsigned char *seen; /* per page: somebody leads to it */
	uint64_t budget;     /* bytes that may still be copied */
	struct buf key, val; /* of what is not in one piece */
};

uint16_t db_u16(const struct db_pages *f, const unsigned char *p);
uint32_t db_u32(const struct db_pages *f, const unsigned char *p);
void db_problem(struct db_pages *f, const char *fmt, ...) PRINTF(2, 3);
void db_record(struct db_pages *f, struct str key, struct str val);

/* Page no, NULL when the file has none. */
const unsigned char *db_page(const struct db_pages *f, uint32_t no);
/* The same for who is led to it: a problem when it is not there, when others
 * were led to it before, or when it says to be another one; NULL then. */
const unsigned char *db_visit(struct db_pages *f, uint32_t no) MUST_CHECK;
/* Do the page's index and its items' area fit? Sets the number of items. */
bool db_index(struct db_pages *f, const unsigned char *page, uint32_t no,
    unsigned *items) MUST_CHECK;
/* Where item i of the page begins, not before its index; 0: outside. */
unsigned db_item_at(const struct db_pages *f, const unsigned char *page,
    unsigned i);

/* Data on pages of their own, copied to out. Others may lead to them too when
 * shared. False after a problem. */
struct db_far {
	uint32_t page, length;
	bool shared;
};
bool db_read_far(struct db_pages *f, const struct db_far *far, struct buf *out)
    MUST_CHECK;

/* The pages that the meta page leads to. */
void db_walk_hash(struct db_pages *f);
void db_walk_btree(struct db_pages *f);

#endif
