/* ask - look keys up, delete them, list tables. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "map/aside.h"
#include "map/map.h"
#include "map/nul.h"
#include "maptool/input.h"
#include "maptool/json.h"
#include "maptool/mime.h"
#include "maptool/tables.h"

#define VALUE_MAX ((size_t)1 << 26)

static struct map *open_map(const struct tables *t, int i, unsigned extra)
{
	struct map *m;
	struct err e;

	if (map_open(&m, str_c(t->maps[i]), t->default_type, t->flags | extra,
		&e) != ST_OK)
		log_fatal("%s", e.text);
	tables_tell(t, "open %.*s", STR_ARG(m->title));
	return m;
}

static void print(struct str s)
{
	fwrite(s.n != 0 ? s.p : "", 1, s.n, stdout);
}

static void print_line(struct str s)
{
	print(s);
	putchar('\n');
}

static void print_record(const struct tables *t, struct str key, struct str val)
{
	AUTO_BUF line = BUF_MAX(7 * (key.n + val.n) + 100);

	if (t->json) {
		json_record(&line, key, val);
		print(buf_str(&line));
	} else {
		print(key);
		fputs(t->tool->separator, stdout);
		print_line(val);
	}
}

/* Some texts say already which table it is. */
static void NORETURN failed(struct str title, const char *what,
    const struct err *e)
{
	AUTO_BUF table = BUF_MAX(4096);

	buf_addf(&table, "table %.*s: ", STR_ARG(title));
	/* Answers that came before are not lost. */
	fflush(stdout);
	if (str_starts(str_c(e->text), buf_str(&table)) ||
	    str_starts(str_c(e->text), STR("dict_sqlite")))
		log_fatal("%s", e->text);
	log_fatal("%s%s error: %s", buf_c(&table), what, e->text);
}

static void check_value(const struct map *m, struct str key, struct str val)
{
	if (val.n != 0)
		return;
	log_warn("table %.*s: key %.*s: empty string result is not allowed",
	    STR_ARG(m->title), STR_ARG(key));
	log_warn("table %.*s should return NO RESULT in case of NOT FOUND",
	    STR_ARG(m->title));
}

/* --- queries ------------------------------------------------------------- */

struct query {
	const struct tables *t;
	struct map **maps; /* NULL: not needed yet */
	struct buf val;
	bool found; /* any */
};

/* As it is; then in the tool's other form, if it has one. */
static enum st get(struct query *q, struct map *m, struct str key,
    struct err *e)
{
	AUTO_BUF other = BUF_MAX(VALUE_MAX);
	enum st st = map_get(m, key, &q->val, e);

	tables_tell(q->t, "%.*s: \"%.*s\": %s", STR_ARG(m->title), STR_ARG(key),
	    st_name(st));
	if (st != ST_NONE || q->t->tool->other_key == NULL ||
	    !q->t->tool->other_key(key, &other))
		return st;
	return map_get(m, buf_str(&other), &q->val, e);
}

static bool query_one(struct query *q, struct str key)
{
	struct err e;
	enum st st;
	int i;

	for (i = 0; i < q->t->n; i++) {
		if (q->maps[i] == NULL)
			q->maps[i] = open_map(q->t, i, MAP_BATCH);
		st = get(q, q->maps[i], key, &e);
		if (st == ST_OK) {
			check_value(q->maps[i], key, buf_str(&q->val));
			return true;
		}
		if (st != ST_NONE)
			failed(q->maps[i]->title, "query", &e);
	}
	return false;
}

/* A key of standard input; a NUL ends it. */
static void query_and_print(struct str key, void *arg)
{
	struct query *q = arg;

	key = nul_cut(key);
	if (!query_one(q, key))
		return;
	q->found = true;
	print_record(q->t, key, buf_str(&q->val));
}

/* Nobody waits for a table while we wait for the next key. */
static void pause_maps(void *arg)
{
	struct query *q = arg;
	int i;

	for (i = 0; i < q->t->n; i++)
		if (q->maps[i] != NULL)
			map_pause(q->maps[i]);
}

static void query_lines(struct query *q)
{
	struct input in;
	struct str key;

	input_init(&in, pause_maps, q);
	while (input_line(&in, &key))
		query_and_print(key, q);
	input_clear(&in);
}

static size_t limit(const struct tables *t, const char *name)
{
	int64_t v;
	struct err e;

	if (conf_int(t->conf, name, &v, &e) != ST_OK)
		log_fatal("%s", e.text);
	return v < 1 ? 1 : (size_t)v;
}

