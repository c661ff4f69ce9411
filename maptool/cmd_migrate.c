/* cmd_migrate - away from Berkeley DB: other types in main.cf and master.cf. */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "maptool/guard.h"
#include "maptool/migrate_text.h"
#include "maptool/native.h"
#include "maptool/postconf_file.h"
#include "maptool/refs.h"
#include "maptool/rows.h"

enum {
	TO = 256
};

struct migrate {
	const char *to;
	bool dry; /* -n */
	const struct native *n;
	const char *dir, *file; /* which one is edited now */
};

static bool is_old(const char *type)
{
	return strcmp(type, "hash") == 0 || strcmp(type, "btree") == 0;
}

/* --- the tables ---------------------------------------------------------- */

/* From its source, or without one from the old table. */
static int make_table(const struct migrate *m, const struct ref *r)
{
	AUTO_BUF spec = BUF_MAX(8192);
	AUTO_BUF old = BUF_MAX(8192);
	bool source = access(r->name, F_OK) == 0;

	buf_addf(&spec, "%s:%s", m->to, r->name);
	buf_addf(&old, "%s.db", r->name);
	if (!source && access(buf_c(&old), F_OK) != 0) {
		printf("%s: neither source nor table is there; make it "
		       "yourself\n",
		    buf_c(&spec));
		return NATIVE_YES;
	}
	printf("%s: %s from %s\n", buf_c(&spec),
	    m->dry ? "would be made" : "made", source ? r->name : buf_c(&old));
	if (m->dry)
		return NATIVE_YES;
	return source ? build_table(m->n, buf_c(&spec), r->aliases)
		      : convert_table(m->n, r->spec, buf_c(&spec));
}

static int make_tables(const struct migrate *m, const struct refs *refs)
{
	int status = NATIVE_YES;

	list_foreach(p, &refs->list) {
		const struct ref *r = CONTAINER_OF(p, struct ref, link);

		if (status == NATIVE_YES && is_old(r->type) && !r->cache &&
		    !r->builtin)
			status = make_table(m, r);
	}
	return status;
}

/* --- the files ----------------------------------------------------------- */

/* How many references there are. ST_NONE: there is no such file. */
static enum st count_in(const struct migrate *m, const char *file, size_t *n,
    struct err *e)
{
	AUTO_BUF path = BUF_MAX(8192);
	AUTO_BUF text = BUF_MAX(PC_FILE_MAX);
	AUTO_BUF out = BUF_MAX(2 * (size_t)PC_FILE_MAX);

	buf_addf(&path, "%s/%s", m->dir, file);
	*n = 0;
	if (access(buf_c(&path), F_OK) != 0)
		return ST_NONE;
	if (io_read_file(buf_c(&path), &text, e) != ST_OK)
		return ST_TEMP;
	*n = migrate_text(buf_str(&text), m->to, &out);
	return ST_OK;
}

/* Ends this process with status 1 on an error. */
static int edit_child(int out UNUSED, void *arg)
{
	const struct migrate *m = arg;
	AUTO_BUF text = BUF_MAX(PC_FILE_MAX);
	AUTO_BUF changed = BUF_MAX(2 * (size_t)PC_FILE_MAX);
	struct pc_file f;

	pc_file_open(&f, m->dir, m->file, &text);
	migrate_text(buf_str(&text), m->to, &changed);
	pc_file_replace(&f, &changed);
	return NATIVE_YES;
}

static int edit(struct migrate *m, const char *file)
{
	struct err e;
	size_t n;
	int status = NATIVE_YES;
	enum st st = count_in(m, file, &n, &e);

	if (st == ST_TEMP)
		return native_error("%s", e.text);
	if (st == ST_NONE || n == 0)
		return NATIVE_YES;
	printf("%s/%s: %zu references %s\n", m->dir, file, n,
	    m->dry ? "would change" : "changed");
	if (m->dry)
		return NATIVE_YES;
	m->file = file;
	if (guard_run(edit_child, m, -1, &status, &e) != ST_OK)
		return native_error("%s: %s", file, e.text);
	return status == NATIVE_YES ? NATIVE_YES : NATIVE_ERROR;
}

