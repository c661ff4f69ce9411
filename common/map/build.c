/* build - write a table beside the old one, and put it in its place. */

#include "map/build.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "map/bulk.h"
#include "map/hold.h"
#include "map/lock.h"
#include "map/temp.h"
#include "map/types.h"
#include "map/writer.h"

#define KEY_MAX   70000
#define VALUE_MAX (1 << 30)
/* So many records are written between two looks at waiting signals. */
#define SIGNAL_EVERY 1024

struct map_build {
	struct map shape; /* flags and type, for folding */
	struct map_build_how how;
	struct writer writer;
	struct bulk *bulk; /* of a new table; NULL: adding to one */
	struct temp temp;  /* beside path; TEMP_NONE when writing in place */
	struct hold hold;
	const char *path; /* the result, symbolic links resolved */
	int lock;         /* the old file, locked; -1: there is none */
	bool nul;         /* records end in one */
	bool opened;      /* for adding */
	struct buf folded;
	unsigned records;
};

static const struct writer_ops *const formats[] = {
	&writer_hash,
	&writer_btree,
	&writer_lmdb,
#ifdef HAVE_CDB
	&writer_cdb,
#endif
};

static enum st fail(const struct map_build *b, struct err *e, const char *what)
{
	return err_temp(e, "", "%s database %s: %m", what, b->writer.shown);
}

/* --- which file ---------------------------------------------------------- */

static enum st find_format(struct map_build *b, struct str type, struct err *e)
{
	const struct writer_ops *ops = NULL;
	size_t i;

	b->shape.ops = map_type(type);
	if (b->shape.ops == NULL)
		return err_temp(e, "",
		    "unsupported dictionary type: %.*s. Is the postfix-%.*s "
		    "package installed?",
		    STR_ARG(type), STR_ARG(type));
	for (i = 0; i < NELEM(formats); i++)
		if (formats[i]->type == b->shape.ops)
			ops = formats[i];
	if (ops == NULL)
		return err_temp(e, "",
		    "unsupported dictionary type: %.*s does not support "
		    "bulk-mode creation.",
		    STR_ARG(type));
	if (b->how.add && ops->no_add != NULL)
		return err_temp(e, "", "%s", ops->no_add);
	b->writer.ops = ops;
	return ST_OK;
}

static enum st parse_spec(struct map_build *b, struct str spec,
    const char *default_type, struct err *e)
{
	struct str name = spec, type;
	struct arena *a = &b->shape.arena;
	char *real;

	if (str_starts(spec, STR("proxy:")))
		return err_temp(e, "",
		    "can't create maps via the proxy service");
	if (!str_cut(&name, ':', &type)) {
		name = spec;
		type = str_c(default_type);
	}
	if (find_format(b, type, e) != ST_OK)
		return ST_TEMP;
	if (name.n == 0)
		return err_temp(e, "",
		    "open dictionary: expecting \"type:name\" form instead of "
		    "\"%.*s\"",
		    STR_ARG(spec));
	b->writer.spec =
	    arena_printf(a, "%s:%.*s", b->shape.ops->type, STR_ARG(name));
	b->writer.source = arena_strz(a, name);
	b->writer.shown =
	    arena_printf(a, "%.*s%s", STR_ARG(name), b->writer.ops->suffix);
	real = realpath(b->writer.shown, NULL);
	b->path = real != NULL ? arena_strz(a, str_c(real)) : b->writer.shown;
	free(real);
	return ST_OK;
}

/* --- locks and permissions ----------------------------------------------- */

/* Both kinds: each format's other users take one of them. */
static bool lock_both(int fd)
{
	return lock_take(fd, LOCK_EXCLUSIVE) &&
	    lock_take_range(fd, LOCK_EXCLUSIVE);
}

/* Lock the file that the path means now: another writer may have renamed. */
static enum st lock_old(struct map_build *b, struct stat *held, struct err *e)
{
	struct stat there;

	for (;;) {
		b->lock = open(b->path, O_RDWR | O_CLOEXEC);
		if (b->lock < 0)
			return errno == ENOENT ? ST_OK : fail(b, e, "open");
		if (!lock_both(b->lock) || fstat(b->lock, held) != 0)
			return fail(b, e, "lock");
		if (stat(b->path, &there) == 0 &&
		    there.st_dev == held->st_dev &&
		    there.st_ino == held->st_ino)
			return ST_OK;
		fd_clear(&b->lock);
	}
}

