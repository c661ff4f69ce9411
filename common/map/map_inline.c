/* inline: - records in the parameter itself. Postfix DATABASE_README. */

#include "map/list.h"
#include "map/memory.h"
#include "map/types.h"

/* "k=v", or "{k = v with, comma}" with blanks around what counts. */
static enum st add_item(struct map *m, struct memory *t, struct str item,
    struct err *e)
{
	struct str key, val = item;
	bool braces = item.n != 0 && *item.p == '{';

	if (braces) {
		if (item.p[item.n - 1] != '}')
			return err_temp(e, "4.3.5",
			    "syntax error after '}' in "
			    "\"%.*s\"",
			    STR_ARG(item));
		val = str_trim((struct str){ item.p + 1, item.n - 2 });
	}
	if (!str_cut(&val, '=', &key))
		return err_temp(e, "4.3.5",
		    "missing '=' after attribute name: "
		    "\"%.*s\"",
		    STR_ARG(key));
	key = str_trim(key);
	val = str_trim(val);
	if (key.n == 0)
		return err_temp(e, "4.3.5", "missing attribute name: \"%.*s\"",
		    STR_ARG(item));
	memory_put(m, t, key, val, true);
	return ST_OK;
}

static enum st inline_open(struct map *m, struct err *e)
{
	struct str s = m->name, item;
	struct memory *t;
	size_t n = 0;

	if (s.n < 3 || s.p[0] != '{' || s.p[s.n - 1] != '}')
		return err_temp(e, "4.3.5",
		    "bad syntax: \"inline:%.*s\"; need "
		    "\"inline:{name=value...}\"",
		    STR_ARG(s));
	s = (struct str){ s.p + 1, s.n - 2 };
	t = memory_new();
	while (list_item(&s, &item)) {
		n++;
		if (add_item(m, t, item, e) != ST_OK) {
			memory_free(t);
			return ST_TEMP;
		}
	}
	if (n == 0) {
		memory_free(t);
		return err_temp(e, "4.3.5",
		    "empty table: \"inline:%.*s\"; "
		    "need \"inline:{name=value...}\"",
		    STR_ARG(m->name));
	}
	m->state = t;
	return ST_OK;
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
	.pure = true,
	.open = inline_open,
	.get = inline_get,
	.next = inline_next,
	.close = inline_close,
};