/* --- what is left for people --------------------------------------------- */

static void advise(const struct refs *refs, const struct migrate *m)
{
	list_foreach(p, &refs->list) {
		const struct ref *r = CONTAINER_OF(p, struct ref, link);

		if (!is_old(r->type))
			continue;
		if (r->builtin)
			printf("left to do: %s is not set, its default is %s; "
			       "postconf -e %s=%s:%s\n",
			    r->param, r->spec, r->param, m->to, r->name);
		else
			printf("left to do: %s still refers to %s, by a "
			       "$name or in another file\n",
			    r->param, r->spec);
	}
}

/* By what main.cf says now; in a dry run it is the old one. */
static int show_rest(const struct migrate *m)
{
	struct refs refs;
	struct conf *conf;
	struct err e;
	enum st st;
	const char *type;

	if (conf_load(&conf, m->dir, &e) != ST_OK)
		return native_error("%s", e.text);
	st = refs_find(&refs, conf, m->dir, &e);
	if (st == ST_OK) {
		advise(&refs, m);
		if (conf_str(conf, "default_database_type", &type, &e) ==
			ST_OK &&
		    is_old(type))
			printf("left to do: tables without a type are %s; "
			       "postconf -e default_database_type=%s\n",
			    type, m->to);
		puts("left to do: postfix reload; programs that call postmap "
		     "hash: themselves");
	}
	refs_clear(&refs);
	conf_free(conf);
	return st == ST_OK ? NATIVE_YES : native_error("%s", e.text);
}

/* --- the command --------------------------------------------------------- */

static const char *default_target(const struct native *n)
{
	return is_old(n->t.default_type) ||
		rows_suffix(str_c(n->t.default_type)) == NULL
	    ? "lmdb"
	    : n->t.default_type;
}

static int run(struct native *n, int argc, char **argv UNUSED, void *own)
{
	struct migrate *m = own;
	struct refs refs;
	struct err e;
	int status;

	m->n = n;
	m->dir = tables_dir(&n->t);
	if (m->to == NULL)
		m->to = default_target(n);
	if (argc != 0)
		return native_error("migrate takes no table: it finds them");
	if (rows_suffix(str_c(m->to)) == NULL || is_old(m->to))
		return native_error("--to %s: choose lmdb or cdb", m->to);
	status = refs_find(&refs, n->t.conf, m->dir, &e) == ST_OK
	    ? make_tables(m, &refs)
	    : native_error("%s", e.text);
	refs_clear(&refs);
	/* Only when the new tables are there. */
	if (status == NATIVE_YES)
		status = edit(m, "master.cf");
	if (status == NATIVE_YES)
		status = edit(m, "main.cf");
	if (status == NATIVE_YES && !m->dry)
		status = show_rest(m);
	return status;
}

static bool option(int c, const char *arg, void *own)
{
	struct migrate *m = own;

	if (c == TO)
		m->to = arg;
	else if (c == 'n')
		m->dry = true;
	else
		return false;
	return true;
}

static const struct option longs[] = {
	{ "to", required_argument, NULL, TO },
	{ NULL, 0, NULL, 0 },
};

const struct native_cmd cmd_migrate = {
	.name = "migrate",
	.args = "[-n] [--to type] [-c dir]",
	.idea = "other types for hash: and btree: in main.cf and master.cf",
	.help =
	    "Builds the new tables, then rewrites the references; tables "
	    "that daemons keep for\nthemselves become lmdb, and are made "
	    "by the daemons.\n"
	    "  --to type  lmdb or cdb (default: default_database_type, else "
	    "lmdb)\n"
	    "  -c dir  configuration\n"
	    "  -n      show what would be done\n",
	.letters = "c:n",
	.longs = longs,
	.option = option,
	.run = run,
	.own_size = sizeof(struct migrate),
};
