/* postconf_show - parameters of main.cf: which, their values, how printed. */

#include "maptool/postconf_show.h"
#include "maptool/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/xalloc.h"

#define VALUE_MAX (64 * 1024 * 1024)
#define BLANKS    " \t\r\n"
/* Folded lines are shorter than this, if their words are. */
#define LINE_LIMIT 80
#define INDENT     "    "

/* The words of value with one blank between two. */
static void add_words(struct str value, struct buf *out)
{
	struct str word;

	while (str_word(&value, BLANKS, &word))
		buf_addf(out, "%s%.*s", out->n != 0 ? " " : "", STR_ARG(word));
}

void pc_format(const struct postconf *pc, const char *name, struct str value,
    struct buf *out)
{
	bool fold = pc_has(pc, 'f'), first = true;
	size_t column = out->n;
	struct str word;

	if (pc_has(pc, 'H')) {
		buf_addf(out, "%s\n", name);
		return;
	}
	if (pc_has(pc, 'j')) {
		AUTO_BUF one = BUF_MAX(out->max);

		add_words(value, &one);
		json_record(out, str_c(name), buf_str(&one));
		return;
	}
	if (!pc_has(pc, 'h')) {
		buf_addf(out, "%s =", name);
		first = false;
	}
	while (str_word(&value, BLANKS, &word)) {
		if (!first && fold && out->n - column + word.n >= LINE_LIMIT) {
			buf_addch(out, '\n');
			column = out->n;
			buf_addc(out, INDENT);
		} else if (!first) {
			buf_addch(out, ' ');
		}
		buf_add(out, word);
		first = false;
	}
	buf_addch(out, '\n');
}

/* The text of name before expansion, NULL: nothing to print with -n. */
static const char *find_text(const struct postconf *pc,
    const struct pc_names *n, const char *name)
{
	const char *text = conf_raw(pc->conf, name);

	if (text != NULL || pc_has(pc, 'n'))
		return text;
	text = pc_service_default(n, name);
	return text != NULL ? text : conf_text(pc->conf, name);
}

static void expand_value(const struct postconf *pc, const char *name,
    struct buf *value)
{
	AUTO_BUF out = BUF_MAX(VALUE_MAX);
	const struct param *p = param_find(name);
	struct err e;

	if (p != NULL && p->type == PARAM_RAW)
		return;
	if (conf_expand(pc->conf, buf_str(value), &out, &e) != ST_OK) {
		log_warn("%s", e.text);
		log_fatal("macro processing error");
	}
	buf_set(value, buf_str(&out));
}

static void show_one(const struct postconf *pc, const struct pc_names *n,
    const char *name)
{
	const char *text = find_text(pc, n, name);
	AUTO_BUF value = BUF_MAX(VALUE_MAX);
	AUTO_BUF line = BUF_MAX(2 * VALUE_MAX);

	if (text == NULL)
		return;
	buf_addc(&value, text);
	if (pc_has(pc, 'x'))
		expand_value(pc, name, &value);
	pc_format(pc, name, buf_str(&value), &line);
	if (value.full || line.full)
		log_fatal("%s: longer than %d bytes", name, VALUE_MAX);
	fwrite(line.p, 1, line.n, stdout);
}

/* Names to print. */
struct listing {
	const struct postconf *pc;
	const struct pc_names *n;
	const char **names;
	size_t count;
};

static void list_add(struct listing *l, const char *name)
{
	l->names = xreallocarray(l->names, l->count + 1, sizeof(*l->names));
	l->names[l->count++] = name;
}

static bool add_user(const char *name, const char *value UNUSED, void *arg)
{
	struct listing *l = arg;

	if (pc_is_user(l->n, name))
		list_add(l, name);
	return true;
}

static void add_service(struct str name, void *value UNUSED, void *arg)
{
	struct listing *l = arg;

	list_add(l, arena_strz((struct arena *)(uintptr_t)&l->n->arena, name));
}

/* What Postfix 3.7 does not know is listed when main.cf sets it. */
static bool is_listed(const struct listing *l, const struct param *p)
{
	if (pc_service_default(l->n, p->name) != NULL)
		return false;
	if (p->ours && (l->pc->classes & PC_VDELIVER) != 0)
		return true;
	if ((l->pc->classes & PC_BUILTIN) == 0)
		return false;
	return (!p->ours && !p->newer) ||
	    conf_raw(l->pc->conf, p->name) != NULL;
}

static void add_builtins(struct listing *l)
{
	const struct param *rows;
	size_t count, i;

	rows = param_rows(&count);
	for (i = 0; i < count; i++)
		if (is_listed(l, &rows[i]))
			list_add(l, rows[i].name);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void show_all(const struct postconf *pc, const struct pc_names *n)
{
	struct listing l = { .pc = pc, .n = n };
	size_t i;

	if ((pc->classes & (PC_BUILTIN | PC_VDELIVER)) != 0)
		add_builtins(&l);
	if ((pc->classes & PC_SERVICE) != 0)
		hash_each(n->service, add_service, &l);
	if ((pc->classes & PC_USER) != 0)
		conf_each(pc->conf, add_user, &l);
	if (l.count != 0)
		qsort(l.names, l.count, sizeof(*l.names), by_name);
	for (i = 0; i < l.count; i++)
		show_one(pc, n, l.names[i]);
	free(l.names);
}

static void show_names(const struct postconf *pc, const struct pc_names *n)
{
	for (char **p = pc->names; *p != NULL; p++) {
		if (param_find(*p) != NULL ||
		    pc_service_default(n, *p) != NULL || pc_is_user(n, *p))
			show_one(pc, n, *p);
		else
			log_warn("%s: unknown parameter", *p);
	}
}

int pc_show(const struct postconf *pc, const struct pc_names *n)
{
	if (pc->names[0] != NULL)
		show_names(pc, n);
	else
		show_all(pc, n);
	if (fflush(stdout) != 0)
		log_fatal("write to standard output: %m");
	return 0;
}
