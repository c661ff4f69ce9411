/* fail: - every lookup is a temporary error. Postfix DATABASE_README. */

#include "map/types.h"

static enum st fail_open(struct map *m UNUSED, struct err *e UNUSED)
{
	return ST_OK;
}

static enum st fail_get(struct map *m, struct str key UNUSED,
    struct buf *val UNUSED, struct err *e)
{
	return err_temp(e, "4.3.0",
	    "table %.*s: query error: Application error", STR_ARG(m->spec));
}

static enum st fail_next(struct map *m, struct buf *key UNUSED,
    struct buf *val UNUSED, struct err *e)
{
	return err_temp(e, "4.3.0",
	    "table %.*s: sequence error: Application error", STR_ARG(m->spec));
}

static enum st fail_del(struct map *m, struct str key UNUSED, struct err *e)
{
	return err_temp(e, "4.3.0",
	    "table %.*s: delete error: Application error", STR_ARG(m->spec));
}

const struct map_ops map_fail_ops = {
	.type = "fail",
	.open = fail_open,
	.get = fail_get,
	.next = fail_next,
	.del = fail_del,
};
