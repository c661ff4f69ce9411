/* conf - what main.cf sets, over the built-in and the computed defaults. */

#include "conf/conf.h"

#include <fcntl.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/io.h"
#include "base/list.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "conf/expand.h"
#include "conf/machine.h"
#include "conf/main_cf.h"

#define FILE_MAX  (256 * 1024 * 1024)
#define VALUE_MAX (64 * 1024 * 1024)

struct entry {
	struct list link; /* in conf.order */
	const char *name, *value;
};

struct conf {
	struct arena arena; /* texts and entries */
	struct hash *set;   /* name → struct entry */
	struct list order;  /* of the entries, as main.cf has them */
	/* Texts that were asked for, dropped when a value changes. */
	struct hash *expanded, *computed;
	const char *dir, *file;
	bool like_37;
	unsigned computing; /* machine defaults within machine defaults */
};

struct conf *conf_defaults(const char *dir)
{
	struct conf *c = xcalloc(1, sizeof(*c));

	c->set = hash_new();
	c->expanded = hash_new();
	c->computed = hash_new();
	list_init(&c->order);
	c->dir = arena_strz(&c->arena, str_c(dir));
	c->file = arena_printf(&c->arena, "%s/main.cf", dir);
	return c;
}

void conf_free(struct conf *c)
{
	if (c == NULL)
		return;
	hash_free(c->set, NULL);
	hash_free(c->expanded, NULL);
	hash_free(c->computed, NULL);
	arena_clear(&c->arena);
	free(c);
}

static void forget(struct conf *c)
{
	hash_free(c->expanded, NULL);
	hash_free(c->computed, NULL);
	c->expanded = hash_new();
	c->computed = hash_new();
}

void conf_like_37(struct conf *c)
{
	c->like_37 = true;
	forget(c);
}

static struct entry *put(struct conf *c, struct str name, struct str value)
{
	struct entry *it = hash_get(c->set, name);

	if (it == NULL) {
		it = arena_alloc(&c->arena, sizeof(*it));
		it->name = arena_strz(&c->arena, name);
		list_add_tail(&c->order, &it->link);
		hash_put(c->set, name, it);
	}
	it->value = arena_strz(&c->arena, value);
	return it;
}

void conf_set(struct conf *c, struct str name, struct str value)
{
	put(c, name, value);
	forget(c);
}

void conf_unset(struct conf *c, const char *name)
{
	struct entry *it = hash_del(c->set, str_c(name));

	if (it != NULL)
		list_del(&it->link);
	forget(c);
}

/* "x = y # z" is most often meant as a comment, and is none. */
static bool has_comment(struct str value)
{
	ptrdiff_t at;

	for (; (at = str_find(value, '#')) >= 0;
	     value = str_skip(value, (size_t)at + 1))
		if (at > 0 && str_isspace(value.p[at - 1]))
			return true;
	return false;
}

static void add_line(struct str name, struct str value, size_t line, void *arg)
{
	struct conf *c = arg;
	struct entry *old = hash_get(c->set, name);

	if (old != NULL && !str_eqc(value, old->value))
		log_warn("%s, line %zu: overriding earlier entry: %s=%s",
		    c->file, line, old->name, old->value);
	if (has_comment(value) && !c->like_37)
		log_warn("%s, line %zu: '#' after other text starts no "
			 "comment: %.*s=%.*s",
		    c->file, line, STR_ARG(name), STR_ARG(value));
	put(c, name, value);
}

enum st conf_read(struct conf *c, struct err *e)
{
	AUTO_BUF text = BUF_MAX(FILE_MAX);
	AUTO_FD fd = open(c->file, O_RDONLY | O_CLOEXEC);
	enum st st;

	if (fd < 0)
		return err_temp(e, "4.3.5", "open %s: %m", c->file);
	st = io_slurp(fd, c->file, &text, e);
	if (st == ST_OK)
		st = main_cf_parse(buf_str(&text), c->file, add_line, c, e);
	forget(c);
	return st;
}

enum st conf_load(struct conf **c, const char *dir, struct err *e)
{
	struct conf *got = conf_defaults(dir);
	enum st st = conf_read(got, e);

	if (st != ST_OK) {
		conf_free(got);
		return st;
	}
	*c = got;
	return ST_OK;
}

const char *conf_raw(const struct conf *c, const char *name)
{
	const struct entry *it = hash_get(c->set, str_c(name));

	return it != NULL ? it->value : NULL;
}

/* A default that has no text in params.def; kept, since it may be slow. */
static enum st compute(struct conf *c, const char *name, const char **v,
    struct err *e)
{
	AUTO_BUF out = BUF_MAX(VALUE_MAX);
	enum st st;

