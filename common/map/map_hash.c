/* hash: and btree: - Berkeley DB files, as postmap(1) makes them. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/xalloc.h"
#include "map/bdb_file.h"
#include "map/edit_bdb.h"
#include "map/lock.h"
#include "map/nul.h"
#include "map/types.h"

struct bdb {
	struct bdb_file file;
	struct bdb_at at;      /* of map_next */
	struct edit_bdb *edit; /* for deleting; NULL: only read */
	bool held;             /* the lock, for the next call */
	const char *path;
	struct file_id id;
};

/* What is wrong with the file, as the last call left it. */
static enum st damaged(const struct bdb *b, struct err *e, const char *what)
{
	if (b->file.why[0] == '\0')
		return err_temp(e, "4.3.0", "%s database %s: %m", what,
		    b->path);
	return err_temp(e, "4.3.0",
	    "%s database %s: it is damaged, build it again: %s", what, b->path,
	    b->file.why);
}

static void close_file(struct bdb *b)
{
	int fd = b->file.fd;

	edit_bdb_close(b->edit);
	bdb_file_clear(&b->file);
	fd_clear(&fd);
}

/* Who deletes holds the lock until the table is closed. */
static enum st open_file(struct map *m, struct bdb *b, struct err *e)
{
	bool write = (m->flags & MAP_WRITE) != 0;
	struct stat sb;

	b->file.fd = open(b->path, (write ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (b->file.fd < 0)
		return err_temp(e, "4.3.0", "open database %s: %m", b->path);
	if (!lock_take(b->file.fd, write ? LOCK_EXCLUSIVE : LOCK_SHARED) ||
	    fstat(b->file.fd, &sb) != 0)
		return err_temp(e, "4.3.0", "lock database %s: %m", b->path);
	file_id_set(&b->id, &sb);
	if (!bdb_file_header(&b->file))
		return err_temp(e, "4.3.0", "open database %s: %m", b->path);
	if (!write) {
		lock_drop(b->file.fd);
		return ST_OK;
	}
	b->held = true;
	return bdb_file_check(&b->file) == ST_OK
	    ? edit_bdb_open(&b->edit, b->path, b->file.kind, e)
	    : damaged(b, e, "open");
}

static enum st open_kind(struct map *m, enum bdb_kind kind, struct err *e)
{
	struct bdb *b = xcalloc(1, sizeof(*b));

	bdb_file_init(&b->file, -1, kind);
	b->path = map_file(m, ".db");
	if (open_file(m, b, e) != ST_OK) {
		close_file(b);
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
	return open_kind(m, BDB_HASH, e);
}

static enum st btree_open_map(struct map *m, struct err *e)
{
	return open_kind(m, BDB_BTREE, e);
}

/*
 * Who rewrites in place holds an exclusive lock. A file that was renamed over
 * ours does not matter here: answers go on coming from one table until the
 * caller opens it again.
 */
static enum st hold(const struct map *m, struct bdb *b, struct err *e)
{
	bool write = (m->flags & MAP_WRITE) != 0;

	if (b->held && !write)
		return ST_OK;
	if (!b->held && !lock_take(b->file.fd, LOCK_SHARED))
		return err_temp(e, "4.3.0", "lock database %s: %m", b->path);
	b->held = true;
	/* Deleting moves pages about. */
	return bdb_file_header(&b->file) ? ST_OK : damaged(b, e, "read");
}

static void let_go(const struct map *m, struct bdb *b)
{
	if (b->held && (m->flags & MAP_WRITE) == 0) {
		lock_drop(b->file.fd);
		b->held = false;
	}
}

static enum st ask(struct map *m, const char *key, size_t n, void *arg,
    struct err *e)
{
	struct bdb *b = m->state;
	struct buf *val = arg;
	enum st st = bdb_file_get(&b->file, (struct str){ key, n }, val);

	if (st == ST_OK)
		buf_cut(val, nul_cut(buf_str(val)).n);
	return st == ST_TEMP ? damaged(b, e, "read") : st;
}

static enum st bdb_get(struct map *m, struct str key, struct buf *val,
    struct err *e)
{
	struct bdb *b = m->state;
	enum st st = hold(m, b, e);

	if (st == ST_OK)
		st = nul_try(m, key, ask, val, e);
	if (st == ST_TEMP || (m->flags & MAP_BATCH) == 0)
		let_go(m, b);
	return st;
}

static void bdb_pause(struct map *m)
{
	let_go(m, m->state);
}

/* The lock stays until the table is closed: one table, not two. */
static enum st bdb_next(struct map *m, struct buf *key, struct buf *val,
    struct err *e)
{
	struct bdb *b = m->state;
	enum st st = hold(m, b, e);

	if (st != ST_OK)
		return st;
	buf_reset(key);
	buf_reset(val);
	st = bdb_file_next(&b->file, &b->at, key, val);
	if (st == ST_TEMP)
		return damaged(b, e, "read");
	buf_cut(key, nul_cut(buf_str(key)).n);
	buf_cut(val, nul_cut(buf_str(val)).n);
	return st;
}

static enum st erase(struct map *m, const char *key, size_t n, void *arg UNUSED,
    struct err *e)
{
	struct bdb *b = m->state;

	return edit_bdb_delete(b->edit, (struct str){ key, n }, e);
}

static enum st bdb_del(struct map *m, struct str key, struct err *e)
{
	struct bdb *b = m->state;
	enum st st = nul_try(m, key, erase, NULL, e);

	/* On disk before the lock goes: a reader must not see half of it. */
	return st == ST_OK ? edit_bdb_sync(b->edit, e) : st;
}

static bool bdb_changed(struct map *m)
{
	struct bdb *b = m->state;

	return file_id_changed(&b->id, b->path);
}

static void bdb_close(struct map *m)
{
	close_file(m->state);
	free(m->state);
}

const struct map_ops map_hash_ops = {
	.type = "hash",
	.lasts = true,
	.coded = true,
	.open = hash_open_map,
	.get = bdb_get,
	.next = bdb_next,
	.del = bdb_del,
	.pause = bdb_pause,
	.changed = bdb_changed,
	.close = bdb_close,
};

const struct map_ops map_btree_ops = {
	.type = "btree",
	.lasts = true,
	.coded = true,
	.open = btree_open_map,
	.get = bdb_get,
	.next = bdb_next,
	.del = bdb_del,
	.pause = bdb_pause,
	.changed = bdb_changed,
	.close = bdb_close,
};