/* -b, -h, -m: standard input is a message. */
static void query_message(struct query *q)
{
	const struct tables *t = q->t;
	struct mime_how how = { .parts = (t->keys & KEYS_PARTS) != 0,
		.header_max = limit(t, "header_size_limit"),
		.nesting_max = limit(t, "mime_nesting_limit"),
		.boundary_max = limit(t, "mime_boundary_length_limit"),
		.arg = q };
	struct input in;
	struct mime *m;
	struct str s;

	if ((t->keys & KEYS_HEADERS) != 0)
		how.header = query_and_print;
	if ((t->keys & KEYS_BODY) != 0)
		how.body = query_and_print;
	m = mime_new(&how);
	input_init(&in, pause_maps, q);
	while (input_line(&in, &s))
		mime_line(m, nul_cut(s));
	mime_end(m);
	mime_free(m);
	input_clear(&in);
}

int tables_query(const struct tables *t)
{
	struct query q = { t, xcalloc((size_t)t->n, sizeof(struct map *)),
		BUF_MAX(VALUE_MAX), false };
	int i;

	if (strcmp(t->key, "-") != 0) {
		q.found = query_one(&q, str_c(t->key));
		if (q.found && t->json)
			print_record(t, str_c(t->key), buf_str(&q.val));
		else if (q.found)
			print_line(buf_str(&q.val));
	} else if (t->keys != 0) {
		query_message(&q);
	} else {
		query_lines(&q);
	}
	for (i = 0; i < t->n; i++)
		map_close(q.maps[i]);
	free(q.maps);
	buf_clear(&q.val);
	return !q.found;
}

/* --- deletions ----------------------------------------------------------- */

/* A table that loses records, or its copy. */
struct victim {
	struct map *map;
	struct aside aside; /* --atomic */
	bool changed;
};

static void open_victim(const struct tables *t, int i, struct victim *v)
{
	struct err e;

	*v = (struct victim){ 0 };
	if (!t->atomic) {
		v->map = open_map(t, i, MAP_WRITE);
		return;
	}
	if (aside_open(&v->aside, str_c(t->maps[i]), t->default_type, t->flags,
		&e) != ST_OK)
		log_fatal("%s", e.text);
	v->map = v->aside.map;
	tables_tell(t, "open a copy of %s", v->aside.path);
}

/* True: it had changed. */
static bool close_victim(const struct tables *t, struct victim *v)
{
	struct err e;

	if (!t->atomic)
		map_close(v->map);
	else if (!v->changed)
		aside_discard(&v->aside);
	else if (aside_commit(&v->aside, &e) != ST_OK)
		log_fatal("%s", e.text);
	return v->changed;
}

struct victims {
	const struct tables *t;
	struct victim *v;
	int n;
};

/* Nothing that was not committed happens to any table. */
static void NORETURN spare(const struct victims *all, struct str title,
    const struct err *e)
{
	AUTO_BUF kept = BUF_MAX(4096);
	int i;

	buf_add(&kept, title);
	for (i = 0; i < all->n && all->t->atomic; i++)
		aside_discard(&all->v[i].aside);
	failed(buf_str(&kept), "delete", e);
}

static void delete_one(const struct victims *all, struct str key)
{
	struct victim *v;
	struct err e;
	enum st st;

	for (v = all->v; v < all->v + all->n; v++) {
		st = map_del(v->map, key, &e);
		tables_tell(all->t, "%.*s: delete \"%.*s\": %s",
		    STR_ARG(v->map->title), STR_ARG(key), st_name(st));
		if (st == ST_OK)
			v->changed = true;
		else if (st != ST_NONE)
			spare(all, v->map->title, &e);
	}
}

/* Each key from every map: the input is read once for all. */
static bool delete_lines(const struct tables *t)
{
	struct victims all = { t, xcalloc((size_t)t->n, sizeof(*all.v)), t->n };
	bool found = false;
	struct input in;
	struct str key;
	int i;

	for (i = 0; i < t->n; i++)
		open_victim(t, i, &all.v[i]);
	input_init(&in, NULL, NULL);
	while (input_line(&in, &key))
		delete_one(&all, nul_cut(key));
	for (i = 0; i < t->n; i++)
		found |= close_victim(t, &all.v[i]);
	input_clear(&in);
	free(all.v);
	return found;
}

int tables_delete(const struct tables *t)
{
	struct victim v;
	struct victims one = { t, &v, 1 };
	bool found = false;
	int i;

	if (strcmp(t->key, "-") == 0)
		return !delete_lines(t);
	for (i = 0; i < t->n; i++) {
		open_victim(t, i, &v);
		delete_one(&one, str_c(t->key));
		found |= close_victim(t, &v);
	}
	return !found;
}

/* --- lists --------------------------------------------------------------- */

int tables_list(const struct tables *t)
{
	struct map *m = open_map(t, 0, 0);
	AUTO_BUF key = BUF_MAX(VALUE_MAX);
	AUTO_BUF val = BUF_MAX(VALUE_MAX);
	struct err e;
	enum st st;

	while ((st = map_next(m, &key, &val, &e)) == ST_OK)
		print_record(t, buf_str(&key), buf_str(&val));
	if (st != ST_NONE)
		failed(m->title, "sequence", &e);
	map_close(m);
	return 0;
}
