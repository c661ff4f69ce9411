/* ask - look keys up, delete them, list tables. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "map/map.h"
#include "maptool/tables.h"

#define VALUE_MAX ((size_t)1 << 26)

static struct map *open_map(const struct tables *t, int i, unsigned extra)
{
	struct map *m;
	struct err e;

	if (map_open(&m, str_c(t->maps[i]), t->default_type, t->flags | extra,
		&e) != ST_OK)
		log_fatal("%s", e.text);
	return m;
}

static void print(struct str s)
{
	fwrite(s.n != 0 ? s.p : "", 1, s.n, stdout);
}

/* Some texts say already which table it is. */
static void NORETURN failed(const struct map *m, const char *what,
    const struct err *e)
{
	AUTO_BUF table = BUF_MAX(4096);

	buf_addf(&table, "table %.*s: ", STR_ARG(m->title));
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

/* Maps are opened when they are needed first. */
static bool query_one(const struct tables *t, struct map **maps, struct str key,
    struct buf *val)
{
	struct err e;
	enum st st;
	int i;

	for (i = 0; i < t->n; i++) {
		if (maps[i] == NULL)
			maps[i] = open_map(t, i, 0);
		st = map_get(maps[i], key, val, &e);
		if (st == ST_OK) {
			check_value(maps[i], key, buf_str(val));
			return true;
		}
		if (st != ST_NONE)
			failed(maps[i], "query", &e);
	}
	return false;
}

/* The next line without its newline, as a C string: a NUL ends the key. */
static bool next_key(char **line, size_t *size, struct str *key)
{
	ssize_t n = getline(line, size, stdin);

	if (n <= 0)
		return false;
	if ((*line)[n - 1] == '\n')
		(*line)[n - 1] = '\0';
	*key = str_c(*line);
	return true;
}

static int query_stdin(const struct tables *t, struct map **maps,
    struct buf *val)
{
	char *line = NULL;
	size_t size = 0;
	struct str key;
	int status = 1;

	while (next_key(&line, &size, &key)) {
		if (!query_one(t, maps, key, val))
			continue;
		status = 0;
		print(key);
		fputs(t->tool->separator, stdout);
		print(buf_str(val));
		putchar('\n');
	}
	free(line);
	return status;
}

int tables_query(const struct tables *t)
{
	struct map **maps = xcalloc((size_t)t->n, sizeof(struct map *));
	AUTO_BUF val = BUF_MAX(VALUE_MAX);
	int status = 1, i;

	if (strcmp(t->key, "-") == 0) {
		status = query_stdin(t, maps, &val);
	} else if (query_one(t, maps, str_c(t->key), &val)) {
		print(buf_str(&val));
		putchar('\n');
		status = 0;
	}
	for (i = 0; i < t->n; i++)
		map_close(maps[i]);
	free(maps);
	return status;
}

static int delete_one(struct map *m, struct str key)
{
	struct err e;
	enum st st = map_del(m, key, &e);

	if (st != ST_OK && st != ST_NONE)
		failed(m, "delete", &e);
	return st != ST_OK;
}

/* Each key from every map: the input is read once for all. */
static int delete_stdin(struct map **maps, int n)
{
	char *line = NULL;
	size_t size = 0;
	struct str key;
	int status = 1, i;

	while (next_key(&line, &size, &key))
		for (i = 0; i < n; i++)
			status &= delete_one(maps[i], key);
	free(line);
	return status;
}

int tables_delete(const struct tables *t)
{
	struct map **maps = xcalloc((size_t)t->n, sizeof(struct map *));
	int status = 1, i;

	if (strcmp(t->key, "-") == 0) {
		for (i = 0; i < t->n; i++)
			maps[i] = open_map(t, i, MAP_WRITE);
		status = delete_stdin(maps, t->n);
		for (i = 0; i < t->n; i++)
			map_close(maps[i]);
	} else {
		for (i = 0; i < t->n; i++) {
			struct map *m = open_map(t, i, MAP_WRITE);

			status &= delete_one(m, str_c(t->key));
			map_close(m);
		}
	}
	free(maps);
	return status;
}

int tables_list(const struct tables *t)
{
	struct map *m = open_map(t, 0, 0);
	AUTO_BUF key = BUF_MAX(VALUE_MAX);
	AUTO_BUF val = BUF_MAX(VALUE_MAX);
	struct err e;
	enum st st;

	while ((st = map_next(m, &key, &val, &e)) == ST_OK) {
		print(buf_str(&key));
		fputs(t->tool->separator, stdout);
		print(buf_str(&val));
		putchar('\n');
	}
	if (st != ST_NONE)
		failed(m, "sequence", &e);
	map_close(m);
	return 0;
}
