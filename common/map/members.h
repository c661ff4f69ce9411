/*
 * members - "{a, b}" of unionmap:, pipemap: and randmap:.
 */
#ifndef COMMON_MAP_MEMBERS_H
#define COMMON_MAP_MEMBERS_H

#include <stddef.h>

#include "map/map.h"

struct members {
	struct str *texts; /* in m's arena; at least one */
	struct map **maps; /* the same, opened; NULL for randmap: */
	size_t n;
};

/*
 * Cut m's name; need is "type:name" or "value", for the error "bad syntax:
 * "SPEC"; need "TYPE:{NEED...}"".
 */
enum st members_split(struct members *s, struct map *m, const char *need,
    struct err *e) MUST_CHECK;
/* Open each as a table, with m's flags; s is closed on failure. */
enum st members_open(struct members *s, struct map *m, struct err *e)
    MUST_CHECK;
bool members_changed(const struct members *s);
void members_close(struct members *s);

#endif
