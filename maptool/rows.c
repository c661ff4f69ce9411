/* rows - a table in memory, and how two of them differ. */

#include "maptool/rows.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "base/xalloc.h"
#include "map/lock.h"
#include "map/map.h"
#include "map/nul.h"
#include "maptool/rows_read.h"

#define FILE_MAX  ((size_t)1 << 36)
#define VALUE_MAX ((size_t)1 << 26)

void rows_add(struct rows *r, struct str key, struct str val, size_t order)
{
	struct row *it;
	size_t i;

	if (r->n == r->room) {
		r->room = r->room * 2 + 256;
		r->row = xreallocarray(r->row, r->room, sizeof(*r->row));
	}
	r->with_nul += key.n != 0 && key.p[key.n - 1] == '\0';
	it = &r->row[r->n++];
	it->key = arena_str(&r->arena, nul_cut(key));
	it->val = arena_str(&r->arena, nul_cut(val));
	it->order = order;
	if (str_eqc(it->key, "YP_LAST_MODIFIED"))
		r->aliases = true;
	for (i = 0; i < it->key.n; i++)
		if (str_lower(it->key.p[i]) != it->key.p[i])
			break;
	r->upper += i < it->key.n && !rows_is_mark(it->key);
}

/* --- files read by their bytes ------------------------------------------- */

struct walk {
	struct rows *r;
	const struct rows_how *how;
	struct buf first; /* problem */
};

static bool take_record(struct str key, struct str val, void *arg)
{
	struct walk *w = arg;

	rows_add(w->r, key, val, w->r->n);
	return true;
}

static bool take_problem(const char *text, void *arg)
{
	struct walk *w = arg;

	if (w->first.n == 0)
		buf_addc(&w->first, text);
	if (w->how->problem == NULL)
		return false;
	w->how->problem(text, w->how->arg);
	return true;
}

/* The whole file, while nobody changes it in place. */
static enum st slurp(struct rows *r, const char *path, struct buf *bytes,
    struct err *e)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || !lock_take(fd, LOCK_SHARED) || fstat(fd, &r->stat) != 0)
		return err_temp(e, "", "open database %s: %m", path);
	r->is_file = true;
	return io_slurp(fd, path, bytes, e);
}

static enum st read_pages(struct rows *r, const struct rows_file *file,
    const struct rows_how *how, struct err *e)
{
	AUTO_BUF bytes = BUF_MAX(FILE_MAX);
	struct walk w = { r, how, BUF_MAX(300) };
	struct pages_use use = { take_record, take_problem, &w };
	enum st st = slurp(r, file->path, &bytes, e);
	bool good;

	if (st != ST_OK)
		return st;
	good = file->ops->check(buf_str(&bytes), &use, &r->info);
	if (good && strcmp(r->info.type, file->ops->type) != 0) {
		buf_addf(&w.first, "the file is a %s table", r->info.type);
		if (how->problem != NULL)
			how->problem(buf_c(&w.first), how->arg);
		good = false;
	}
	if (!good) {
		err_temp(e, "", "%s: damaged: %s", file->path, buf_c(&w.first));
		st = ST_NONE;
	}
	buf_clear(&w.first);
	return st;
}

/* --- all others ---------------------------------------------------------- */

static enum st read_map(struct rows *r, const struct rows_file *file,
    const struct rows_how *how, struct err *e)
{
	AUTO_BUF key = BUF_MAX(VALUE_MAX);
	AUTO_BUF val = BUF_MAX(VALUE_MAX);
	struct map *m;
	enum st st = map_open(&m, str_c(file->spec), how->t->default_type,
	    how->t->flags, e);

	if (st != ST_OK)
		return st;
	while ((st = map_next(m, &key, &val, e)) == ST_OK)
		rows_add(r, buf_str(&key), buf_str(&val), r->n);
	map_close(m);
	return st == ST_NONE ? ST_OK : st;
}

