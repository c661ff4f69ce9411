/* check_tables - are the tables there, as new as their sources, and safe?
 * Runs in: the command. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/log.h"
#include "map/list.h"
#include "map/map.h"
#include "map/types.h"
#include "vdeliver/check_state.h"

#define VALUE_MAX 70000

/* Whose values name tables; the last ones by default those of the others. */
static const char *const params[] = { "virtual_mailbox_maps",
	"virtual_alias_maps", "virtual_uid_maps", "virtual_gid_maps",
	"virtual_mailbox_domains", "virtual_alias_domains", "mydestination" };

/* Types that are built from a source, and what their files end in. */
static const struct {
	const char *type, *suffix;
} built[] = {
	{ "hash:", ".db" },
	{ "btree:", ".db" },
	{ "lmdb:", ".lmdb" },
	{ "cdb:", ".cdb" },
};

static void check_mode(struct check *c, const char *path)
{
	char *dir = arena_strz(&c->arena, str_c(path)),
	     *slash = strrchr(dir, '/');
	struct stat sb;

	if (stat(path, &sb) == 0 && (sb.st_mode & S_IWOTH) != 0)
		check_say(c, CHECK_WRONG,
		    arena_printf(&c->arena, "chmod o-w %s", path),
		    "table %s can be written by everybody", path);
	if (slash == NULL || slash == dir)
		return;
	*slash = '\0';
	if (stat(dir, &sb) == 0 && (sb.st_mode & S_IWOTH) != 0 &&
	    (sb.st_mode & S_ISVTX) == 0)
		check_say(c, CHECK_WRONG,
		    arena_printf(&c->arena, "chmod o-w %s", dir),
		    "directory %s can be written by everybody: table %s can "
		    "be replaced",
		    dir, path);
}

static bool is_older(const struct stat *a, const struct stat *b)
{
	return a->st_mtim.tv_sec < b->st_mtim.tv_sec ||
	    (a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
		a->st_mtim.tv_nsec < b->st_mtim.tv_nsec);
}

/* True when its file is there. */
static bool check_built(struct check *c, const char *param, const char *spec,
    const char *name, const char *suffix)
{
	const char *file = arena_printf(&c->arena, "%s%s", name, suffix);
	const char *make = arena_printf(&c->arena, "run: postmap %s", spec);
	struct stat db, source;
	bool has_source = stat(name, &source) == 0;

	if (stat(file, &db) != 0) {
		check_say(c, CHECK_WRONG,
		    has_source ? make : "make it, or correct its name",
		    "%s: table file %s: %s", param, file, strerror(errno));
		return false;
	}
	check_mode(c, file);
	if (!has_source)
		return true;
	check_mode(c, name);
	if (is_older(&db, &source))
		check_say(c, CHECK_WRONG, make,
		    "%s: %s is older than its source %s: what was changed "
		    "there has no effect yet",
		    param, file, name);
	return true;
}

/* Any type: can it be opened at all? */
static void check_opens(struct check *c, const char *param, const char *spec)
{
	struct map *m = NULL;
	struct err e;
	enum st st;

	log_to_stderr(false);
	st = map_open(&m, str_c(spec), "hash", MAP_FOLD, &e);
	log_to_stderr(true);
	map_close(m);
	if (st != ST_OK)
		check_say(c, CHECK_WRONG,
		    "correct it: all mail that needs it is answered 451",
		    "%s: %s", param, e.text);
}

static const char *with_type(struct check *c, struct str item)
{
	while (str_starts(item, STR("proxy:")))
		item = str_skip(item, 6);
	return str_find(item, ':') >= 0
	    ? arena_strz(&c->arena, item)
	    : arena_printf(&c->arena, "%s:%.*s",
		  check_value(c, "default_database_type"), STR_ARG(item));
}

static void check_table(struct check *c, const char *param, struct str item)
{
	const char *spec = with_type(c, item);
	const char *name = strchr(spec, ':') + 1;
	size_t i;

	if (*name == '/')
		check_mode(c, name);
	for (i = 0; i < NELEM(built); i++)
		if (str_starts(str_c(spec), str_c(built[i].type)) &&
		    !check_built(c, param, spec, name, built[i].suffix))
			return;
	check_opens(c, param, spec);
}

/* In a list of names "example.com" is no table, in one of tables all are. */
static bool is_table(const char *param, struct str item)
{
	ptrdiff_t colon = str_find(item, ':');

	if (*item.p == '!' || *item.p == '[')
		return false;
	return str_ends(str_c(param), STR("_maps")) ||
	    (colon > 0 && map_type(str_head(item, (size_t)colon)) != NULL) ||
	    str_starts(item, STR("proxy:"));
}

void check_tables(struct check *c)
{
	struct hash *seen = hash_new();
	struct str list, item;
	size_t i;

	for (i = 0; i < NELEM(params); i++) {
		list = str_c(check_value(c, params[i]));
		while (list_item(&list, &item)) {
			if (!is_table(params[i], item) ||
			    hash_put(seen, item, c) != NULL)
				continue;
			check_table(c, params[i], item);
		}
	}
	hash_free(seen, NULL);
}

static void walk(struct check *c, const char *spec, check_record_fn *fn,
    void *arg)
{
	AUTO_BUF key = BUF_MAX(VALUE_MAX);
	AUTO_BUF val = BUF_MAX(VALUE_MAX);
	struct map *m;
	struct err e;

	if (map_open(&m, str_c(spec), "hash", MAP_FOLD, &e) != ST_OK)
		return;
	if (str_starts(str_c(spec), STR("static:"))) {
		if (map_get(m, STR("*"), &val, &e) == ST_OK)
			fn(c, spec, STR("*"), buf_str(&val), arg);
	} else if (m->ops->next != NULL) {
		while (map_next(m, &key, &val, &e) == ST_OK)
			fn(c, spec, buf_str(&key), buf_str(&val), arg);
	}
	map_close(m);
}

void check_records(struct check *c, const char *param, check_record_fn *fn,
    void *arg)
{
	struct str list = str_c(check_value(c, param)), item;

	log_to_stderr(false);
	while (list_item(&list, &item))
		if (is_table(param, item))
			walk(c, with_type(c, item), fn, arg);
	log_to_stderr(true);
}
