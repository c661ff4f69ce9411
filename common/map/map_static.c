/* static: - one answer for every key. Postfix DATABASE_README, "static". */

#include "map/braces.h"
#include "map/rhs.h"
#include "map/types.h"

#define VALUE_MAX ((size_t)1 << 26)

/* "value" is the answer itself; "{ value }" may hold blanks and commas. */
static enum st static_open(struct map *m, struct err *e)
{
	AUTO_BUF content = BUF_MAX(VALUE_MAX);

	if (m->name.n != 0 && *m->name.p == '{' &&
	    braces_strip(&m->name, e) != ST_OK) {
		err_prefix(e, "bad static:name syntax: ");
		return ST_TEMP;
	}
	if ((m->flags & MAP_RHS_FILES) == 0)
		return ST_OK;
	if (rhs_read(m->name, &content, e) != ST_OK)
		return ST_TEMP;
	m->name = arena_str(&m->arena, buf_str(&content));
	return ST_OK;
}

static enum st static_get(struct map *m, struct str key UNUSED, struct buf *val,
    struct err *e UNUSED)
{
	buf_set(val, m->name);
	return ST_OK;
}

const struct map_ops map_static_ops = {
	.type = "static",
	.lasts = true,
	.pure = true,
	.open = static_open,
	.get = static_get,
};
