/* cmd_build - build tables, all or only those that are out of date. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "maptool/guard.h"
#include "maptool/native.h"
#include "maptool/refs.h"
#include "maptool/rows.h"
#include "maptool/stamp.h"

enum {
	IF_CHANGED = 256,
	ALL,
	CHECK_ONLY,
};

struct build {
	bool if_changed, all, check_only, verbose;
};

/* One table and what is known of it. */
struct target {
	const struct native *n;
	const char *spec;
	bool aliases;
	char *type, *source, *path; /* "hash", "x", "x.db" */
	struct stamp now, then;
	bool stamped; /* then is there */
};

/* --- is it out of date? -------------------------------------------------- */

/* What changes the records, besides the source. */
static void name_options(const struct target *t, char *out)
{
	static const struct {
		unsigned flag;
		char letter;
	} flags[] = {
		{ MAP_RHS_FILES, 'F' },
		{ MAP_TRY0, 'n' },
		{ MAP_TRY1, 'N' },
		{ MAP_DUP_REPLACE, 'r' },
		{ MAP_UTF8, 'U' },
	};
	size_t i;

	*out++ = '-';
	if (t->aliases)
		*out++ = 'a';
	if ((t->n->t.flags & MAP_FOLD) == 0)
		*out++ = 'f';
	for (i = 0; i < NELEM(flags); i++)
		if ((t->n->t.flags & flags[i].flag) != 0)
			*out++ = flags[i].letter;
	*out = '\0';
}

/* Nobody wrote down what it was made from: so look at all of it. */
static const char *compare(const struct target *t)
{
	struct rows_how how = { .t = &t->n->t, .aliases = t->aliases };
	AUTO_ROWS table = { .n = 0 };
	AUTO_ROWS source = { .n = 0 };
	struct err e;
	bool same;

	if ((t->n->t.flags & MAP_RHS_FILES) != 0)
		return "it is not known what it was made from";
	log_to_stderr(false);
	same = rows_load(&table, t->spec, &how, &e) == ST_OK &&
	    rows_source(&source, t->source, &how, &e) == ST_OK &&
	    table.aliases == t->aliases &&
	    rows_compare(&source, &table, NULL, NULL) == 0;
	log_to_stderr(true);
	return same ? NULL : "it is not what its source says";
}

/* NULL: it is up to date. */
static const char *why_build(const struct target *t)
{
	if (t->now.table.size < 0)
		return "there is no table";
	if (!t->stamped)
		return compare(t);
	if (strcmp(t->now.options, t->then.options) != 0)
		return "the options changed";
	if (t->now.source.size != t->then.source.size ||
	    strcmp(t->now.sha256, t->then.sha256) != 0)
		return "the source changed";
	if (!stamp_same(&t->now.table, &t->then.table))
		return "the table was changed by others";
	/* Content is what counts; but Postfix warns of a younger source. */
	if (!stamp_same(&t->now.source, &t->then.source) &&
	    t->now.source.s > t->now.table.s)
		return "the source has a later date";
	return NULL;
}

/* --- building ------------------------------------------------------------ */

/* What it was made from is written down by who owns the source. */
static void save(struct target *t)
{
	struct stat sb;

	if (stat(t->source, &sb) != 0)
		return;
	tables_become_owner(&t->n->t, &sb);
	stamp_stat(&t->now.table, t->path);
	if (!stamp_save(&t->now, t->source, t->type))
		log_warn("%s: cannot write down what it was made from: %m",
		    t->spec);
	tables_become_root();
}

static int child(int out UNUSED, void *arg)
{
	struct target *t = arg;
	struct tables tables = t->n->t;
	char *map = xstrdup(t->spec);

	tables.maps = &map;
	tables.n = 1;
	tables.tool = t->aliases ? tables_postalias : tables_postmap;
	tables_make(&tables); /* or ends this process with status 1 */
	free(map);
	save(t);
	return NATIVE_YES;
}

static int save_child(int out UNUSED, void *arg)
{
	save(arg);
	return NATIVE_YES;
}

/* The child may become another user, and end on an error. */
static int in_child(struct target *t, guard_fn *fn)
{
	struct err e;
	int status;

	if (guard_run(fn, t, -1, &status, &e) != ST_OK)
		return native_error("%s: the build %s", t->spec, e.text);
	return status == NATIVE_YES ? NATIVE_YES : NATIVE_ERROR;
}

static int decide(struct target *t, const struct build *b)
{
	bool force = !b->if_changed && !b->all && !b->check_only;
	const char *why = force ? "asked for" : why_build(t);
	int status;

	if (why == NULL) {
		if (b->verbose)
			printf("%s: up to date\n", t->spec);
		return t->stamped || b->check_only ? NATIVE_YES
						   : in_child(t, save_child);
	}
	if (b->check_only) {
		printf("%s: out of date: %s\n", t->spec, why);
		return NATIVE_NO;
	}
	status = in_child(t, child);
	if (status == NATIVE_YES && b->verbose)
		printf("%s: built: %s\n", t->spec, why);
	return status;
}

