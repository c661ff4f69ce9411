/* nul - with a NUL first, then without. */

#include "map/nul.h"

#include <stdlib.h>

#include "base/xalloc.h"

#define BOTH ((unsigned)(MAP_TRY0 | MAP_TRY1))

enum st nul_try(struct map *m, struct str key, nul_fn *fn, void *arg,
    struct err *e)
{
	unsigned tries = (m->flags & BOTH) != 0 ? m->flags & BOTH : BOTH;
	char *z = xstrndup(key);
	enum st st = ST_NONE;

	if ((tries & MAP_TRY1) != 0) {
		st = fn(m, z, key.n + 1, arg, e);
		if (st == ST_OK)
			m->flags = (m->flags & ~BOTH) | MAP_TRY1;
	}
	if (st == ST_NONE && (tries & MAP_TRY0) != 0) {
		st = fn(m, z, key.n, arg, e);
		if (st == ST_OK)
			m->flags = (m->flags & ~BOTH) | MAP_TRY0;
	}
	free(z);
	return st;
}

struct str nul_cut(struct str s)
{
	ptrdiff_t nul = str_find(s, '\0');

	return nul < 0 ? s : str_head(s, (size_t)nul);
}
