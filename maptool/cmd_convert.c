/* cmd_convert - a table of another type with the same records, no source. */

#include <stdio.h>

#include "maptool/guard.h"
#include "maptool/native.h"
#include "maptool/rows.h"

struct convert {
	bool verbose;
};

/* What the child needs. */
struct job {
	const struct native *n;
	const char *to;
	const struct rows *rows;
};

static enum st put_all(const struct rows *r, struct map_build *b, struct err *e)
{
	enum st st = ST_OK;
	size_t i;

	for (i = 0; i < r->n && st == ST_OK; i++) {
		const struct row *it = &r->row[i];

		/* Two marks of postalias never end in a NUL. */
		if (r->aliases && rows_is_mark(it->key))
			st = map_build_set(b, it->key, it->val,
			    str_eqc(it->key, "@") ? MAP_BUILD_STYLE
						  : MAP_BUILD_BARE,
			    e);
		else
			st = map_build_put(b, it->key, it->val, e);
	}
	return st;
}

/* As the owner of the old table, with its permissions. Keys are as they are. */
static int child(int out UNUSED, void *arg)
{
	const struct job *j = arg;
	const struct tables *t = &j->n->t;
	struct map_build_how how = {
		.flags = t->flags & ~(unsigned)(MAP_FOLD | MAP_UTF8),
		.mode = 0644,
		.uid = (uid_t)-1,
	};
	struct map_build *b;
	struct err e;

	umask(022);
	if (j->rows->is_file) {
		if (!t->no_mode)
			how.mode = j->rows->stat.st_mode & 0666;
		tables_become_owner(t, &j->rows->stat);
	}
	if (map_build_open(&b, str_c(j->to), t->default_type, &how, &e) !=
	    ST_OK)
		return native_error("%s", e.text);
	if (put_all(j->rows, b, &e) != ST_OK) {
		map_build_discard(b);
		return native_error("%s", e.text);
	}
	if (map_build_commit(b, &e) != ST_OK)
		return native_error("%s", e.text);
	return NATIVE_YES;
}

int convert_table(const struct native *n, const char *from, const char *to)
{
	struct rows_how how = { .t = &n->t };
	AUTO_ROWS rows = { .n = 0 };
	struct job job = { n, to, &rows };
	struct err e;
	int status;

	if (rows_load(&rows, from, &how, &e) != ST_OK)
		return native_error("%s", e.text);
	if (guard_run(child, &job, -1, &status, &e) != ST_OK)
		return native_error("%s: %s", to, e.text);
	/* The owner could not be changed, say. */
	return status == NATIVE_YES ? NATIVE_YES : NATIVE_ERROR;
}

static bool option(int c, const char *arg UNUSED, void *own)
{
	if (c != 'v')
		return false;
	((struct convert *)own)->verbose = true;
	return true;
}

static int run(struct native *n, int argc, char **argv, void *own)
{
	int status;

	if (argc != 2)
		return native_error("one table is converted to another");
	status = convert_table(n, argv[0], argv[1]);
	if (status == NATIVE_YES && ((struct convert *)own)->verbose)
		printf("%s: made from %s\n", argv[1], argv[0]);
	return status;
}

const struct native_cmd cmd_convert = {
	.name = "convert",
	.args = "[-Nnopv] [-c dir] [type:]from [type:]to",
	.idea = "a table of another type with the same records",
	.help =
	    "No source is needed. Keys stay as they are; each record ends in "
	    "a NUL or not as\nis usual for the new type.\n"
	    "  -c dir  configuration\n"
	    "  -N, -n  all records with, without a NUL\n"
	    "  -o      as root: do not become the owner of the old file\n"
	    "  -p      do not take the old file's permissions\n"
	    "  -v      say that it was done\n",
	.letters = "c:Nnopv",
	.option = option,
	.run = run,
	.own_size = sizeof(struct convert),
	.least_arguments = 2,
};