static int build_one(struct target *t, const struct build *b)
{
	struct err e;

	if (stamp_source(&t->now, t->source, &e) != ST_OK)
		return native_error("%s: %s", t->spec, e.text);
	name_options(t, t->now.options);
	stamp_stat(&t->now.table, t->path);
	t->stamped = stamp_load(&t->then, t->source, t->type) == ST_OK;
	return decide(t, b);
}

/* Take the spec to pieces. */
static int build_spec(const struct native *n, const char *spec, bool aliases,
    const struct build *b)
{
	struct target t = { .n = n, .aliases = aliases };
	struct str name = str_c(spec), type = str_c(n->t.default_type);
	AUTO_BUF full = BUF_MAX(8192);
	AUTO_BUF path = BUF_MAX(8192);
	const char *suffix;
	int status;

	if (str_find(name, ':') >= 0)
		str_cut(&name, ':', &type);
	suffix = rows_suffix(type);
	if (suffix == NULL)
		return native_error("%s: a table of type \"%.*s\" cannot be "
				    "built",
		    spec, STR_ARG(type));
	buf_setf(&full, "%.*s:%.*s", STR_ARG(type), STR_ARG(name));
	buf_setf(&path, "%.*s%s", STR_ARG(name), suffix);
	t.spec = buf_c(&full);
	t.path = buf_take(&path);
	t.type = xstrndup(type);
	t.source = xstrndup(name);
	status = build_one(&t, b);
	free(t.path);
	free(t.type);
	free(t.source);
	return status;
}

int build_table(const struct native *n, const char *spec, bool aliases)
{
	static const struct build plain = { .if_changed = false };

	return build_spec(n, spec, aliases, &plain);
}

static int worse(int a, int b)
{
	return a > b ? a : b;
}

/* Who has no source: a daemon's own, and what nobody asked for. */
static bool pass_over(const struct ref *r, bool verbose)
{
	AUTO_BUF path = BUF_MAX(8192);

	if (r->cache || (r->builtin && access(r->name, F_OK) != 0))
		return true;
	buf_addf(&path, "%s%s", r->name, rows_suffix(str_c(r->type)));
	if (access(r->name, F_OK) == 0 || access(buf_c(&path), F_OK) != 0)
		return false;
	if (verbose)
		printf("%s: has no source\n", r->spec);
	return true;
}

static int build_all(struct native *n, const struct build *b)
{
	const char *dir = tables_dir(&n->t);
	struct refs refs;
	struct err e;
	int status = NATIVE_YES;

	if (refs_find(&refs, n->t.conf, dir, &e) != ST_OK)
		status = native_error("%s", e.text);
	list_foreach(p, &refs.list) {
		const struct ref *r = CONTAINER_OF(p, struct ref, link);

		if (!pass_over(r, b->verbose))
			status = worse(status,
			    build_spec(n, r->spec, r->aliases, b));
	}
	refs_clear(&refs);
	return status;
}

static bool option(int c, const char *arg UNUSED, void *own)
{
	struct build *b = own;

	if (c == IF_CHANGED)
		b->if_changed = true;
	else if (c == ALL)
		b->all = true;
	else if (c == CHECK_ONLY)
		b->check_only = true;
	else if (c == 'v')
		b->verbose = true;
	else
		return false;
	return true;
}

static int run(struct native *n, int argc, char **argv, void *own)
{
	struct build *b = own;
	int status = NATIVE_YES, i;

	if (argc == 0 && !b->all)
		return native_error("which table? Name it, or say --all");
	if (b->all)
		status = build_all(n, b);
	for (i = 0; i < argc; i++)
		status = worse(status, build_spec(n, argv[i], n->aliases, b));
	return status;
}

static const struct option longs[] = {
	{ "if-changed", no_argument, NULL, IF_CHANGED },
	{ "all", no_argument, NULL, ALL },
	{ "check-only", no_argument, NULL, CHECK_ONLY },
	{ NULL, 0, NULL, 0 },
};

const struct native_cmd cmd_build = {
	.name = "build",
	.args = "[-aFfNnopruvw] [--if-changed] [--all] [--check-only] [-c dir] "
		"[[type:]name...]",
	.idea = "build tables, all or only those that are out of date",
	.help =
	    "  --if-changed  only when source, options or table changed since\n"
	    "  --all         all tables of main.cf and master.cf that did\n"
	    "  --check-only  build nothing; status 1 when something is out "
	    "of date\n"
	    "  -a      alias files\n"
	    "  -c dir  configuration\n"
	    "  -F      values are names of files\n"
	    "  -f      do not fold keys\n"
	    "  -N, -n  records with, without a NUL at their end\n"
	    "  -o      as root: do not become the owner of the source\n"
	    "  -p      do not take the source's permissions\n"
	    "  -r, -w  duplicates: the last counts; the first, silently\n"
	    "  -u      texts are not UTF-8\n"
	    "  -v      say what is done and why\n",
	.letters = "ac:FfNnopruvw",
	.longs = longs,
	.option = option,
	.run = run,
	.own_size = sizeof(struct build),
};
