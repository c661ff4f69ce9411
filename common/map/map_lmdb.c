/* lmdb: - files of the Lightning memory-mapped database. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/io.h"
#include "base/xalloc.h"
#include "map/edit_lmdb.h"
#include "map/lmdb_file.h"
#include "map/lock.h"
#include "map/nul.h"
#include "map/types.h"

struct lmdb {
	struct lmdb_file file;
	struct lmdb_at at;      /* of map_next */
	struct edit_lmdb *edit; /* for deleting; NULL: only read */
	bool held;              /* the lock, for the next call */
	const char *path;
	struct file_id id;
};

/* What is wrong with the file, as the last call left it. */
static enum st damaged(const struct lmdb *l, struct err *e, const char *what)
{
	if (l->file.why[0] == '\0')
		return err_temp(e, "4.3.0", "%s database %s: %m", what,
		    l->path);
	return err_temp(e, "4.3.0",
	    "%s database %s: it is damaged, build it again: %s", what, l->path,
	    l->file.why);
}

static void close_file(struct lmdb *l)
{
	int fd = l->file.fd;

	edit_lmdb_close(l->edit);
	lmdb_file_clear(&l->file);
	fd_clear(&fd);
}

/* Who deletes holds the lock until the table is closed. */
static enum st open_file(struct map *m, struct lmdb *l, struct err *e)
{
	bool write = (m->flags & MAP_WRITE) != 0;
	struct stat sb;

	l->file.fd = open(l->path, (write ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (l->file.fd < 0)
		return err_temp(e, "4.3.0", "open database %s: %m", l->path);
	if (!lock_take_range(l->file.fd,
		write ? LOCK_EXCLUSIVE : LOCK_SHARED) ||
	    fstat(l->file.fd, &sb) != 0)
		return err_temp(e, "4.3.0", "lock database %s: %m", l->path);
	file_id_set(&l->id, &sb);
	if (!lmdb_file_header(&l->file))
		return err_temp(e, "4.3.0", "open database %s: %m", l->path);
	if (!write) {
		lock_drop_range(l->file.fd);
		return ST_OK;
	}
	l->held = true;
	return lmdb_file_check(&l->file) == ST_OK
	    ? edit_lmdb_open(&l->edit, l->path, (size_t)sb.st_size, e)
	    : damaged(l, e, "open");
}

static enum st lmdb_open(struct map *m, struct err *e)
{
	struct lmdb *l = xcalloc(1, sizeof(*l));

	lmdb_file_init(&l->file, -1);
	l->path = map_file(m, ".lmdb");
	if (open_file(m, l, e) != ST_OK) {
		close_file(l);
		free(l);
		return ST_TEMP;
	}
	m->state = l;
	map_warn_stale(m, l->path, &l->id);
	return ST_OK;
}

/* As in map_hash.c. */
static enum st hold(const struct map *m, struct lmdb *l, struct err *e)
{
	bool write = (m->flags & MAP_WRITE) != 0;

	if (l->held && !write)
		return ST_OK;
	if (!l->held && !lock_take_range(l->file.fd, LOCK_SHARED))
		return err_temp(e, "4.3.0", "lock database %s: %m", l->path);
	l->held = true;
	return lmdb_file_header(&l->file) ? ST_OK : damaged(l, e, "read");
}

static void let_go(const struct map *m, struct lmdb *l)
{
	if (l->held && (m->flags & MAP_WRITE) == 0) {
		lock_drop_range(l->file.fd);
		l->held = false;
	}
}

static enum st ask(struct map *m, const char *key, size_t n, void *arg,
    struct err *e)
{
	struct lmdb *l = m->state;
	struct buf *val = arg;
	enum st st = lmdb_file_get(&l->file, (struct str){ key, n }, val);

	if (st == ST_OK)
		buf_cut(val, nul_cut(buf_str(val)).n);
	return st == ST_TEMP ? damaged(l, e, "read") : st;
}

static enum st lmdb_get(struct map *m, struct str key, struct buf *val,
    struct err *e)
{
	struct lmdb *l = m->state;
	enum st st = hold(m, l, e);

	if (st == ST_OK)
		st = nul_try(m, key, ask, val, e);
	if (st == ST_TEMP || (m->flags & MAP_BATCH) == 0)
		let_go(m, l);
	return st;
}

static void lmdb_pause(struct map *m)
{
	let_go(m, m->state);
}

/* The lock is kept between records: a writer would pull the pages away. */
static enum st lmdb_next(struct map *m, struct buf *key, struct buf *val,
    struct err *e)
{
	struct lmdb *l = m->state;
	enum st st = hold(m, l, e);

	if (st != ST_OK)
		return st;
	st = lmdb_file_next(&l->file, &l->at, key, val);
	if (st == ST_TEMP)
		return damaged(l, e, "read");
	buf_cut(key, nul_cut(buf_str(key)).n);
	buf_cut(val, nul_cut(buf_str(val)).n);
	return st;
}

static enum st erase(struct map *m, const char *key, size_t n, void *arg UNUSED,
    struct err *e)
{
	struct lmdb *l = m->state;

	return edit_lmdb_delete(l->edit, (struct str){ key, n }, m->title, e);
}

static enum st lmdb_del(struct map *m, struct str key, struct err *e)
{
	return nul_try(m, key, erase, NULL, e);
}

static bool lmdb_changed(struct map *m)
{
	const struct lmdb *l = m->state;

	return file_id_changed(&l->id, l->path);
}

static void lmdb_close(struct map *m)
{
	close_file(m->state);
	free(m->state);
}

const struct map_ops map_lmdb_ops = {
	.type = "lmdb",
	.lasts = true,
	.coded = true,
	.open = lmdb_open,
	.get = lmdb_get,
	.next = lmdb_next,
	.del = lmdb_del,
	.pause = lmdb_pause,
	.changed = lmdb_changed,
	.close = lmdb_close,
};
