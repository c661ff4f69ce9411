/*
 * aside - change the copy of a table's file, and put it in the table's place:
 * readers see the table with all of the changes, or with none.
 */
#ifndef COMMON_MAP_ASIDE_H
#define COMMON_MAP_ASIDE_H

#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"
#include "map/hold.h"
#include "map/map.h"
#include "map/temp.h"

struct aside {
	struct map *map; /* the copy, opened to be changed */
	struct temp temp;
	struct temp_as as;
	char *path;       /* the table's file */
	int lock;         /* the same, open and locked */
	struct hold hold; /* signals wait until all is done */
};

/*
 * Copy and open hash:, btree: or lmdb: (else ST_TEMP: "table T:N cannot be
 * changed in a copy"). ST_TEMP: "open database FILE: REASON". On ST_OK end
 * with one of the other two.
 */
enum st aside_open(struct aside *a, struct str spec, const char *default_type,
    unsigned flags, struct err *e) MUST_CHECK;
/* The copy becomes the table, durably; a is closed whatever happens. */
enum st aside_commit(struct aside *a, struct err *e) MUST_CHECK;
/* The table stays as it was. */
void aside_discard(struct aside *a);

#endif
