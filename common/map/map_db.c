/*
 * sqlite:, mysql:, pgsql:, ldap:, memcache: - tables of a database server, in
 * what they have in common. mysql_table(5) and the others; the engines are in
 * modules/.
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "map/db_common.h"
#include "map/db_conf.h"
#include "map/db_engine.h"
#include "map/db_hosts.h"
#include "map/match_list.h"
#include "map/module.h"
#include "map/types.h"

#define QUERY_MAX 1000000

struct db_map {
	struct db db;
	const struct db_engine *engine;
	struct file_id id;
	struct match_list *domain; /* NULL: all keys */
	struct str templates[DB_TEMPLATES];
	struct str format; /* of results */
	int64_t limit;     /* of values, 0: none */
	struct db_hosts hosts;
};

/* A lookup under way. */
struct ask {
	struct db_answer answer; /* first: the engine has its address */
	const struct db_map *t;
	struct buf *val;
	int64_t count;
	bool exceeded;
};

/* --- opening ------------------------------------------------------------- */

static const char *text_of(const struct db_map *t, const char *name)
{
	const struct db_value *v = db_conf_value(&t->db, t->engine, name);

	return v != NULL ? v->text : NULL;
}

static int64_t number_of(const struct db_map *t, const char *name)
{
	const struct db_value *v = db_conf_value(&t->db, t->engine, name);

	return v != NULL ? v->number : 0;
}

/* The query, or what Postfix before 2.2 had in its place. */
static enum st sql_query(const struct db_map *t, struct str *query,
    struct err *e)
{
	static const char *const parts[] = { "table", "select_field",
		"where_field" };
	const char *text = text_of(t, "query");
	AUTO_BUF made = BUF_MAX(QUERY_MAX);
	size_t i;

	if (text != NULL && *text != '\0') {
		*query = str_c(text);
		return ST_OK;
	}
	text = text_of(t, "select_function");
	if (text != NULL && *text != '\0') {
		*query =
		    str_c(arena_printf(t->db.arena, "SELECT %s('%%s')", text));
		return ST_OK;
	}
	for (i = 0; i < NELEM(parts); i++)
		if (*text_of(t, parts[i]) == '\0')
			return err_temp(e, "4.3.5",
			    "%s: bad string length 0 < 1: %s = ", t->db.file,
			    parts[i]);
	db_old_query(text_of(t, "select_field"), text_of(t, "table"),
	    text_of(t, "where_field"), text_of(t, "additional_conditions"),
	    &made);
	*query = arena_str(t->db.arena, buf_str(&made));
	return ST_OK;
}

static enum st check_template(const struct db_map *t, const char *what,
    struct str text, struct err *e)
{
	if (db_template_ok(text))
		return ST_OK;
	return err_temp(e, "4.3.5",
	    "db_common_parse: %s: Invalid %s template: %.*s", t->db.file, what,
	    STR_ARG(text));
}

static enum st read_templates(struct db_map *t, struct err *e)
{
	const char *format = text_of(t, "result_format");
	size_t i;

	for (i = 0; i < DB_TEMPLATES; i++) {
		const char *name = t->engine->templates[i].setting;

		if (name == NULL)
			break;
		t->templates[i] = str_c(text_of(t, name));
		if (t->engine->sql &&
		    sql_query(t, &t->templates[i], e) != ST_OK)
			return ST_TEMP;
		if (check_template(t, "query", t->templates[i], e) != ST_OK)
			return ST_TEMP;
	}
	if (t->engine->sql && db_template_bare(t->templates[0]))
		log_warn("%s: a part of the key stands outside of '...' in "
			 "the query: senders of mail can write SQL there",
		    t->db.file);
	t->format = format != NULL ? str_c(format) : STR("%s");
	return check_template(t, "result", t->format, e);
}

static void find_hosts(struct db_map *t)
{
	const struct db_engine *g = t->engine;
	const char *names = g->hosts != NULL ? text_of(t, g->hosts) : "";

	if (g->hosts != NULL && *names == '\0')
		names = g->default_host;
	db_hosts_init(&t->hosts, &t->db, g, str_c(names));
	t->hosts.idle_ms = number_of(t, "idle_interval") * 1000;
	t->hosts.retry_ms = number_of(t, "retry_interval") * 1000;
}

