/*
 * nul - the trailing NUL of records in table files. Postfix writes one after
 * keys and values of hash:, btree: and lmdb:, and none in cdb:; what others
 * made may be either. The first hit tells, for as long as the table is open.
 */
#ifndef COMMON_MAP_NUL_H
#define COMMON_MAP_NUL_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"
#include "map/map.h"

/* Do it with these n bytes (the NUL may be one of them); ST_NONE: not there. */
typedef enum st nul_fn(struct map *m, const char *key, size_t n, void *arg,
    struct err *e);

/* Try key with the NUL, then without, as far as m's flags allow. */
enum st nul_try(struct map *m, struct str key, nul_fn *fn, void *arg,
    struct err *e);
/* s up to its first NUL. */
struct str nul_cut(struct str s);

#endif
