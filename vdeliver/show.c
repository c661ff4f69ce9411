/* show - the configuration as vdeliver sees it. Runs in: the command. */

#include "vdeliver/show.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "conf/conf.h"
#include "conf/expand.h"
#include "vdeliver/settings.h"

#define VALUE_MAX (64 * 1024 * 1024)

struct show {
	const char *dir;
	unsigned flags;
	struct conf *conf;
	struct hash *referred; /* names that used ones refer to */
	struct arena arena;
	const char **names;
	size_t count;
};

static bool is_used(const struct show *s, const char *name)
{
	return settings_uses(name) ||
	    hash_get(s->referred, str_c(name)) != NULL;
}

static void refer(struct str name, void *arg);

/* The names in name's text, and in theirs. */
static void scan(struct show *s, const char *name)
{
	const struct param *p = param_find(name);
	const char *text = conf_text(s->conf, name);
	struct err e;

	if (text == NULL || (p != NULL && p->type == PARAM_RAW))
		return;
	if (expand_names(str_c(text), refer, s, &e) != ST_OK)
		log_warn("%s: %s", name, e.text);
}

static void refer(struct str name, void *arg)
{
	struct show *s = arg;

	if (hash_get(s->referred, name) != NULL)
		return;
	hash_put(s->referred, name, s);
	scan(s, arena_strz(&s->arena, name));
}

static void add(struct show *s, const char *name)
{
	s->names = xreallocarray(s->names, s->count + 1, sizeof(*s->names));
	s->names[s->count++] = name;
}

static bool add_set(const char *name, const char *value, void *arg)
{
	struct show *s = arg;

	if (is_used(s, name))
		add(s, name);
	else
		log_warn("%s/main.cf: unused parameter: %s=%s", s->dir, name,
		    value);
	return true;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void collect(struct show *s)
{
	const struct param *rows;
	size_t n, i;

	rows = param_rows(&n);
	for (i = 0; i < n; i++)
		if (settings_uses(rows[i].name))
			scan(s, rows[i].name);
	if ((s->flags & SHOW_SET) != 0)
		conf_each(s->conf, add_set, s);
	for (i = 0; i < n; i++)
		if ((s->flags & SHOW_DEFAULTS) != 0 && is_used(s, rows[i].name))
			add(s, rows[i].name);
	if (s->count != 0)
		qsort(s->names, s->count, sizeof(*s->names), by_name);
}

static enum st print(struct show *s, const char *name, FILE *out, struct err *e)
{
	const struct param *p = param_find(name);
	const char *text = conf_text(s->conf, name);
	AUTO_BUF value = BUF_MAX(VALUE_MAX);
	struct str rest, word;

	if (text == NULL)
		text = "";
	if ((s->flags & SHOW_EXPANDED) == 0 ||
	    (p != NULL && p->type == PARAM_RAW)) {
		buf_addc(&value, text);
	} else if (conf_expand(s->conf, str_c(text), &value, e) != ST_OK) {
		err_prefix(e, "%s: ", name);
		return ST_TEMP;
	}
	fprintf(out, "%s =", name);
	rest = buf_str(&value);
	while (str_word(&rest, " \t\r\n", &word))
		fprintf(out, " %.*s", STR_ARG(word));
	fputc('\n', out);
	return ST_OK;
}

enum st show_run(const char *dir, unsigned flags, FILE *out, struct err *e)
{
	struct show s = { .dir = dir, .flags = flags };
	enum st st = ST_OK;
	size_t i;

	if ((flags & SHOW_SET) == 0)
		s.conf = conf_defaults(dir);
	else if (conf_load(&s.conf, dir, e) != ST_OK)
		return ST_TEMP;
	s.referred = hash_new();
	collect(&s);
	for (i = 0; i < s.count && st == ST_OK; i++)
		st = print(&s, s.names[i], out, e);
	if (st == ST_OK && fflush(out) != 0)
		st = err_temp(e, "", "write to standard output: %m");
	free(s.names);
	hash_free(s.referred, NULL);
	arena_clear(&s.arena);
	conf_free(s.conf);
	return st;
}
