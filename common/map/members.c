/* members - items in braces, and the tables that they name. */

#include "map/members.h"

#include "map/braces.h"
#include "map/list.h"

static enum st bad_syntax(const struct map *m, const char *need, struct err *e)
{
	return err_temp(e, "4.3.5", "bad syntax: \"%.*s\"; need \"%s:{%s...}\"",
	    STR_ARG(m->spec), m->ops->type, need);
}

enum st members_split(struct members *s, struct map *m, const char *need,
    struct err *e)
{
	struct str list = m->name, rest, item;
	struct err ignored;

	*s = (struct members){ NULL, NULL, 0 };
	if (braces_strip(&list, &ignored) != ST_OK)
		return bad_syntax(m, need, e);
	for (rest = list; list_item(&rest, &item);)
		s->n++;
	if (s->n == 0)
		return bad_syntax(m, need, e);
	s->texts = arena_array(&m->arena, s->n, sizeof(*s->texts));
	s->n = 0;
	while (list_item(&list, &item))
		s->texts[s->n++] = item;
	return ST_OK;
}

enum st members_open(struct members *s, struct map *m, struct err *e)
{
	size_t i;

	s->maps = arena_array(&m->arena, s->n, sizeof(*s->maps));
	for (i = 0; i < s->n; i++) {
		if (str_find(s->texts[i], ':') < 0) {
			members_close(s);
			return bad_syntax(m, "type:name", e);
		}
		if (map_open(&s->maps[i], s->texts[i], "", m->flags + MAP_INNER,
			e) != ST_OK) {
			members_close(s);
			return ST_TEMP;
		}
	}
	return ST_OK;
}

bool members_changed(const struct members *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (map_changed(s->maps[i]))
			return true;
	return false;
}

void members_close(struct members *s)
{
	size_t i;

	for (i = 0; i < s->n && s->maps != NULL; i++)
		map_close(s->maps[i]);
	s->n = 0;
}