static void keep_permissions(struct map_build *b, const struct stat *old)
{
	if (!b->writer.ops->keeps_mode)
		return;
	b->how.mode = old->st_mode & 07777;
	b->how.uid = old->st_uid;
	b->how.gid = old->st_gid;
}

/* The directory cannot be written, but the file can: as postmap(1) does. */
static enum st write_over(struct map_build *b, struct err *e)
{
	if (b->lock < 0 || !b->writer.ops->in_place)
		return fail(b, e, "open");
	log_warn("cannot replace %s atomically: %m; rewriting in place",
	    b->writer.shown);
	b->writer.path = b->path;
	b->writer.fd = b->lock;
	b->bulk = bulk_new();
	return ST_OK;
}

/* The copy is not whole yet: who dies here leaves the old table. */
static enum st add_to_copy(struct map_build *b, struct err *e)
{
	if (!temp_make(&b->temp, b->path))
		return fail(b, e, "open");
	if (!temp_fill(&b->temp, b->lock))
		return fail(b, e, "copy");
	b->writer.path = b->temp.path;
	b->writer.fd = b->temp.fd;
	return ST_OK;
}

static enum st choose_file(struct map_build *b, struct err *e)
{
	struct writer *w = &b->writer;
	struct stat old = { 0 };

	if (lock_old(b, &old, e) != ST_OK)
		return ST_TEMP;
	if (b->lock >= 0 && b->how.add) {
		errno = EINVAL;
		if (old.st_size == 0 && w->ops->empty_is_bad)
			return fail(b, e, "open");
		keep_permissions(b, &old);
		if (b->how.aside)
			return add_to_copy(b, e);
		w->path = b->path;
		w->fd = b->lock;
		return ST_OK;
	}
	if (b->lock >= 0) {
		keep_permissions(b, &old);
		if (old.st_size == 0 && w->ops->empty_is_bad)
			log_warn("removing zero-length database file: %s",
			    w->shown);
	}
	if (!temp_make(&b->temp, b->path))
		return write_over(b, e);
	w->path = b->temp.path;
	w->fd = b->temp.fd;
	b->bulk = bulk_new();
	return ST_OK;
}

/* --- the steps ----------------------------------------------------------- */

static void choose_style(struct map_build *b)
{
	unsigned flags = b->how.flags;
	enum writer_style there = STYLE_UNKNOWN;

	b->nul = b->writer.ops->nul;
	if (b->bulk == NULL)
		there = b->writer.ops->style(&b->writer);
	if ((flags & MAP_TRY0) != 0)
		b->nul = false;
	else if ((flags & MAP_TRY1) != 0)
		b->nul = true;
	else if (there != STYLE_UNKNOWN)
		b->nul = there == STYLE_NUL;
}

static enum st open_for_adding(struct map_build *b, struct err *e)
{
	if (b->bulk != NULL)
		return ST_OK;
	b->opened = true;
	return b->writer.ops->open(&b->writer, e);
}

enum st map_build_open(struct map_build **out, struct str spec,
    const char *default_type, const struct map_build_how *how, struct err *e)
{
	struct map_build *b = xcalloc(1, sizeof(*b));

	b->how = *how;
	b->shape.flags = how->flags;
	b->folded = BUF_MAX(KEY_MAX);
	b->lock = -1;
	b->temp = TEMP_NONE;
	b->writer.dup = (how->flags & MAP_DUP_REPLACE) != 0 ? DUP_REPLACE
	    : (how->flags & MAP_DUP_IGNORE) != 0            ? DUP_IGNORE
							    : DUP_WARN;
	hold_begin(&b->hold);
	if (parse_spec(b, spec, default_type, e) == ST_OK &&
	    choose_file(b, e) == ST_OK && open_for_adding(b, e) == ST_OK) {
		choose_style(b);
		*out = b;
		return ST_OK;
	}
	map_build_discard(b);
	return ST_TEMP;
}

/* Who was asked to end does: nothing has happened to the old table. */
static void look_for_signals(struct map_build *b)
{
	if (b->records++ % SIGNAL_EVERY != 0 || !hold_pending())
		return;
	if (b->temp.path == NULL)
		return; /* in place: the work is finished first */
	temp_discard(&b->temp);
	hold_end(&b->hold);
	/* Still here: somebody handles the signal; there is no table now. */
	_exit(1);
}

