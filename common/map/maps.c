/* maps - several tables, asked in order. */

#include "map/maps.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "map/list.h"
#include "map/map.h"
#include "map/types.h"

struct table {
	struct table *next;
	struct map *map; /* NULL: it could not be opened */
	const char *spec;
	struct err why;

	/* Of a broken one: its files, as far as there were any. */
	const char *path[2];
	bool existed[2];
	struct file_id id[2];
};

struct maps {
	struct arena arena;
	const char *param;
	struct table *first;
	maps_watch_fn *watch; /* NULL: nobody does */
	void *watch_arg;
};

/* Remember what a broken table's files look like: they may get better. */
static void remember_files(struct maps *m, struct table *t)
{
	struct str name = str_c(t->spec);
	struct stat sb;
	size_t i;

	name = str_skip(name, (size_t)(str_find(name, ':') + 1));
	if (name.n == 0 || *name.p != '/')
		return;
	t->path[0] = arena_printf(&m->arena, "%.*s.db", STR_ARG(name));
	t->path[1] = arena_strz(&m->arena, name);
	for (i = 0; i < 2; i++) {
		t->existed[i] = stat(t->path[i], &sb) == 0;
		if (t->existed[i])
			file_id_set(&t->id[i], &sb);
	}
}

/* What is wrong, and what to do about it where that is clear. */
static void log_trouble(const struct table *t)
{
	static const char *const built[] = { "hash:", "btree:", "lmdb:",
		"cdb:" };
	struct str why = str_c(t->why.text);
	size_t i;

	for (i = 0; i < NELEM(built); i++)
		if (str_starts(str_c(t->spec), str_c(built[i])) &&
		    str_ends(why, STR("No such file or directory"))) {
			log_error("%s; make it with: postmap %s", t->why.text,
			    t->spec);
			return;
		}
	log_error("%s", t->why.text);
}

static struct table *open_table(struct maps *m, struct str spec,
    const char *default_type, unsigned flags)
{
	struct table *t = arena_alloc(&m->arena, sizeof(*t));

	while (str_starts(spec, STR("proxy:")))
		spec = str_skip(spec, 6);
	t->spec = str_find(spec, ':') < 0
	    ? arena_printf(&m->arena, "%s:%.*s", default_type, STR_ARG(spec))
	    : arena_strz(&m->arena, spec);
	if (map_open(&t->map, spec, default_type, flags, &t->why) == ST_OK)
		return t;
	t->map = NULL;
	log_trouble(t);
	remember_files(m, t);
	return t;
}

struct maps *maps_open(const char *param, struct str list,
    const char *default_type, unsigned flags)
{
	struct maps *m = xcalloc(1, sizeof(*m));
	struct table **end = &m->first;
	struct str item;

	m->param = param;
	while (list_item(&list, &item)) {
		*end = open_table(m, item, default_type, flags);
		end = &(*end)->next;
	}
	return m;
}

static enum st get_one(struct table *t, struct str key, struct buf *val,
    struct err *e)
{
	enum st st;

	if (t->map == NULL) {
		log_warn("%s is unavailable. %s", t->spec, t->why.text);
		st = err_temp(e, "4.3.0", "%s is unavailable. %s", t->spec,
		    t->why.text);
	} else {
		st = map_get(t->map, key, val, e);
	}
	if (st == ST_TEMP)
		log_warn("%s lookup error for \"%.*s\"", t->spec, STR_ARG(key));
	return st;
}

void maps_watch(struct maps *m, maps_watch_fn *fn, void *arg)
{
	m->watch = fn;
	m->watch_arg = arg;
}

/* What a table said; no value: it was passed over. */
static void tell(const struct maps *m, const struct table *t, struct str key,
    enum st st, const struct buf *val)
{
	struct maps_step step = { .table = t->spec,
		.key = key,
		.passed_over = val == NULL,
		.st = st };

	if (m->watch == NULL)
		return;
	if (st == ST_OK)
		step.val = buf_str(val);
	m->watch(&step, m->watch_arg);
}

enum st maps_get(struct maps *m, struct str key, bool partial, struct buf *val,
    struct err *e)
{
	struct table *t;
	enum st st;

	for (t = m->first; t != NULL; t = t->next) {
		if (partial && t->map != NULL && t->map->pattern) {
			tell(m, t, key, ST_NONE, NULL);
			continue;
		}
		st = get_one(t, key, val, e);
		tell(m, t, key, st, val);
		if (st == ST_NONE)
			continue;
		if (st == ST_OK && val->n == 0)
			return err_temp(e, "4.3.5",
			    "%s lookup of %.*s returns "
			    "an empty string result",
			    m->param, STR_ARG(key));
		return st;
	}
	return ST_NONE;
}

static bool broken_changed(const struct table *t)
{
	struct stat sb;
	size_t i;

	for (i = 0; i < 2 && t->path[i] != NULL; i++) {
		if (t->existed[i] != (stat(t->path[i], &sb) == 0))
			return true;
		if (t->existed[i] && file_id_changed(&t->id[i], t->path[i]))
			return true;
	}
	return false;
}

bool maps_changed(struct maps *m)
{
	struct table *t;

	for (t = m->first; t != NULL; t = t->next)
		if (t->map != NULL ? map_changed(t->map) : broken_changed(t))
			return true;
	return false;
}

bool maps_pure(const struct maps *m)
{
	const struct table *t;

	for (t = m->first; t != NULL; t = t->next)
		if (t->map == NULL || !map_pure(t->map))
			return false;
	return true;
}

bool maps_last(const struct maps *m)
{
	const struct table *t;

	for (t = m->first; t != NULL; t = t->next)
		if (t->map == NULL || !map_lasts(t->map))
			return false;
	return true;
}

bool maps_broken(const struct maps *m)
{
	const struct table *t;

	for (t = m->first; t != NULL; t = t->next)
		if (t->map == NULL)
			return true;
	return false;
}

bool maps_empty(const struct maps *m)
{
	return m->first == NULL;
}

void maps_close(struct maps *m)
{
	struct table *t;
	struct arena a;

	if (m == NULL)
		return;
	for (t = m->first; t != NULL; t = t->next)
		map_close(t->map);
	a = m->arena;
	free(m);
	arena_clear(&a);
}
