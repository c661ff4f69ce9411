/* static: - one answer for every key. Postfix DATABASE_README, "static". */

#include "map/types.h"

/* "value" is the answer itself; "{ value }" may hold blanks and commas. */
static enum st static_open(struct map *m, struct err *e)
{
	struct str s = m->name;

	if (s.n == 0 || s.p[0] != '{')
		return ST_OK;
	if (s.n < 2 || s.p[s.n - 1] != '}')
		return err_temp(e, "4.3.5", "static:%.*s: missing '}'",
		    STR_ARG(s));
	m->name = str_trim((struct str){ s.p + 1, s.n - 2 });
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
	.pure = true,
	.open = static_open,
	.get = static_get,
};