static const struct rows_ops types[] = {
	{ "hash", ".db", read_pages, pages_check_db },
	{ "btree", ".db", read_pages, pages_check_db },
	{ "cdb", ".cdb", read_pages, pages_check_cdb },
	{ "lmdb", ".lmdb", rows_read_lmdb, NULL },
};

static const struct rows_ops *find_type(struct str type)
{
	size_t i;

	for (i = 0; i < NELEM(types); i++)
		if (str_eqc(type, types[i].type))
			return &types[i];
	return NULL;
}

const char *rows_suffix(struct str type)
{
	const struct rows_ops *ops = find_type(type);

	return ops == NULL ? NULL : ops->suffix;
}

/* --- sorting and comparing ----------------------------------------------- */

static int by_key(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int cmp = str_cmp(x->key, y->key);

	if (cmp != 0)
		return cmp;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* Sort, and keep the first (or the last) of each key. */
static void settle(struct rows *r, bool last)
{
	size_t i, n = 0;

	if (r->n != 0)
		qsort(r->row, r->n, sizeof(*r->row), by_key);
	for (i = 0; i < r->n; i++) {
		bool same =
		    n != 0 && str_cmp(r->row[n - 1].key, r->row[i].key) == 0;

		if (!same)
			r->row[n++] = r->row[i];
		else if (last)
			r->row[n - 1] = r->row[i];
		r->repeated += same;
	}
	r->n = n;
}

enum st rows_load(struct rows *r, const char *spec, const struct rows_how *how,
    struct err *e)
{
	struct rows_file file;
	struct str name = str_c(spec), type;
	enum st st;

	*r = (struct rows){ .n = 0 };
	while (str_starts(name, STR("proxy:")))
		name = str_skip(name, 6);
	file.spec = arena_strz(&r->arena, name);
	if (!str_cut(&name, ':', &type)) {
		name = type;
		type = str_c(how->t->default_type);
	}
	file.ops = find_type(type);
	if (file.ops == NULL || name.n == 0)
		st = read_map(r, &file, how, e);
	else {
		file.path = arena_printf(&r->arena, "%.*s%s", STR_ARG(name),
		    file.ops->suffix);
		st = file.ops->read(r, &file, how, e);
	}
	settle(r, false);
	return st;
}

enum st rows_source(struct rows *r, const char *path,
    const struct rows_how *how, struct err *e)
{
	enum st st;

	*r = (struct rows){ .n = 0 };
	st = rows_read_source(r, path, how, e);
	settle(r, (how->t->flags & MAP_DUP_REPLACE) != 0);
	return st;
}

void rows_clear(struct rows *r)
{
	if (r == NULL)
		return;
	free(r->row);
	arena_clear(&r->arena);
	*r = (struct rows){ .n = 0 };
}

const struct row *rows_find(const struct rows *r, struct str key)
{
	size_t low = 0, high = r->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int cmp = str_cmp(r->row[mid].key, key);

		if (cmp == 0)
			return &r->row[mid];
		if (cmp < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

bool rows_is_mark(struct str key)
{
	return str_eqc(key, "@") || str_eqc(key, "YP_LAST_MODIFIED") ||
	    str_eqc(key, "YP_MASTER_NAME");
}

size_t rows_compare(const struct rows *a, const struct rows *b,
    rows_differ_fn *fn, void *arg)
{
	bool aliases = a->aliases || b->aliases;
	size_t i = 0, j = 0, count = 0;

	while (i < a->n || j < b->n) {
		const struct row *x = i < a->n ? &a->row[i] : NULL;
		const struct row *y = j < b->n ? &b->row[j] : NULL;
		int cmp = x == NULL ? 1
		    : y == NULL     ? -1
				    : str_cmp(x->key, y->key);

		i += cmp <= 0;
		j += cmp >= 0;
		if (cmp == 0 && str_cmp(x->val, y->val) == 0)
			continue;
		if (aliases && rows_is_mark(cmp <= 0 ? x->key : y->key))
			continue;
		count++;
		if (fn != NULL)
			fn(cmp <= 0 ? x : NULL, cmp >= 0 ? y : NULL, arg);
	}
	return count;
}
