/* lmdb: - files of the Lightning memory-mapped database. */

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/io.h"
#include "base/xalloc.h"
#include "map/lock.h"
#include "map/nul.h"
#include "map/types.h"

struct lmdb {
	MDB_env *env;
	MDB_dbi dbi;
	MDB_txn *txn;       /* of the cursor */
	MDB_cursor *cursor; /* of map_next */
	int fd;             /* the file again, for locks */
	const char *path;
	struct file_id id;
};

static enum st fail(const struct map *m, struct err *e, const char *what,
    int rc)
{
	return err_temp(e, "4.3.0", "%s %.*s: %s", what, STR_ARG(m->title),
	    mdb_strerror(rc));
}

static void close_env(struct lmdb *l)
{
	if (l->cursor != NULL)
		mdb_cursor_close(l->cursor);
	l->cursor = NULL;
	if (l->txn != NULL)
		mdb_txn_abort(l->txn);
	l->txn = NULL;
	if (l->env != NULL)
		mdb_env_close(l->env);
	l->env = NULL;
	fd_clear(&l->fd);
}

static int open_env(struct lmdb *l, bool write, size_t size)
{
	MDB_txn *txn;
	int rc = mdb_env_create(&l->env);

	/* Room for what is there, and for a few deletions. */
	if (rc == 0)
		rc = mdb_env_set_mapsize(l->env, size + (16u << 20));
	if (rc == 0)
		rc = mdb_env_open(l->env, l->path,
		    MDB_NOSUBDIR | MDB_NOLOCK | (write ? 0 : MDB_RDONLY), 0600);
	if (rc == 0)
		rc = mdb_txn_begin(l->env, NULL, MDB_RDONLY, &txn);
	if (rc != 0)
		return rc;
	rc = mdb_dbi_open(txn, NULL, 0, &l->dbi);
	if (rc == 0)
		return mdb_txn_commit(txn);
	mdb_txn_abort(txn);
	return rc;
}

static enum st open_file(struct map *m, struct lmdb *l, struct err *e)
{
	bool write = (m->flags & MAP_WRITE) != 0;
	struct stat sb;
	int rc;