static enum st find_engine(struct db_map *t, struct err *e)
{
	if (!str_eqc(str_c(t->db.type), db_memcache_engine.type))
		return module_load(t->db.type, &t->engine, e);
	t->engine = &db_memcache_engine;
	return ST_OK;
}

static enum st open_table(struct db_map *t, unsigned flags, struct err *e)
{
	const char *domain;

	if (find_engine(t, e) != ST_OK ||
	    db_conf_read(&t->db, t->engine, &t->id, e) != ST_OK ||
	    (t->engine->check != NULL &&
		t->engine->check(&t->db, e) != ST_OK) ||
	    read_templates(t, e) != ST_OK)
		return ST_TEMP;
	t->limit = number_of(t, "expansion_limit");
	domain = text_of(t, "domain");
	if (domain != NULL && *domain != '\0')
		t->domain = match_list_open(arena_printf(t->db.arena,
						"%s: domain", t->db.file),
		    str_c(domain), MATCH_DOMAIN, MAP_FOLD | (flags & MAP_UTF8));
	find_hosts(t);
	return t->engine->early ? db_hosts_connect(&t->hosts, e) : ST_OK;
}

static void warn(const char *fmt, ...) PRINTF(1, 2);
static void warn(const char *fmt, ...)
{
	AUTO_BUF text = BUF_MAX(LOG_LINE_MAX);
	va_list ap;
	size_t room;
	char *p = buf_room(&text, LOG_LINE_MAX - 1, &room);

	va_start(ap, fmt);
	vsnprintf(p, room, fmt, ap);
	va_end(ap);
	log_warn("%s", p);
}

static void free_table(struct db_map *t)
{
	db_hosts_close(&t->hosts);
	match_list_close(t->domain);
	free(t);
}

static enum st db_open(struct map *m, struct err *e)
{
	struct db_map *t;

	/* Else Postfix takes it as the first part of names in main.cf. */
	if (m->name.p[0] != '/' && m->name.p[0] != '.')
		return err_temp(e, "4.3.5",
		    "%.*s: settings in main.cf are not supported: name a "
		    "file, %s:/...",
		    STR_ARG(m->spec), m->ops->type);
	t = xcalloc(1, sizeof(*t));
	t->db.type = m->ops->type;
	t->db.file = arena_strz(&m->arena, m->name);
	t->db.flags = m->flags;
	t->db.arena = &m->arena;
	t->db.warn = warn;
	if (open_table(t, m->flags, e) != ST_OK) {
		free_table(t);
		return ST_TEMP;
	}
	m->state = t;
	return ST_OK;
}

/* --- asking -------------------------------------------------------------- */

static enum st too_many(struct ask *a, struct err *e)
{
	const struct db_map *t = a->t;

	log_warn("%s: %s: Expansion limit exceeded for %s '%.*s'",
	    t->engine->limit_name, t->db.file, t->engine->limit_key,
	    STR_ARG(a->answer.key));
	a->exceeded = true;
	return err_temp(e, "4.3.5", "more than %lld values",
	    (long long)t->limit);
}

/* A value that an engine found. */
static enum st add_value(struct db_answer *answer, struct str value,
    struct err *e)
{
	struct ask *a = (struct ask *)answer;
	const struct db_map *t = a->t;
	struct db_parts parts = { .key = a->answer.key, .is_result = true };
	size_t before = a->val->n;
	enum st st;

	if (t->engine->raw) {
		a->count++;
		buf_set(a->val, value);
		return ST_OK;
	}
	value = str_head(value, strnlen(value.p, value.n));
	parts.value = value;
	if (value.n == 0) {
		log_warn("table \"%s:%s\": empty lookup result for: \"%.*s\" "
			 "-- ignored",
		    t->db.type, t->db.file, STR_ARG(a->answer.key));
		return ST_OK;
	}
	if (a->count > 0)
		buf_addch(a->val, ',');
	st = db_expand(t->format, &parts, a->val, e);
	if (st != ST_OK)
		buf_cut(a->val, before);
	if (st == ST_OK && ++a->count > t->limit && t->limit > 0)
		return too_many(a, e);
	return st == ST_NONE ? ST_OK : st;
}

