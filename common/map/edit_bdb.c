/* edit_bdb - delete from hash and btree files. */

#include "map/edit_bdb.h"

#include <db.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/xalloc.h"

#define CACHE_BYTES (1u << 20)

struct edit_bdb {
	DB *db;
	const char *path;
};

static enum st fail(const struct edit_bdb *x, struct err *e, const char *what,
    int rc)
{
	errno = rc > 0 ? rc : EINVAL;
	return err_temp(e, "4.3.0", "%s database %s: %m", what, x->path);
}

static void quiet(const DB_ENV *env UNUSED, const char *prefix UNUSED,
    const char *text UNUSED)
{
	/* What matters is in the return code. */
}

static int open_db(struct edit_bdb *x, enum bdb_kind kind)
{
	int rc = db_create(&x->db, NULL, 0);

	if (rc != 0) {
		x->db = NULL;
		return rc;
	}
	x->db->set_errcall(x->db, quiet);
	x->db->set_cachesize(x->db, 0, CACHE_BYTES, 1);
	return x->db->open(x->db, NULL, x->path, NULL,
	    kind == BDB_HASH ? DB_HASH : DB_BTREE, 0, 0644);
}

enum st edit_bdb_open(struct edit_bdb **out, const char *path,
    enum bdb_kind kind, struct err *e)
{
	struct edit_bdb *x = xcalloc(1, sizeof(*x));
	enum st st = ST_OK;
	int rc;

	x->path = path;
	rc = open_db(x, kind);
	if (rc != 0) {
		st = fail(x, e, "open", rc);
		edit_bdb_close(x);
		x = NULL;
	}
	*out = x;
	return st;
}

enum st edit_bdb_delete(struct edit_bdb *x, struct str key, struct err *e)
{
	DBT k = { .data = (void *)(uintptr_t)key.p, .size = (u_int32_t)key.n };
	int rc = x->db->del(x->db, NULL, &k, 0);

	if (rc == DB_NOTFOUND)
		return ST_NONE;
	return rc == 0 ? ST_OK : fail(x, e, "delete from", rc);
}

enum st edit_bdb_sync(struct edit_bdb *x, struct err *e)
{
	int rc = x->db->sync(x->db, 0);

	return rc == 0 ? ST_OK : fail(x, e, "flush", rc);
}

void edit_bdb_close(struct edit_bdb *x)
{
	if (x == NULL)
		return;
	if (x->db != NULL)
		x->db->close(x->db, 0);
	free(x);
}
