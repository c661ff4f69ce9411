/* aside - changes in a copy of a table. */

#include "map/aside.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/io.h"
#include "base/xalloc.h"
#include "map/lock.h"
#include "map/redirect.h"

static const struct {
	const char *type, *suffix;
} files[] = {
	{ "hash", ".db" },
	{ "btree", ".db" },
	{ "lmdb", ".lmdb" },
};

static enum st fail(const struct aside *a, const char *what, struct err *e)
{
	return err_temp(e, "", "%s database %s: %m", what, a->path);
}

/* The file behind spec, symbolic links resolved. */
static enum st find_path(struct aside *a, struct str spec, struct err *e)
{
	struct str name = spec, type;
	size_t i;

	str_cut(&name, ':', &type);
	for (i = 0; i < NELEM(files); i++) {
		AUTO_BUF path = BUF_MAX(PATH_MAX);
		char *real;

		if (!str_eqc(type, files[i].type))
			continue;
		buf_addf(&path, "%.*s%s", STR_ARG(name), files[i].suffix);
		real = realpath(buf_c(&path), NULL);
		a->path = real != NULL ? real : xstrdup(buf_c(&path));
		return ST_OK;
	}
	return err_temp(e, "", "table %.*s cannot be changed in a copy",
	    STR_ARG(spec));
}

/* The file that the path means now; both kinds of lock, see build.c. */
static enum st lock_table(struct aside *a, struct err *e)
{
	struct stat held, there;

	for (;;) {
		a->lock = open(a->path, O_RDWR | O_CLOEXEC);
		if (a->lock < 0)
			return fail(a, "open", e);
		if (!lock_take(a->lock, LOCK_EXCLUSIVE) ||
		    !lock_take_range(a->lock, LOCK_EXCLUSIVE) ||
		    fstat(a->lock, &held) != 0)
			return fail(a, "lock", e);
		if (stat(a->path, &there) == 0 && there.st_dev == held.st_dev &&
		    there.st_ino == held.st_ino)
			break;
		fd_clear(&a->lock);
	}
	a->as =
	    (struct temp_as){ held.st_mode & 07777, held.st_uid, held.st_gid };
	return ST_OK;
}

static enum st copy(struct aside *a, struct err *e)
{
	if (!temp_make(&a->temp, a->path))
		return fail(a, "open", e);
	if (!temp_fill(&a->temp, a->lock))
		return fail(a, "copy", e);
	/* Whoever opens the copy locks it; the table's lock keeps it safe. */
	lock_drop(a->temp.fd);
	return ST_OK;
}

enum st aside_open(struct aside *a, struct str spec, const char *default_type,
    unsigned flags, struct err *e)
{
	AUTO_ARENA arena = { NULL, 0 };

	*a = (struct aside){ .temp = TEMP_NONE, .lock = -1 };
	hold_begin(&a->hold);
	while (str_starts(spec, STR("proxy:")))
		spec = str_skip(spec, 6);
	if (str_find(spec, ':') < 0)
		spec = str_c(arena_printf(&arena, "%s:%.*s", default_type,
		    STR_ARG(spec)));
	spec = redirect_spec(spec, &arena);
	if (find_path(a, spec, e) == ST_OK && lock_table(a, e) == ST_OK &&
	    copy(a, e) == ST_OK &&
	    map_open_file(&a->map, spec, default_type, flags | MAP_WRITE,
		a->temp.path, e) == ST_OK)
		return ST_OK;
	aside_discard(a);
	return ST_TEMP;
}

enum st aside_commit(struct aside *a, struct err *e)
{
	const char *what;
	enum st st = ST_OK;

	map_close(a->map);
	a->map = NULL;
	if (!temp_place(&a->temp, a->path, &a->as, &what))
		st = fail(a, what, e);
	aside_discard(a);
	return st;
}

void aside_discard(struct aside *a)
{
	map_close(a->map);
	a->map = NULL;
	temp_discard(&a->temp);
	fd_clear(&a->lock);
	free(a->path);
	a->path = NULL;
	hold_end(&a->hold);
}
