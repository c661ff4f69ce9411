/* cmd_verify - is a table's file whole, and what its source says? */

#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "maptool/native.h"
#include "maptool/rows.h"

/* So many problems are shown one by one. */
#define SHOWN 20

enum {
	NO_SOURCE = 256
};

struct verify {
	bool no_source;
};

/* One table's result. */
struct result {
	const char *spec;
	size_t problems;
};

static void problem(const char *text, void *arg)
{
	struct result *r = arg;

	if (++r->problems <= SHOWN)
		printf("%s: %s\n", r->spec, text);
}

/* What the structure does not tell. */
static void check_records(const struct rows *rows, struct result *r)
{
	size_t bare = rows->n + rows->repeated - rows->with_nul;
	AUTO_BUF text = BUF_MAX(200);

	/* A cdb may hold a key twice: lookups find the first. */
	if (rows->repeated != 0 && strcmp(rows->info.type, "cdb") != 0) {
		buf_setf(&text, "%zu keys are there twice", rows->repeated);
		problem(buf_c(&text), r);
	}
	/* Two of the records that postalias adds never have one. */
	if (rows->with_nul != 0 && bare > (rows->aliases ? 2 : 0)) {
		buf_setf(&text,
		    "%zu records end in a NUL and %zu do not: lookups miss "
		    "some",
		    rows->with_nul, bare);
		problem(buf_c(&text), r);
	}
}

struct difference {
	size_t source_only, table_only, changed;
	struct str first;
};

static void count(const struct row *a, const struct row *b, void *arg)
{
	struct difference *d = arg;

	if (d->source_only + d->table_only + d->changed == 0)
		d->first = a != NULL ? a->key : b->key;
	d->source_only += b == NULL;
	d->table_only += a == NULL;
	d->changed += a != NULL && b != NULL;
}

static void compare(const struct native *n, const struct rows *rows,
    const char *source, struct result *r)
{
	AUTO_BUF text = BUF_MAX(4096);
	AUTO_ROWS made = { .n = 0 };
	struct difference d = { .first = STR_NONE };
	struct tables t = n->t;
	struct rows_how how = { .t = &t,
		.aliases = n->aliases || rows->aliases };
	struct err e;
	enum st st;

	/* Only -f leaves upper case. */
	if (rows->upper != 0)
		t.flags &= ~(unsigned)MAP_FOLD;
	/* Bad lines are the business of maptool check. */
	log_to_stderr(false);
	st = rows_source(&made, source, &how, &e);
	log_to_stderr(true);
	if (st != ST_OK) {
		problem(e.text, r);
		return;
	}
	if (rows_compare(&made, rows, count, &d) == 0)
		return;
	buf_addf(&text,
	    "differs from its source %s: %zu keys only in the source, %zu only "
	    "in the table, %zu with another value; the first is \"%.*s\"",
	    source, d.source_only, d.table_only, d.changed, STR_ARG(d.first));
	problem(buf_c(&text), r);
}

static void summary(const struct rows *rows, const struct result *r)
{
	printf("%s: %zu records", r->spec, rows->n + rows->repeated);
	if (rows->info.pages != 0)
		printf(", %zu pages", rows->info.pages);
	if (rows->info.buckets != 0)
		printf(", %zu buckets", rows->info.buckets);
	if (r->problems == 0)
		puts(", good");
	else
		printf(", %zu problems\n", r->problems);
}

static int verify(const struct native *n, const char *spec, bool no_source)
{
	struct result r = { .spec = spec };
	struct rows_how how = { .t = &n->t, .problem = problem, .arg = &r };
	const char *colon = strchr(spec, ':');
	const char *source = colon != NULL ? colon + 1 : spec;
	AUTO_ROWS rows = { .n = 0 };
	struct err e;
	enum st st = rows_load(&rows, spec, &how, &e);

	if (st == ST_TEMP || st == ST_PERM)
		return native_error("%s", e.text);
	if (!rows.is_file)
		return native_error("%s: only files of hash, btree, cdb and "
				    "lmdb can be verified",
		    spec);
	if (st == ST_OK)
		check_records(&rows, &r);
	if (st == ST_OK && !no_source && access(source, F_OK) == 0)
		compare(n, &rows, source, &r);
	summary(&rows, &r);
	return r.problems == 0 ? NATIVE_YES : NATIVE_NO;
}

static bool option(int c, const char *arg UNUSED, void *own)
{
	if (c != NO_SOURCE)
		return false;
	((struct verify *)own)->no_source = true;
	return true;
}

static int run(struct native *n, int argc, char **argv, void *own)
{
	struct verify *v = own;
	int status = NATIVE_YES, i, one;

	for (i = 0; i < argc; i++) {
		one = verify(n, argv[i], v->no_source);
		if (one > status)
			status = one;
	}
	return status;
}

static const struct option longs[] = {
	{ "no-source", no_argument, NULL, NO_SOURCE },
	{ NULL, 0, NULL, 0 },
};

const struct native_cmd cmd_verify = {
	.name = "verify",
	.args = "[-aFfru] [--no-source] [-c dir] [type:]name...",
	.idea = "is a table's file whole, and as its source says?",
	.help =
	    "  --no-source  do not compare with the source\n"
	    "  -a      the source is an alias file (else: if postalias made "
	    "the table)\n"
	    "  -c dir  configuration\n"
	    "  -F      values of the source are names of files\n"
	    "  -f      the keys of the source are not folded\n"
	    "  -r      of duplicates in the source the last counts\n"
	    "  -u      texts are not UTF-8\n",
	.letters = "ac:Ffru",
	.longs = longs,
	.option = option,
	.run = run,
	.own_size = sizeof(struct verify),
	.least_arguments = 1,
};