	l->fd = open(l->path, (write ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (l->fd < 0)
		return err_temp(e, "4.3.0", "open database %s: %m", l->path);
	if (!lock_take_range(l->fd, write ? LOCK_EXCLUSIVE : LOCK_SHARED) ||
	    fstat(l->fd, &sb) != 0)
		return err_temp(e, "4.3.0", "lock database %s: %m", l->path);
	file_id_set(&l->id, &sb);
	rc = sb.st_size == 0 ? MDB_INVALID
			     : open_env(l, write, (size_t)sb.st_size);
	if (!write)
		lock_drop_range(l->fd);
	if (rc != 0)
		return err_temp(e, "4.3.0", "open database %s: %s", l->path,
		    mdb_strerror(rc));
	return ST_OK;
}

static enum st lmdb_open(struct map *m, struct err *e)
{
	struct lmdb *l = xcalloc(1, sizeof(*l));

	l->fd = -1;
	l->path = map_file(m, ".lmdb");
	if (open_file(m, l, e) != ST_OK) {
		close_env(l);
		free(l);
		return ST_TEMP;
	}
	m->state = l;
	map_warn_stale(m, l->path, &l->id);
	return ST_OK;
}

/* The locked file is as it was when it was opened. See map_hash.c. */
static enum st lock_current(struct map *m, struct lmdb *l, struct err *e)
{
	if ((m->flags & MAP_WRITE) != 0)
		return ST_OK;
	for (;;) {
		if (l->env == NULL && open_file(m, l, e) != ST_OK) {
			close_env(l);
			return ST_TEMP;
		}
		if (!lock_take_range(l->fd, LOCK_SHARED))
			return err_temp(e, "4.3.0", "lock database %s: %m",
			    l->path);
		if (!file_id_rewritten(&l->id, l->fd))
			return ST_OK;
		close_env(l);
	}
}

static void unlock(const struct map *m, const struct lmdb *l)
{
	if ((m->flags & MAP_WRITE) == 0)
		lock_drop_range(l->fd);
}

struct question {
	MDB_txn *txn;
	struct buf *val;
};

static enum st ask(struct map *m, const char *key, size_t n, void *arg,
    struct err *e)
{
	struct question *q = arg;
	MDB_val k = { n, (void *)(uintptr_t)key }, v;
	int rc = mdb_get(q->txn, ((struct lmdb *)m->state)->dbi, &k, &v);

	/* What is too long for a key, or empty, is none. */
	if (rc == MDB_NOTFOUND || rc == MDB_BAD_VALSIZE)
		return ST_NONE;
	if (rc != 0)
		return fail(m, e, "read", rc);
	buf_set(q->val, nul_cut((struct str){ v.mv_data, v.mv_size }));
	return ST_OK;
}

static enum st lmdb_get(struct map *m, struct str key, struct buf *val,
    struct err *e)
{
	struct lmdb *l = m->state;
	struct question q = { NULL, val };
	enum st st = lock_current(m, l, e);
	int rc;

	if (st != ST_OK)
		return st;
	rc = mdb_txn_begin(l->env, NULL, MDB_RDONLY, &q.txn);
	if (rc == 0) {
		st = nul_try(m, key, ask, &q, e);
		mdb_txn_abort(q.txn);
	} else {
		st = fail(m, e, "read", rc);
	}
	unlock(m, l);
	return st;
}

static int next_record(struct lmdb *l, MDB_val *k, MDB_val *v)
{
	int rc = 0;

	if (l->cursor == NULL) {
		rc = mdb_txn_begin(l->env, NULL, MDB_RDONLY, &l->txn);
		if (rc == 0)
			rc = mdb_cursor_open(l->txn, l->dbi, &l->cursor);
	}
	return rc == 0 ? mdb_cursor_get(l->cursor, k, v, MDB_NEXT) : rc;
}

/* The lock is kept between records: a writer would pull the pages away. */
static enum st lmdb_next(struct map *m, struct buf *key, struct buf *val,
    struct err *e)
{
	struct lmdb *l = m->state;
	MDB_val k, v;
	int rc;

	if (!lock_take_range(l->fd, LOCK_SHARED))
		return err_temp(e, "4.3.0", "lock database %s: %m", l->path);
	rc = next_record(l, &k, &v);
	if (rc == MDB_NOTFOUND)
		return ST_NONE;
	if (rc != 0)
		return fail(m, e, "read", rc);
	buf_set(key, nul_cut((struct str){ k.mv_data, k.mv_size }));
	buf_set(val, nul_cut((struct str){ v.mv_data, v.mv_size }));
	return ST_OK;
}

static enum st erase(struct map *m, const char *key, size_t n, void *arg,
    struct err *e)
{
	MDB_val k = { n, (void *)(uintptr_t)key };
	int rc = mdb_del(arg, ((struct lmdb *)m->state)->dbi, &k, NULL);

	if (rc == MDB_NOTFOUND || rc == MDB_BAD_VALSIZE)
		return ST_NONE;
	return rc == 0 ? ST_OK : fail(m, e, "delete from", rc);
}

static enum st lmdb_del(struct map *m, struct str key, struct err *e)
{
	struct lmdb *l = m->state;
	MDB_txn *txn;
	enum st st;
	int rc = mdb_txn_begin(l->env, NULL, 0, &txn);

	if (rc != 0)
		return fail(m, e, "delete from", rc);
	st = nul_try(m, key, erase, txn, e);
	if (st != ST_OK) {
		mdb_txn_abort(txn);
		return st;
	}
	rc = mdb_txn_commit(txn);
	return rc == 0 ? ST_OK : fail(m, e, "delete from", rc);
}

static bool lmdb_changed(struct map *m)
{
	const struct lmdb *l = m->state;

	return file_id_changed(&l->id, l->path);
}

static void lmdb_close(struct map *m)
{
	close_env(m->state);
	free(m->state);
}

const struct map_ops map_lmdb_ops = {
	.type = "lmdb",
	.coded = true,
	.open = lmdb_open,
	.get = lmdb_get,
	.next = lmdb_next,
	.del = lmdb_del,
	.changed = lmdb_changed,
	.close = lmdb_close,
};
