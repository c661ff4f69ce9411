/* cdb: - constant databases, read by TinyCDB. */

#include <cdb.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/io.h"
#include "base/xalloc.h"
#include "map/nul.h"
#include "map/types.h"

struct state {
	struct cdb cdb;
	int fd;
	const char *path;
	struct file_id id;
};

static void close_file(struct state *s)
{
	if (s->fd >= 0)
		cdb_free(&s->cdb);
	fd_clear(&s->fd);
}

static enum st open_file(struct state *s, struct err *e)
{
	struct stat sb;
	int fd = open(s->path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_temp(e, "4.3.0", "open database %s: %m", s->path);
	if (fstat(fd, &sb) != 0 || cdb_init(&s->cdb, fd) != 0) {
		err_temp(e, "4.3.0", "open database %s: %m", s->path);
		fd_clear(&fd);
		return ST_TEMP;
	}
	s->fd = fd;
	file_id_set(&s->id, &sb);
	return ST_OK;
}

static enum st cdb_open(struct map *m, struct err *e)
{
	struct state *s = xcalloc(1, sizeof(*s));

	s->fd = -1;
	s->path = arena_printf(&m->arena, "%.*s.cdb", STR_ARG(m->name));
	if ((m->flags & MAP_WRITE) != 0)
		err_temp(e, "4.3.0",
		    "dict_cdb_open: inappropriate open flags for cdb database "
		    "- specify O_RDONLY or O_WRONLY|O_CREAT|O_TRUNC");
	else if (open_file(s, e) == ST_OK) {
		m->state = s;
		m->title = str_c(arena_printf(&m->arena, "cdb:%s", s->path));
		map_warn_stale(m, s->path, &s->id);
		return ST_OK;
	}
	free(s);
	return ST_TEMP;
}

static enum st ask(struct map *m, const char *key, size_t n, void *arg,
    struct err *e)
{
	struct state *s = m->state;
	int rc = cdb_find(&s->cdb, key, (unsigned)n);
	const char *at;

	if (rc == 0)
		return ST_NONE;
	at = rc > 0 ? cdb_getdata(&s->cdb) : NULL;
	if (at == NULL)
		return err_temp(e, "4.3.0", "read database %s: %m", s->path);
	buf_set(arg, nul_cut((struct str){ at, cdb_datalen(&s->cdb) }));
	return ST_OK;
}

static enum st cdb_get_key(struct map *m, struct str key, struct buf *val,
    struct err *e)
{
	return nul_try(m, key, ask, val, e);
}

static bool cdb_changed(struct map *m)
{
	const struct state *s = m->state;

	return file_id_changed(&s->id, s->path);
}

static void cdb_close(struct map *m)
{
	close_file(m->state);
	free(m->state);
}

const struct map_ops map_cdb_ops = {
	.type = "cdb",
	.lasts = true,
	.coded = true,
	.open = cdb_open,
	.get = cdb_get_key,
	.changed = cdb_changed,
	.close = cdb_close,
};
