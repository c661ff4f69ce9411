/* map - the table of table types, and what all types have in common. */

#include "map/map.h"

#include <stdlib.h>

#include "base/base64.h"
#include "base/log.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "map/redirect.h"
#include "map/types.h"

/* No key of a mail system is longer. */
#define KEY_MAX 70000

static const struct map_ops *const types[] = {
	&map_hash_ops,
	&map_btree_ops,
	&map_texthash_ops,
	&map_inline_ops,
	&map_static_ops,
	&map_environ_ops,
	&map_fail_ops,
	&map_cidr_ops,
	&map_regexp_ops,
	&map_pcre_ops,
	&map_lmdb_ops,
	&map_union_ops,
	&map_pipe_ops,
	&map_rand_ops,
	&map_debug_ops,
	&map_unix_ops,
	&map_tcp_ops,
	&map_socketmap_ops,
	&map_ldap_ops,
	&map_memcache_ops,
	&map_mysql_ops,
	&map_pgsql_ops,
	&map_sqlite_ops,
#ifdef HAVE_CDB
	&map_cdb_ops,
#endif
};

const struct map_ops *map_type(struct str type)
{
	size_t i;

	for (i = 0; i < NELEM(types); i++)
		if (str_eqc(type, types[i]->type))
			return types[i];
	return NULL;
}

const struct map_ops *const *map_types(size_t *n)
{
	*n = NELEM(types);
	return types;
}

static enum st open_with(struct map *m, struct err *e)
{
	struct str rest = m->spec, type;

	if (!str_cut(&rest, ':', &type) || type.n == 0 || rest.n == 0)
		return err_temp(e, "4.3.0",
		    "open dictionary: expecting "
		    "\"type:name\" form instead of \"%.*s\"",
		    STR_ARG(m->spec));
	m->ops = map_type(type);
	if (m->flags / MAP_INNER > MAP_INNER_MAX)
		return err_temp(e, "4.3.5",
		    "tables are nested too deep: \"%.*s\"", STR_ARG(m->spec));
	if (m->ops == NULL)
		return err_temp(e, "4.3.0", "unsupported dictionary type: %.*s",
		    STR_ARG(type));
	m->name = rest;
	m->title = m->spec;
	m->pattern = m->ops->pattern;
	if ((m->flags & MAP_WRITE) != 0 && m->ops->read_only)
		return err_temp(e, "4.3.0",
		    "%.*s map requires O_RDONLY access mode", STR_ARG(m->spec));
	return m->ops->open(m, e);
}

enum st map_open(struct map **out, struct str spec, const char *default_type,
    unsigned flags, struct err *e)
{
	return map_open_file(out, spec, default_type, flags, NULL, e);
}

enum st map_open_file(struct map **out, struct str spec,
    const char *default_type, unsigned flags, const char *file, struct err *e)
{
	struct map *m = xcalloc(1, sizeof(*m));
	enum st st;

	/* virtual(8) opens the inner table itself as well. */
	while (str_starts(spec, STR("proxy:")))
		spec = str_skip(spec, 6);
	if (str_find(spec, ':') < 0)
		spec = str_c(arena_printf(&m->arena, "%s:%.*s", default_type,
		    STR_ARG(spec)));
	m->spec = arena_str(&m->arena, redirect_spec(spec, &m->arena));
	m->flags = flags;
	m->file = file != NULL ? arena_strz(&m->arena, str_c(file)) : NULL;
	st = open_with(m, e);
	if (st != ST_OK) {
		map_explain_missing(m, e);
		m->ops = NULL;
		map_close(m);
		return st;
	}
	*out = m;
	return ST_OK;
}

const char *map_file(struct map *m, const char *suffix)
{
	return m->file != NULL
	    ? m->file
	    : arena_printf(&m->arena, "%.*s%s", STR_ARG(m->name), suffix);
}

