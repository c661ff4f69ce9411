/* write_lmdb - lmdb: files: one write transaction, whole or not at all. */

#include <lmdb.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "map/types.h"
#include "map/writer.h"

/* Address space, not memory: what a table may grow to. */
#define MAP_BYTES ((size_t)1 << (sizeof(size_t) > 4 ? 36 : 30))

struct state {
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
};

static enum st fail(const char *what, const char *name, int rc, struct err *e)
{
	return err_temp(e, "", "%s %s: %s", what, name, mdb_strerror(rc));
}

static int start(struct writer *w, struct state *s)
{
	int rc = mdb_env_create(&s->env);

	if (rc == 0)
		rc = mdb_env_set_mapsize(s->env, MAP_BYTES);
	/* The caller syncs what it renames. */
	if (rc == 0)
		rc = mdb_env_open(s->env, w->path,
		    MDB_NOSUBDIR | MDB_NOLOCK | (w->fresh ? MDB_NOSYNC : 0),
		    0600);
	if (rc == 0)
		rc = mdb_txn_begin(s->env, NULL, 0, &s->txn);
	if (rc == 0)
		rc = mdb_dbi_open(s->txn, NULL, 0, &s->dbi);
	if (rc == 0 && w->fresh)
		rc = mdb_drop(s->txn, s->dbi, 0);
	return rc;
}

static enum st open_lmdb(struct writer *w, struct err *e)
{
	struct state *s = xcalloc(1, sizeof(*s));
	int rc;

	w->state = s;
	rc = start(w, s);
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
	struct state *s = w->state;
	int rc = 0;

	if (s == NULL)
		return ST_OK;
	w->state = NULL;
	if (s->txn != NULL && save)
		rc = mdb_txn_commit(s->txn);
	else if (s->txn != NULL)
		mdb_txn_abort(s->txn);
	if (s->env != NULL)
		mdb_env_close(s->env);
	free(s);
	return rc == 0 ? ST_OK : fail("flush database", w->shown, rc, e);
}

const struct writer_ops writer_lmdb = {
	.type = &map_lmdb_ops,
	.suffix = ".lmdb",
	.nul = true,
	.in_place = true,
	.keeps_mode = true,
	.shown = BY_SPEC,
	.open = open_lmdb,
	.style = style,
	.put = put,
	.close = close_lmdb,
};