static void clear_texts(struct buf (*text)[DB_TEMPLATES])
{
	size_t i;

	for (i = 0; i < DB_TEMPLATES; i++)
		buf_clear(&(*text)[i]);
}

/* Fill the templates in for this connection, and ask it. */
static enum st ask_conn(void *conn, void *arg, bool *lost, struct err *e)
{
	CLEANUP(clear_texts)
	struct buf text[DB_TEMPLATES] = { BUF_MAX(QUERY_MAX),
		BUF_MAX(QUERY_MAX) };
	struct ask *a = arg;
	const struct db_map *t = a->t;
	struct db_parts parts = { .key = a->answer.key, .conn = conn };
	enum st st = ST_OK;
	size_t i;

	a->count = 0;
	a->answer.lost = false;
	buf_reset(a->val);
	for (i = 0; i < DB_TEMPLATES && st == ST_OK; i++) {
		parts.quote = t->engine->templates[i].quote;
		st = db_expand(t->templates[i], &parts, &text[i], e);
	}
	if (st == ST_OK)
		st = t->engine->query(conn, text, &a->answer, e);
	*lost = a->answer.lost;
	/* Too many values are no fault of the server: ask no other one. */
	return a->exceeded ? ST_PERM : st;
}

/* Does the table answer for such keys at all? */
static enum st in_domain(const struct db_map *t, struct str key, struct err *e)
{
	ptrdiff_t at = str_rfind(key, '@');

	if (t->domain == NULL)
		return ST_OK;
	if (at <= 0)
		return ST_NONE;
	return match_list_get(t->domain, str_skip(key, (size_t)at + 1), e);
}

static enum st db_get(struct map *m, struct str key, struct buf *val,
    struct err *e)
{
	struct db_map *t = m->state;
	struct ask a = { .answer.add = add_value,
		.t = t,
		.answer.key = key,
		.val = val };
	enum st st;

	/* Servers speak UTF-8 to us, whatever smtputf8_enable says. */
	if (!utf8_valid(key) || str_find(key, '\0') >= 0)
		return ST_NONE;
	st = in_domain(t, key, e);
	if (st != ST_OK)
		return st;
	if (key.n == 0 && t->engine->raw)
		return ST_NONE;
	if (key.n == 0) {
		log_warn("table \"%s:%s\": empty query string -- ignored",
		    t->db.type, t->db.file);
		return ST_NONE;
	}
	st = db_hosts_ask(&t->hosts, ask_conn, &a, e);
	if (st == ST_OK && a.count == 0)
		return ST_NONE;
	return st == ST_PERM ? ST_TEMP : st;
}

static bool db_changed(struct map *m)
{
	struct db_map *t = m->state;
	const struct db_host *host = &t->hosts.list[0];

	return file_id_changed(&t->id, t->db.file) ||
	    (t->domain != NULL && match_list_changed(t->domain)) ||
	    (t->engine->changed != NULL && host->conn != NULL &&
		t->engine->changed(host->conn));
}

static void db_close(struct map *m)
{
	free_table(m->state);
}

static bool db_is_there(const struct map_ops *ops)
{
	return strcmp(ops->type, db_memcache_engine.type) == 0 ||
	    module_is_there(ops->type);
}

#define DB_TYPE(name)                             \
	const struct map_ops map_##name##_ops = { \
		.type = #name,                    \
		.read_only = true,                \
		.there = db_is_there,             \
		.open = db_open,                  \
		.get = db_get,                    \
		.changed = db_changed,            \
		.close = db_close,                \
	}

DB_TYPE(ldap);
DB_TYPE(memcache);
DB_TYPE(mysql);
DB_TYPE(pgsql);
DB_TYPE(sqlite);
