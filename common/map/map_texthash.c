/* texthash: - a postmap source, read into memory when it is opened. */

#include <fcntl.h>
#include <stdlib.h>

#include "base/io.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "map/memory.h"
#include "map/rhs.h"
#include "map/source.h"
#include "map/types.h"

#define FILE_MAX  ((size_t)1 << 31)
#define VALUE_MAX ((size_t)1 << 26)

struct texthash {
	struct memory *records;
	struct file_id id;
	const char *path;
};

/* The value as it stands, or what the files that it names hold. */
static bool read_value(const struct map *m, const struct source *s,
    struct str *val, struct buf *content)
{
	struct err e;

	if ((m->flags & MAP_RHS_FILES) == 0)
		return true;
	if (rhs_read(*val, content, &e) != ST_OK) {
		log_warn("%s, line %zu: %s: skipping this entry", s->name,
		    s->line, e.text);
		return false;
	}
	*val = buf_str(content);
	return true;
}

static void read_records(struct map *m, struct texthash *t, struct str text)
{
	AUTO_BUF content = BUF_MAX(VALUE_MAX);
	struct source s;
	struct str key, val;
	bool replace = (m->flags & MAP_DUP_REPLACE) != 0;

	source_init(&s, t->path, text, (m->flags & MAP_UTF8) != 0);
	s.suffix = " -- ignoring this line";
	while (source_next(&s, &key, &val))
		if (read_value(m, &s, &val, &content) &&
		    !memory_put(m, t->records, key, val, replace) &&
		    (m->flags & (MAP_DUP_IGNORE | MAP_DUP_REPLACE)) == 0)
			log_warn("%s, line %zu: duplicate entry: \"%.*s\"",
			    t->path, s.line, STR_ARG(key));
	source_clear(&s);
}

static enum st texthash_open(struct map *m, struct err *e)
{
	struct texthash *t;
	AUTO_BUF text = BUF_MAX(FILE_MAX);
	const char *path = arena_strz(&m->arena, m->name);
	struct stat sb;
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &sb) != 0)
		return err_temp(e, "4.3.0", "open database %s: %m", path);
	if (io_slurp(fd, path, &text, e) != ST_OK)
		return ST_TEMP;
	t = xcalloc(1, sizeof(*t));
	t->path = path;
	t->records = memory_new();
	file_id_set(&t->id, &sb);
	read_records(m, t, buf_str(&text));
	m->state = t;
	return ST_OK;
}

static enum st texthash_get(struct map *m, struct str key, struct buf *val,
    struct err *e UNUSED)
{
	return memory_get(((struct texthash *)m->state)->records, key, val);
}

static enum st texthash_next(struct map *m, struct buf *key, struct buf *val,
    struct err *e UNUSED)
{
	return memory_next(((struct texthash *)m->state)->records, key, val);
}

static bool texthash_changed(struct map *m)
{
	struct texthash *t = m->state;

	return file_id_changed(&t->id, t->path);
}

static void texthash_close(struct map *m)
{
	struct texthash *t = m->state;

	memory_free(t->records);
	free(t);
}

const struct map_ops map_texthash_ops = {
	.type = "texthash",
	.lasts = true,
	.read_only = true,
	.open = texthash_open,
	.get = texthash_get,
	.next = texthash_next,
	.changed = texthash_changed,
	.close = texthash_close,
};
