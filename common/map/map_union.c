/* unionmap: and pipemap: - several tables as one. Postfix DATABASE_README. */

#include <stdlib.h>

#include "map/members.h"
#include "map/types.h"

static enum st open_members(struct map *m, struct err *e)
{
	struct members *s = arena_alloc(&m->arena, sizeof(*s));

	m->state = s;
	if (members_split(s, m, "type:name", e) != ST_OK)
		return ST_TEMP;
	if (members_open(s, m, e) != ST_OK)
		return ST_TEMP;
	m->pattern = s->maps[0]->pattern;
	return ST_OK;
}

/* All answers, with commas between; what has none is passed over. */
static enum st union_get(struct map *m, struct str key, struct buf *val,
    struct err *e)
{
	const struct members *s = m->state;
	AUTO_BUF one = BUF_MAX(val->max);
	enum st found = ST_NONE, st;
	size_t i;

	for (i = 0; i < s->n; i++) {
		st = map_get(s->maps[i], key, &one, e);
		if (st == ST_NONE)
			continue;
		if (st != ST_OK)
			return st;
		if (found == ST_OK)
			buf_addch(val, ',');
		buf_add(val, buf_str(&one));
		found = ST_OK;
	}
	return found;
}

/* The answer of one is the key of the next. */
static enum st pipe_get(struct map *m, struct str key, struct buf *val,
    struct err *e)
{
	const struct members *s = m->state;
	AUTO_BUF question = BUF_MAX(val->max);
	enum st st = ST_OK;
	size_t i;

	buf_set(&question, key);
	for (i = 0; i < s->n && st == ST_OK; i++) {
		st = map_get(s->maps[i], buf_str(&question), val, e);
		buf_set(&question, buf_str(val));
	}
	return st;
}

static bool changed(struct map *m)
{
	return members_changed(m->state);
}

static void close_members(struct map *m)
{
	members_close(m->state);
}

/* pattern: each member folds for itself, the key comes to it as it is. */
const struct map_ops map_union_ops = {
	.type = "unionmap",
	.pattern = true,
	.read_only = true,
	.open = open_members,
	.get = union_get,
	.changed = changed,
	.close = close_members,
};

const struct map_ops map_pipe_ops = {
	.type = "pipemap",
	.pattern = true,
	.read_only = true,
	.open = open_members,
	.get = pipe_get,
	.changed = changed,
	.close = close_members,
};
