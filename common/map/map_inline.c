/* inline: - records in the parameter itself. Postfix DATABASE_README. */

#include "map/braces.h"
#include "map/list.h"
#include "map/memory.h"
#include "map/rhs.h"
#include "map/types.h"

#define VALUE_MAX ((size_t)1 << 26)

/* "k=v", or "{k = v with, comma}" with blanks around what counts. */
static enum st add_item(struct map *m, struct memory *t, struct str item,
    struct err *e)
{
	AUTO_BUF content = BUF_MAX(VALUE_MAX);
	struct str key, val;
	bool braces = *item.p == '{';

	if (braces && braces_strip(&item, e) != ST_OK)
		return ST_TEMP;
	val = item;
	if (braces && item.n == 0)
		return err_temp(e, "4.3.5",
		    "no key found; expected format: key = value");
	if (!str_cut(&val, '=', &key))
		return err_temp(e, "4.3.5", "missing '=' after attribute name");
	val = str_trim(val);
	if ((m->flags & MAP_RHS_FILES) != 0) {
		if (rhs_read(val, &content, e) != ST_OK)
			return ST_TEMP;
		val = buf_str(&content);
	}
	memory_put(m, t, str_trim(key), val, true);
	return ST_OK;
}

static enum st add_items(struct map *m, struct memory *t, struct err *e)
{
	struct str s = m->name, item;
	size_t n = 0;

	/* "{}" is no table at all, "{ }" an empty one. */
	if (s.n < 3 || braces_strip(&s, e) != ST_OK)
		return err_temp(e, "4.3.5", "bad syntax");
	while (list_item(&s, &item)) {
		n++;
		if (add_item(m, t, item, e) != ST_OK)
			return ST_TEMP;
	}
	return n != 0 ? ST_OK : err_temp(e, "4.3.5", "empty table");
}

static enum st inline_open(struct map *m, struct err *e)
{
	struct memory *t = memory_new();
	struct err why;

	m->state = t;
	if (add_items(m, t, &why) == ST_OK)
		return ST_OK;
	memory_free(t);
	return err_temp(e, "4.3.5",
	    "%s: \"inline:%.*s\"; need \"inline:{name=%s...}\"", why.text,
	    STR_ARG(m->name),
	    (m->flags & MAP_RHS_FILES) != 0 ? "filename" : "value");
}

static enum st inline_get(struct map *m, struct str key, struct buf *val,
    struct err *e UNUSED)
{
	return memory_get(m->state, key, val);
}

static enum st inline_next(struct map *m, struct buf *key, struct buf *val,
    struct err *e UNUSED)
{
	return memory_next(m->state, key, val);
}

static void inline_close(struct map *m)
{
	memory_free(m->state);
}

const struct map_ops map_inline_ops = {
	.type = "inline",
	.lasts = true,
	.read_only = true,
	.pure = true,
	.open = inline_open,
	.get = inline_get,
	.next = inline_next,
	.close = inline_close,
};
