/* debug: - another table, and a log line for each use of it. Postfix 3.11. */

#include "base/log.h"
#include "map/types.h"

static void tell(const struct map *m, const char *what, struct str key,
    enum st st, struct str val)
{
	if (st == ST_OK)
		log_info("%.*s %s: \"%.*s\" = \"%.*s\"", STR_ARG(m->spec), what,
		    STR_ARG(key), STR_ARG(val));
	else
		log_info("%.*s %s: \"%.*s\" = %s", STR_ARG(m->spec), what,
		    STR_ARG(key), st == ST_NONE ? "not found" : "error");
}

static enum st debug_open(struct map *m, struct err *e)
{
	struct map *inner;

	if (str_find(m->name, ':') < 0)
		return err_temp(e, "4.3.5",
		    "bad syntax: \"%.*s\"; need \"debug:type:name\"",
		    STR_ARG(m->spec));
	if (map_open(&inner, m->name, "", m->flags + MAP_INNER, e) != ST_OK)
		return ST_TEMP;
	m->state = inner;
	m->pattern = inner->pattern;
	log_info("%.*s open", STR_ARG(m->spec));
	return ST_OK;
}

static enum st debug_get(struct map *m, struct str key, struct buf *val,
    struct err *e)
{
	enum st st = map_get(m->state, key, val, e);

	tell(m, "lookup", key, st, buf_str(val));
	return st;
}

static enum st debug_next(struct map *m, struct buf *key, struct buf *val,
    struct err *e)
{
	enum st st = map_next(m->state, key, val, e);

	if (st == ST_OK)
		tell(m, "next", buf_str(key), st, buf_str(val));
	return st;
}

static enum st debug_del(struct map *m, struct str key, struct err *e)
{
	enum st st = map_del(m->state, key, e);

	tell(m, "delete", key, st, STR("deleted"));
	return st;
}

static bool debug_changed(struct map *m)
{
	return map_changed(m->state);
}

static void debug_close(struct map *m)
{
	log_info("%.*s close", STR_ARG(m->spec));
	map_close(m->state);
}

/* pattern: the inner table folds for itself, the key comes to it as it is. */
const struct map_ops map_debug_ops = {
	.type = "debug",
	.pattern = true,
	.open = debug_open,
	.get = debug_get,
	.next = debug_next,
	.del = debug_del,
	.changed = debug_changed,
	.close = debug_close,
};
