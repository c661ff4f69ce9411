/* hash: and btree: - Berkeley DB files, as postmap(1) makes them. */

#include <db.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "map/lock.h"
#include "map/types.h"

#define CACHE_BYTES (128 * 1024)
/* A source changed so recently may be in the making: no warning yet. */
#define SOURCE_AGE_S 100

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

static void warn_if_stale(const struct map *m, const struct bdb *b)
{
	struct stat source;
	const char *name = arena_strz(&((struct map *)m)->arena, m->name);

	if (stat(name, &source) == 0 && source.st_mtime > b->id.mtime.tv_sec &&
	    source.st_mtime < clock_seconds() - SOURCE_AGE_S)
		log_warn("database %s is older than source file %s", b->path,
		    name);
}

static enum st open_type(struct map *m, DBTYPE type, struct err *e)
{
	struct bdb *b = xcalloc(1, sizeof(*b));

	b->type = type;
	b->fd = -1;
	b->path = arena_printf(&m->arena, "%.*s.db", STR_ARG(m->name));
	if (open_db(m, b, e) != ST_OK) {
		close_db(b);
		free(b);
		return ST_TEMP;
	}
	m->state = b;
	warn_if_stale(m, b);
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

/* The records of Postfix's tables end in a NUL, key and value; what others
 * made may not. The first hit tells which, for the rest of this process. */
static int get_with(struct bdb *b, struct str key, size_t nul, DBT *val)
{
	DBT k = { .data = (void *)(uintptr_t)key.p,
		.size = (u_int32_t)(key.n + nul) };

	memset(val, 0, sizeof(*val));
	return b->db->get(b->db, NULL, &k, val, 0);
}

static struct str value_of(const DBT *val)
{
	struct str s = { val->data, val->size };
	ptrdiff_t nul = str_find(s, '\0');

	return nul < 0 ? s : str_head(s, (size_t)nul);
}

static unsigned tries(const struct map *m)
{
	unsigned t = m->flags & (MAP_TRY0 | MAP_TRY1);

	return t != 0 ? t : MAP_TRY0 | MAP_TRY1;
}

static enum st lookup(struct map *m, struct bdb *b, struct str key,
    struct buf *val, struct err *e)
{
	char *keyz = NULL;
	DBT found;
	int rc = DB_NOTFOUND;
	unsigned t = tries(m);

	keyz = xstrndup(key);
	key.p = keyz;
	if ((t & MAP_TRY1) != 0 && (rc = get_with(b, key, 1, &found)) == 0)
		m->flags = (m->flags & ~(unsigned)MAP_TRY0) | MAP_TRY1;
	else if ((t & MAP_TRY0) != 0 && (rc == DB_NOTFOUND || rc == 0) &&
	    (rc = get_with(b, key, 0, &found)) == 0)
		m->flags = (m->flags & ~(unsigned)MAP_TRY1) | MAP_TRY0;
	free(keyz);
	if (rc == 0)
		buf_set(val, value_of(&found));
	if (rc == DB_NOTFOUND)
		return ST_NONE;
	return rc == 0 ? ST_OK : bdb_error(b, e, "read", rc);
}

/* While the lock is held nobody rewrites; but somebody may have done so since
 * we opened: pages in the cache are of the old file then. */
static enum st bdb_get(struct map *m, struct str key, struct buf *val,
    struct err *e)
{
	struct bdb *b = m->state;
	enum st st = ST_OK;

	if (b->db == NULL || file_id_changed(&b->id, b->path)) {
		close_db(b);
		st = open_db(m, b, e);
		if (st != ST_OK) {
			close_db(b);
			return st;
		}
	}
	if ((m->flags & MAP_WRITE) == 0 && !lock_take(b->fd, LOCK_SHARED))
		return bdb_error(b, e, "lock", errno);
	st = lookup(m, b, key, val, e);
	if ((m->flags & MAP_WRITE) == 0)
		lock_drop(b->fd);
	return st;
}

static enum st bdb_next(struct map *m, struct buf *key, struct buf *val,
    struct err *e)
{
	struct bdb *b = m->state;
	DBT k = { 0 }, v = { 0 };
	int rc = 0;

	if (!lock_take(b->fd, LOCK_SHARED))
		return bdb_error(b, e, "lock", errno);
	if (b->cursor == NULL)
		rc = b->db->cursor(b->db, NULL, &b->cursor, 0);
	if (rc == 0)
		rc = b->cursor->get(b->cursor, &k, &v, DB_NEXT);
	lock_drop(b->fd);
	if (rc == DB_NOTFOUND)
		return ST_NONE;
	if (rc != 0)
		return bdb_error(b, e, "read", rc);
	buf_set(key, value_of(&k));
	buf_set(val, value_of(&v));
	return ST_OK;
}

static enum st bdb_del(struct map *m, struct str key, struct err *e)
{
	struct bdb *b = m->state;
	char *keyz = xstrndup(key);
	DBT k = { .data = keyz };
	unsigned t = tries(m);
	int rc = DB_NOTFOUND;

	if ((t & MAP_TRY1) != 0) {
		k.size = (u_int32_t)key.n + 1;
		rc = b->db->del(b->db, NULL, &k, 0);
	}
	if (rc == DB_NOTFOUND && (t & MAP_TRY0) != 0) {
		k.size = (u_int32_t)key.n;
		rc = b->db->del(b->db, NULL, &k, 0);
	}
	free(keyz);
	if (rc == DB_NOTFOUND)
		return ST_NONE;
	/* On disk before the lock goes: a reader must not see half of it. */
	if (rc == 0)
		rc = b->db->sync(b->db, 0);
	return rc == 0 ? ST_OK : bdb_error(b, e, "delete from", rc);
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
	.open = hash_open_map,
	.get = bdb_get,
	.next = bdb_next,
	.del = bdb_del,
	.changed = bdb_changed,
	.close = bdb_close,
};

const struct map_ops map_btree_ops = {
	.type = "btree",
	.open = btree_open_map,
	.get = bdb_get,
	.next = bdb_next,
	.del = bdb_del,
	.changed = bdb_changed,
	.close = bdb_close,
};
