/* write_lmdb - lmdb: files: one write transaction, whole or not at all; a new
 * table is written in the order of its keys, page after page. */

#include <errno.h>
#include <lmdb.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "map/lmdb_file.h"
#include "map/types.h"
#include "map/writer.h"

/* Address space, not memory: what a table may grow to. */
#define MAP_BYTES ((size_t)1 << (sizeof(size_t) > 4 ? 36 : 30))

/* The longest key of a library that was built as it comes. */
#define KEY_BYTES 511

/* Of a new table: this many between two commits. */
#define RECORDS_AT_ONCE 20000

struct state {
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
};

static enum st fail(const char *what, const char *name, int rc, struct err *e)
{
	return err_temp(e, "", "%s %s: %s", what, name, mdb_strerror(rc));
}

/* flags: MDB_NOSYNC when the caller syncs what it renames. */
static int start(struct writer *w, struct state *s, unsigned flags)
{
	int rc = mdb_env_create(&s->env);

	if (rc == 0)
		rc = mdb_env_set_mapsize(s->env, MAP_BYTES);
	if (rc == 0)
		rc = mdb_env_open(s->env, w->path,
		    MDB_NOSUBDIR | MDB_NOLOCK | flags, 0600);
	if (rc == 0)
		rc = mdb_txn_begin(s->env, NULL, 0, &s->txn);
	if (rc == 0)
		rc = mdb_dbi_open(s->txn, NULL, 0, &s->dbi);
	return rc;
}

/* Everything or nothing; s is empty then. */
static int finish(struct state *s, bool save)
{
	int rc = 0;

	if (s->txn != NULL && save)
		rc = mdb_txn_commit(s->txn);
	else if (s->txn != NULL)
		mdb_txn_abort(s->txn);
	if (s->env != NULL)
		mdb_env_close(s->env);
	*s = (struct state){ 0 };
	return rc;
}

static enum st admit(const struct writer *w, struct str key, struct err *e)
{
	return key.n <= KEY_BYTES
	    ? ST_OK
	    : fail("error updating", w->spec, MDB_BAD_VALSIZE, e);
}

static int append(struct state *s, const struct bulk_rec *r)
{
	return mdb_put(s->txn, s->dbi,
	    &(MDB_val){ r->key_n, (void *)(uintptr_t)r->p },
	    &(MDB_val){ r->val_n, (void *)(uintptr_t)(r->p + r->key_n) },
	    MDB_APPEND);
}

/*
 * Nobody sees the file before it is whole, so what is done may be committed
 * now and then: the library takes its memory for the next pages.
 */
static int append_all(struct state *s, const struct bulk *b)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < bulk_count(b); i++) {
		bulk_soon(b, i + BULK_AHEAD);
		if (i % RECORDS_AT_ONCE == RECORDS_AT_ONCE - 1) {
			rc = mdb_txn_commit(s->txn);
			s->txn = NULL;
			if (rc == 0)
				rc = mdb_txn_begin(s->env, NULL, 0, &s->txn);
		}
		if (rc == 0)
			rc = append(s, bulk_at(b, i));
	}
	return rc;
}

static enum st fill_lmdb(struct writer *w, struct bulk *b, struct err *e)
{
	struct state s = { 0 };
	const char *what = "open database";
	int rc, end;

	bulk_sort_by_key(b);
	/* A file that is written over has pages of the old table. */
	rc = ftruncate(w->fd, 0) == 0 ? start(w, &s, MDB_NOSYNC) : errno;
	if (rc == 0) {
		what = "error updating";
		rc = append_all(&s, b);
	}
	end = finish(&s, rc == 0);
	if (rc == 0 && end != 0) {
		what = "flush database";
		rc = end;
	}
	return rc == 0 ? ST_OK : fail(what, w->shown, rc, e);
}

/* The library does not survive every file: look at it first. */
static enum st look(const struct writer *w, struct err *e)
{
	struct lmdb_file f;
	enum st st = ST_OK;

	lmdb_file_init(&f, w->fd);
	if (!lmdb_file_header(&f))
		st = err_temp(e, "", "open database %s: %m", w->shown);
	else if (lmdb_file_check(&f) != ST_OK)
		st = err_temp(e, "",
		    "open database %s: it is damaged, build it again: %s",
		    w->shown, f.why);
	lmdb_file_clear(&f);
	return st;
}

static enum st open_lmdb(struct writer *w, struct err *e)
{
	struct state *s;
	int rc;

	if (look(w, e) != ST_OK)
		return ST_TEMP;
	s = xcalloc(1, sizeof(*s));
	w->state = s;
	rc = start(w, s, 0);
	return rc == 0 ? ST_OK : fail("open database", w->shown, rc, e);
}

static enum writer_style style(struct writer *w)
{
	struct state *s = w->state;
	MDB_cursor *cursor;
	MDB_val k, v;
	enum writer_style found = STYLE_UNKNOWN;

	if (mdb_cursor_open(s->txn, s->dbi, &cursor) != 0)
		return STYLE_UNKNOWN;
	if (mdb_cursor_get(cursor, &k, &v, MDB_FIRST) == 0)
		found =
		    k.mv_size != 0 && ((char *)k.mv_data)[k.mv_size - 1] == '\0'
		    ? STYLE_NUL
		    : STYLE_BARE;
	mdb_cursor_close(cursor);
	return found;
}

static enum st put(struct writer *w, struct str key, struct str val,
    struct err *e)
{
	struct state *s = w->state;
	MDB_val k = { key.n, (void *)(uintptr_t)key.p };
	MDB_val v = { val.n, (void *)(uintptr_t)val.p };
	int rc = mdb_put(s->txn, s->dbi, &k, &v,
	    w->dup == DUP_REPLACE ? 0 : MDB_NOOVERWRITE);

	if (rc == MDB_KEYEXIST)
		return ST_NONE;
	return rc == 0 ? ST_OK : fail("error updating", w->spec, rc, e);
}

static enum st close_lmdb(struct writer *w, bool save, struct err *e)
{
	int rc;

	if (w->state == NULL)
		return ST_OK;
	rc = finish(w->state, save);

	free(w->state);
	w->state = NULL;
	return rc == 0 ? ST_OK : fail("flush database", w->shown, rc, e);
}

const struct writer_ops writer_lmdb = {
	.type = &map_lmdb_ops,
	.suffix = ".lmdb",
	.nul = true,
	.in_place = true,
	.keeps_mode = true,
	.shown = BY_SPEC,
	.admit = admit,
	.fill = fill_lmdb,
	.open = open_lmdb,
	.style = style,
	.put = put,
	.close = close_lmdb,
};