bool map_fold_key(const struct map *m, struct str key, struct buf *out)
{
	if ((m->flags & MAP_FOLD) == 0 || m->ops->pattern)
		return buf_set(out, key);
	return (m->flags & MAP_UTF8) != 0 && utf8_valid(key)
	    ? utf8_fold(out, key)
	    : ascii_fold(out, key);
}

/* A content that was stored as base64. False, and a warning: it is none. */
static bool decode(const struct map *m, struct str key, struct buf *val)
{
	AUTO_BUF content = BUF_MAX(val->max);

	if (base64_decode(&content, buf_str(val)))
		return buf_set(val, buf_str(&content));
	log_warn("table %.*s: key %.*s: malformed BASE64 value: %s",
	    STR_ARG(m->title), STR_ARG(key), buf_c(val));
	return false;
}

static bool coded(const struct map *m)
{
	return (m->flags & MAP_RHS_FILES) != 0 && m->ops->coded;
}

/* What the type found: does it fit, is it UTF-8, what does it stand for? */
static enum st check_value(const struct map *m, struct str key, struct buf *val,
    struct err *e)
{
	bool good = true;

	if (val->full)
		return err_temp(e, "4.3.5",
		    "%.*s: value of \"%.*s\" is longer than %zu bytes",
		    STR_ARG(m->spec), STR_ARG(key), val->max);
	if (coded(m)) {
		good = decode(m, key, val);
	} else if ((m->flags & MAP_UTF8) != 0 &&
	    (m->flags & MAP_RHS_FILES) == 0 && !utf8_valid(buf_str(val))) {
		log_warn("%.*s: key \"%.*s\": non-UTF-8 value \"%s\": "
			 "malformed UTF-8 or invalid codepoint",
		    STR_ARG(m->title), STR_ARG(key), buf_c(val));
		good = false;
	}
	return good ? ST_OK
		    : err_temp(e, "4.3.5", "table %.*s: query error",
			  STR_ARG(m->title));
}

enum st map_get(struct map *m, struct str key, struct buf *val, struct err *e)
{
	AUTO_BUF folded = BUF_MAX(KEY_MAX);
	enum st st;

	if ((m->flags & MAP_UTF8) != 0 && !utf8_valid(key)) {
		log_warn("%.*s: non-UTF-8 key \"%.*s\": malformed UTF-8 or "
			 "invalid codepoint",
		    STR_ARG(m->title), STR_ARG(key));
		return ST_NONE;
	}
	if (!map_fold_key(m, key, &folded))
		return ST_NONE;
	buf_reset(val);
	st = m->ops->get(m, buf_str(&folded), val, e);
	return st == ST_OK ? check_value(m, key, val, e) : st;
}

enum st map_del(struct map *m, struct str key, struct err *e)
{
	AUTO_BUF folded = BUF_MAX(KEY_MAX);

	if (m->ops->del == NULL)
		return err_temp(e, "",
		    "table %.*s: delete operation is not supported",
		    STR_ARG(m->title));
	if (!map_fold_key(m, key, &folded))
		return ST_NONE;
	return m->ops->del(m, buf_str(&folded), e);
}

enum st map_next(struct map *m, struct buf *key, struct buf *val, struct err *e)
{
	enum st st;

	if (m->ops->next == NULL)
		return err_temp(e, "",
		    "table %.*s: sequence operation is not supported",
		    STR_ARG(m->title));
	do
		st = m->ops->next(m, key, val, e);
	while (st == ST_OK && coded(m) && !decode(m, buf_str(key), val));
	return st;
}

void map_pause(struct map *m)
{
	if (m->ops->pause != NULL)
		m->ops->pause(m);
}

bool map_changed(struct map *m)
{
	return m->ops->changed != NULL && m->ops->changed(m);
}

bool map_lasts(const struct map *m)
{
	return m->ops->lasts;
}

bool map_pure(const struct map *m)
{
	return m->ops->pure;
}

void map_close(struct map *m)
{
	struct arena a;

	if (m == NULL)
		return;
	if (m->ops != NULL && m->ops->close != NULL)
		m->ops->close(m);
	a = m->arena;
	free(m);
	arena_clear(&a);
}
