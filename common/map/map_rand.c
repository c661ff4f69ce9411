/* randmap: - one of several values by chance. Postfix DATABASE_README. */

#include <stdint.h>
#include <sys/random.h>

#include "map/members.h"
#include "map/rhs.h"
#include "map/types.h"

#define VALUE_MAX ((size_t)1 << 26)

static enum st rand_open(struct map *m, struct err *e)
{
	struct members *s = arena_alloc(&m->arena, sizeof(*s));
	size_t i;

	m->state = s;
	if (members_split(s, m, "value", e) != ST_OK)
		return ST_TEMP;
	if ((m->flags & MAP_RHS_FILES) == 0)
		return ST_OK;
	for (i = 0; i < s->n; i++) {
		AUTO_BUF content = BUF_MAX(VALUE_MAX);

		if (rhs_read(s->texts[i], &content, e) != ST_OK)
			return ST_TEMP;
		s->texts[i] = arena_str(&m->arena, buf_str(&content));
	}
	return ST_OK;
}

static enum st rand_get(struct map *m, struct str key UNUSED, struct buf *val,
    struct err *e)
{
	const struct members *s = m->state;
	uint64_t r;

	if (getrandom(&r, sizeof(r), 0) != sizeof(r))
		return err_temp(e, "4.3.0", "table %.*s: getrandom: %m",
		    STR_ARG(m->title));
	buf_set(val, s->texts[r % s->n]);
	return ST_OK;
}

const struct map_ops map_rand_ops = {
	.type = "randmap",
	.pattern = true,
	.read_only = true,
	.open = rand_open,
	.get = rand_get,
};
