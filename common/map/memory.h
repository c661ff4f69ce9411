/*
 * memory - a table held in memory: what texthash: and inline: read.
 */
#ifndef COMMON_MAP_MEMORY_H
#define COMMON_MAP_MEMORY_H

#include <stdbool.h>

#include "map/map.h"

struct memory;

struct memory *memory_new(void) MUST_CHECK;
/* NULL is fine. */
void memory_free(struct memory *t);

/*
 * Add a record; the key is folded as m wants it. An old value stays unless
 * replace is true. False: there was one.
 */
bool memory_put(struct map *m, struct memory *t, struct str key, struct str val,
    bool replace);
enum st memory_get(const struct memory *t, struct str key, struct buf *val);
/* Records in order of entry; ST_NONE after the last. */
enum st memory_next(struct memory *t, struct buf *key, struct buf *val);

#endif
