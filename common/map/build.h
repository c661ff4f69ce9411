/*
 * build - make or change a table's file, so that readers see the old table or
 * the new one and nothing between.
 *
 * A full build writes a file beside, syncs it, renames it over the result and
 * syncs the directory, holding the lock that postmap(1) takes on the result.
 * Adding to a table changes it in place under that lock, or a copy of it.
 */
#ifndef COMMON_MAP_BUILD_H
#define COMMON_MAP_BUILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"
#include "map/map.h"

struct map_build;

struct map_build_how {
	unsigned flags; /* MAP_FOLD, MAP_UTF8, MAP_TRY0 (records without NUL),
			   MAP_DUP_IGNORE, MAP_DUP_REPLACE */
	bool add;       /* to what is there */
	bool aside;     /* add to a copy, which then takes its place */
	mode_t mode;    /* of a new file */
	uid_t uid;      /* of a new file; (uid_t)-1: as we are */
	gid_t gid;
};

/*
 * Begin with "type:name". ST_TEMP: "unsupported dictionary type: T ...", "open
 * database NAME.db: REASON", no temporary file.
 */
enum st map_build_open(struct map_build **b, struct str spec,
    const char *default_type, const struct map_build_how *how, struct err *e)
    MUST_CHECK;
/* A record; the key is folded as flags say. A duplicate is warned of, passed
 * over or put in place of the old one. */
enum st map_build_put(struct map_build *b, struct str key, struct str val,
    struct err *e) MUST_CHECK;
/* A record in place of any old one, silently. */
enum map_build_end {
	MAP_BUILD_STYLE, /* with a NUL or not, as all the others */
	MAP_BUILD_BARE,  /* without */
};
enum st map_build_set(struct map_build *b, struct str key, struct str val,
    enum map_build_end end, struct err *e) MUST_CHECK;
/* All of it becomes visible, and durable; b is gone whatever is returned. */
enum st map_build_commit(struct map_build *b, struct err *e) MUST_CHECK;
/* Nothing happened; removes the temporary file. NULL is fine. */
void map_build_discard(struct map_build *b);

#endif
