/* hash: and btree: - Berkeley DB files, as postmap(1) makes them. */

#include <db.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/xalloc.h"
#include "map/lock.h"
#include "map/nul.h"
#include "map/types.h"

#define CACHE_BYTES (128 * 1024)

struct bdb {
	DB *db;
	DBC *cursor;
	DBTYPE type;
	int fd; /* the file again, for locks */
	const char *path;
	struct file_id id;
};

static enum st bdb_error(struct bdb *b, struct err *e, const char *what, int rc)
{
	errno = rc > 0 ? rc : EINVAL;
	return err_temp(e, "4.3.0", "%s database %s: %m", what, b->path);
}

static void quiet(const DB_ENV *env UNUSED, const char *prefix UNUSED,
    const char *text UNUSED)
{
	/* What matters is in the return code. */
}

static void close_db(struct bdb *b)
{
	if (b->cursor != NULL)
		b->cursor->close(b->cursor);
	b->cursor = NULL;
	if (b->db != NULL)
		b->db->close(b->db, 0);
	b->db = NULL;
	fd_clear(&b->fd);
}

/* Open, under a shared lock: who rewrites in place holds an exclusive one. */
static enum st open_db(struct map *m, struct bdb *b, struct err *e)
{
	bool write = (m->flags & MAP_WRITE) != 0;
	struct stat sb;
	int rc;

	b->fd = open(b->path, (write ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (b->fd < 0)
		return err_temp(e, "4.3.0", "open database %s: %m", b->path);
	if (!lock_take(b->fd, write ? LOCK_EXCLUSIVE : LOCK_SHARED) ||
	    fstat(b->fd, &sb) != 0)
		return bdb_error(b, e, "lock", errno);
	file_id_set(&b->id, &sb);
	rc = db_create(&b->db, NULL, 0);
	if (rc != 0)
		return bdb_error(b, e, "create", rc);
	b->db->set_errcall(b->db, quiet);
	b->db->set_cachesize(b->db, 0, CACHE_BYTES, 1);
	rc = sb.st_size == 0 ? EINVAL
			     : b->db->open(b->db, NULL, b->path, NULL, b->type,
				   write ? 0 : DB_RDONLY, 0644);
	if (!write)
		lock_drop(b->fd);
	if (rc != 0)
		return bdb_error(b, e, "open", rc);
	return ST_OK;
}

static enum st open_type(struct map *m, DBTYPE type, struct err *e)
{
	struct bdb *b = xcalloc(1, sizeof(*b));

	b->type = type;
	b->fd = -1;
	b->path = map_file(m, ".db");
	if (open_db(m, b, e) != ST_OK) {
		close_db(b);
		free(b);
		return ST_TEMP;
	}
	m->state = b;
	m->title =
	    str_c(arena_printf(&m->arena, "%s:%s", m->ops->type, b->path));
	map_warn_stale(m, b->path, &b->id);
	return ST_OK;
}

static enum st hash_open_map(struct map *m, struct err *e)
{
	return open_type(m, DB_HASH, e);
}

static enum st btree_open_map(struct map *m, struct err *e)
{
	return open_type(m, DB_BTREE, e);
}

/*
 * The locked file is as it was when it was opened: else pages in the cache
 * are of an older table. One that was renamed over it does not matter here:
 * answers go on coming from one table until the caller opens it again. Who
 * opened it for writing holds the lock all the time.
 */
static enum st lock_current(struct map *m, struct bdb *b, struct err *e)
{
	if ((m->flags & MAP_WRITE) != 0)
		return ST_OK;
	for (;;) {
		if (b->db == NULL && open_db(m, b, e) != ST_OK) {
			close_db(b);
			return ST_TEMP;
		}
		if (!lock_take(b->fd, LOCK_SHARED))
			return bdb_error(b, e, "lock", errno);
		if (!file_id_rewritten(&b->id, b->fd))
			return ST_OK;
		close_db(b);
	}
}

static void unlock(const struct map *m, const struct bdb *b)
{
	if ((m->flags & MAP_WRITE) == 0)
		lock_drop(b->fd);
}

static enum st ask(struct map *m, const char *key, size_t n, void *val,
    struct err *e)
{
	struct bdb *b = m->state;
	DBT k = { .data = (void *)(uintptr_t)key, .size = (u_int32_t)n };
	DBT v = { 0 };
	int rc = b->db->get(b->db, NULL, &k, &v, 0);

	if (rc == DB_NOTFOUND)
		return ST_NONE;
	if (rc != 0)
		return bdb_error(b, e, "read", rc);
	buf_set(val, nul_cut((struct str){ v.data, v.size }));
	return ST_OK;
}

static enum st bdb_get(struct map *m, struct str key, struct buf *val,
    struct err *e)
{
	enum st st = lock_current(m, m->state, e);

	if (st != ST_OK)
		return st;
	st = nul_try(m, key, ask, val, e);
	unlock(m, m->state);
	return st;
}

static enum st bdb_next(struct map *m, struct buf *key, struct buf *val,
    struct err *e)
{
	struct bdb *b = m->state;
	DBT k = { 0 }, v = { 0 };
	int rc = 0;

	/* The lock stays until the table is closed: one table, not two. */
	if (b->cursor == NULL) {
		if (lock_current(m, b, e) != ST_OK)
			return ST_TEMP;
		rc = b->db->cursor(b->db, NULL, &b->cursor, 0);
	}
	if (rc == 0)
		rc = b->cursor->get(b->cursor, &k, &v, DB_NEXT);
	if (rc == DB_NOTFOUND)
		return ST_NONE;
	if (rc != 0)
		return bdb_error(b, e, "read", rc);
	buf_set(key, nul_cut((struct str){ k.data, k.size }));
	buf_set(val, nul_cut((struct str){ v.data, v.size }));
	return ST_OK;
}

static enum st erase(struct map *m, const char *key, size_t n, void *arg UNUSED,
    struct err *e)
{
	struct bdb *b = m->state;
	DBT k = { .data = (void *)(uintptr_t)key, .size = (u_int32_t)n };
	int rc = b->db->del(b->db, NULL, &k, 0);

	if (rc == DB_NOTFOUND)
		return ST_NONE;
	return rc == 0 ? ST_OK : bdb_error(b, e, "delete from", rc);
}

static enum st bdb_del(struct map *m, struct str key, struct err *e)
{
	struct bdb *b = m->state;
	enum st st = nul_try(m, key, erase, NULL, e);
	int rc;

	if (st != ST_OK)
		return st;
	/* On disk before the lock goes: a reader must not see half of it. */
	rc = b->db->sync(b->db, 0);
	return rc == 0 ? ST_OK : bdb_error(b, e, "flush", rc);
}

static bool bdb_changed(struct map *m)
{
	struct bdb *b = m->state;

	return file_id_changed(&b->id, b->path);
}

static void bdb_close(struct map *m)
{
	close_db(m->state);
	free(m->state);
}

const struct map_ops map_hash_ops = {
	.type = "hash",
	.coded = true,
	.open = hash_open_map,
	.get = bdb_get,
	.next = bdb_next,
	.del = bdb_del,
	.changed = bdb_changed,
	.close = bdb_close,
};

const struct map_ops map_btree_ops = {
	.type = "btree",
	.coded = true,
	.open = btree_open_map,
	.get = bdb_get,
	.next = bdb_next,
	.del = bdb_del,
	.changed = bdb_changed,
	.close = bdb_close,
};