static enum bulk_dup bulk_dup(const struct map_build *b)
{
	switch (b->writer.dup) {
	case DUP_REPLACE:
		return BULK_REPLACE;
	case DUP_IGNORE:
		return b->writer.ops->both ? BULK_BOTH : BULK_KEEP;
	case DUP_WARN:
		break;
	}
	return BULK_KEEP;
}

static enum st collect(struct map_build *b, struct str key, struct str val,
    bool nul, struct err *e)
{
	enum bulk_dup dup = bulk_dup(b);

	if (val.n > VALUE_MAX)
		return err_temp(e, "", "value of more than %d bytes",
		    VALUE_MAX);
	return bulk_put(b->bulk, key, val, nul, dup) || dup != BULK_KEEP
	    ? ST_OK
	    : ST_NONE;
}

static enum st add(struct map_build *b, struct str key, struct str val,
    bool nul, struct err *e)
{
	AUTO_BUF z = BUF_MAX(val.n + 1);

	buf_set(&z, val);
	return b->writer.ops->put(&b->writer,
	    (struct str){ key.p, key.n + nul },
	    (struct str){ buf_c(&z), val.n + nul }, e);
}

/* key[n] is a NUL byte. */
static enum st put(struct map_build *b, struct str key, struct str val,
    bool nul, struct err *e)
{
	const struct writer *w = &b->writer;

	if (w->ops->admit != NULL &&
	    w->ops->admit(w, (struct str){ key.p, key.n + nul }, e) != ST_OK)
		return ST_TEMP;
	return b->bulk != NULL ? collect(b, key, val, nul, e)
			       : add(b, key, val, nul, e);
}

static const char *shown_name(const struct writer *w)
{
	switch (w->ops->shown) {
	case BY_SPEC:
		return w->spec;
	case BY_SOURCE:
		return w->source;
	case BY_FILE:
		break;
	}
	return w->shown;
}

enum st map_build_put(struct map_build *b, struct str key, struct str val,
    struct err *e)
{
	const struct writer *w = &b->writer;
	enum st st;

	look_for_signals(b);
	if (!map_fold_key(&b->shape, key, &b->folded))
		return err_temp(e, "", "key of more than %d bytes", KEY_MAX);
	st = put(b, (struct str){ buf_c(&b->folded), b->folded.n }, val, b->nul,
	    e);
	if (st == ST_NONE && w->dup == DUP_WARN)
		log_warn("%s: duplicate entry: \"%s\"", shown_name(w),
		    buf_c(&b->folded));
	return st == ST_NONE ? ST_OK : st;
}

enum st map_build_set(struct map_build *b, struct str key, struct str val,
    enum map_build_end end, struct err *e)
{
	AUTO_BUF z = BUF_MAX(KEY_MAX);
	enum writer_dup dup = b->writer.dup;
	enum st st;

	buf_set(&z, key);
	b->writer.dup = DUP_REPLACE;
	st = put(b, (struct str){ buf_c(&z), z.n }, val,
	    end == MAP_BUILD_STYLE && b->nul, e);
	b->writer.dup = dup;
	return st;
}

static enum st put_in_place(struct map_build *b, struct err *e)
{
	struct temp_as as = { b->how.mode, b->how.uid, b->how.gid };
	const char *what;

	if (b->temp.path != NULL)
		return temp_place(&b->temp, b->path, &as, &what)
		    ? ST_OK
		    : fail(b, e, what);
	return fsync(b->lock) == 0 ? ST_OK : fail(b, e, "flush");
}

/* Write what was collected, or end what was added to. */
static enum st finish(struct map_build *b, struct err *e)
{
	if (b->bulk != NULL)
		return b->writer.ops->fill(&b->writer, b->bulk, e);
	b->opened = false;
	return b->writer.ops->close(&b->writer, true, e);
}

enum st map_build_commit(struct map_build *b, struct err *e)
{
	enum st st = finish(b, e);

	if (st == ST_OK)
		st = put_in_place(b, e);
	map_build_discard(b);
	return st;
}

void map_build_discard(struct map_build *b)
{
	struct hold hold;
	struct arena a;
	struct err ignored;

	if (b == NULL)
		return;
	if (b->opened &&
	    b->writer.ops->close(&b->writer, false, &ignored) != ST_OK)
		log_warn("%s", ignored.text);
	bulk_free(b->bulk);
	buf_clear(&b->folded);
	temp_discard(&b->temp);
	fd_clear(&b->lock);
	hold = b->hold;
	a = b->shape.arena;
	free(b);
	arena_clear(&a);
	hold_end(&hold);
}
