/* edit_lmdb - delete from lmdb files. */

#include "map/edit_lmdb.h"

#include <lmdb.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/xalloc.h"

/* What a few deletions may add to a file. */
#define ROOM (16u << 20)

struct edit_lmdb {
	MDB_env *env;
	MDB_dbi dbi;
};

static int open_env(struct edit_lmdb *x, const char *path, size_t size)
{
	MDB_txn *txn;
	int rc = mdb_env_create(&x->env);

	if (rc == 0)
		rc = mdb_env_set_mapsize(x->env, size + ROOM);
	if (rc == 0)
		rc =
		    mdb_env_open(x->env, path, MDB_NOSUBDIR | MDB_NOLOCK, 0600);
	if (rc == 0)
		rc = mdb_txn_begin(x->env, NULL, MDB_RDONLY, &txn);
	if (rc != 0)
		return rc;
	rc = mdb_dbi_open(txn, NULL, 0, &x->dbi);
	if (rc == 0)
		return mdb_txn_commit(txn);
	mdb_txn_abort(txn);
	return rc;
}

enum st edit_lmdb_open(struct edit_lmdb **out, const char *path, size_t size,
    struct err *e)
{
	struct edit_lmdb *x = xcalloc(1, sizeof(*x));
	int rc = open_env(x, path, size);

	*out = x;
	if (rc == 0)
		return ST_OK;
	edit_lmdb_close(x);
	*out = NULL;
	return err_temp(e, "4.3.0", "open database %s: %s", path,
	    mdb_strerror(rc));
}

enum st edit_lmdb_delete(struct edit_lmdb *x, struct str key, struct str name,
    struct err *e)
{
	MDB_val k = { key.n, (void *)(uintptr_t)key.p };
	MDB_txn *txn;
	int rc = mdb_txn_begin(x->env, NULL, 0, &txn);

	if (rc == 0) {
		rc = mdb_del(txn, x->dbi, &k, NULL);
		if (rc == 0)
			rc = mdb_txn_commit(txn);
		else
			mdb_txn_abort(txn);
	}
	/* What is too long for a key, or empty, is none. */
	if (rc == MDB_NOTFOUND || rc == MDB_BAD_VALSIZE)
		return ST_NONE;
	return rc == 0 ? ST_OK
		       : err_temp(e, "4.3.0", "delete from %.*s: %s",
			     STR_ARG(name), mdb_strerror(rc));
}

void edit_lmdb_close(struct edit_lmdb *x)
{
	if (x == NULL)
		return;
	if (x->env != NULL)
		mdb_env_close(x->env);
	free(x);
}