	*v = hash_get(c->computed, str_c(name));
	if (*v != NULL)
		return ST_OK;
	if (strcmp(name, "config_directory") == 0) {
		*v = c->dir;
		return ST_OK;
	}
	/* myhostname and mydomain may refer to each other. */
	if (c->computing > 4)
		return err_temp(e, "4.3.5",
		    "unreasonable macro call nesting: \"%s\"", name);
	c->computing++;
	st = machine_default(c, name, &out, e);
	c->computing--;
	if (st != ST_OK)
		return st;
	*v = arena_strz(&c->arena, buf_str(&out));
	hash_put(c->computed, str_c(name), (void *)(uintptr_t)*v);
	return ST_OK;
}

/* The text that is to be expanded, NULL for an unknown name. */
static enum st find_text(struct conf *c, const char *name, const char **v,
    struct err *e)
{
	const struct param *p;

	*v = conf_raw(c, name);
	if (*v != NULL)
		return ST_OK;
	p = param_find(name);
	if (p == NULL)
		return ST_OK;
	*v = c->like_37 && p->def37 != NULL ? p->def37 : p->def;
	return *v != NULL ? ST_OK : compute(c, name, v, e);
}

const char *conf_text(const struct conf *c, const char *name)
{
	const char *v;
	struct err e;
	/* Computing a default changes nothing that a caller can see. */
	struct conf *self = (struct conf *)(uintptr_t)c;

	return find_text(self, name, &v, &e) == ST_OK ? v : NULL;
}

/* What expand() asks; a failure cannot be told there, so it is kept. */
struct question {
	struct conf *c;
	enum st st;
	struct err why;
};

static const char *answer(struct str name, void *arg)
{
	struct question *q = arg;
	AUTO_BUF key = BUF_MAX(VALUE_MAX);
	const char *v = NULL;
	enum st st;

	/* Computing a default may end up here again, many times. */
	if (q->st != ST_OK)
		return NULL;
	buf_add(&key, name);
	st = find_text(q->c, buf_c(&key), &v, &q->why);
	if (st != ST_OK)
		q->st = st;
	return st == ST_OK ? v : NULL;
}

enum st conf_expand(struct conf *c, struct str text, struct buf *out,
    struct err *e)
{
	struct question q = { .c = c, .st = ST_OK };
	enum st st = expand(text, answer, &q, out, e);

	if (st == ST_OK && q.st != ST_OK) {
		if (e != NULL)
			*e = q.why;
		return q.st;
	}
	return st;
}

static enum st check_length(const char *name, const struct param *p,
    struct str v, struct err *e)
{
	bool text = p != NULL && (p->type == PARAM_STR || p->type == PARAM_RAW);

	if (text && (int64_t)v.n < p->min)
		return err_temp(e, "4.3.5",
		    "bad string length %zu < %jd: %s = ", v.n, (intmax_t)p->min,
		    name);
	return ST_OK;
}

enum st conf_str(struct conf *c, const char *name, const char **v,
    struct err *e)
{
	const struct param *p = param_find(name);
	AUTO_BUF out = BUF_MAX(VALUE_MAX);
	const char *text;
	enum st st;

	*v = hash_get(c->expanded, str_c(name));
	if (*v != NULL)
		return ST_OK;
	*v = "";
	st = find_text(c, name, &text, e);
	if (st != ST_OK || text == NULL)
		return st != ST_OK ? st : ST_NONE;
	if (p != NULL && p->type == PARAM_RAW)
		buf_addc(&out, text);
	else
		st = conf_expand(c, str_c(text), &out, e);
	if (st == ST_OK)
		st = check_length(name, p, buf_str(&out), e);
	if (st != ST_OK)
		return st;
	*v = arena_strz(&c->arena, buf_str(&out));
	hash_put(c->expanded, str_c(name), (void *)(uintptr_t)*v);
	return ST_OK;
}

void conf_each(const struct conf *c,
    bool (*fn)(const char *name, const char *value, void *arg), void *arg)
{
	list_foreach(p, &c->order) {
		const struct entry *it = CONTAINER_OF(p, struct entry, link);

		if (!fn(it->name, it->value, arg))
			break;
	}
}

enum st conf_keep(struct conf *c, struct str text, const char **kept,
    struct err *e)
{
	if (str_find(text, '\0') >= 0)
		return err_temp(e, "", "NUL byte in a value");
	*kept = arena_strz(&c->arena, text);
	return ST_OK;
}
