/* uidl - the id file. */

#include "fetcher/uidl.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/io.h"
#include "base/xalloc.h"

#define FILE_MAX ((size_t)1 << 28)

struct entry {
	struct entry *next;
	struct str line; /* as it stands in the file */
	bool gone;
};

struct uidl {
	struct arena arena;
	const char *path;
	struct entry *first, **end;
	struct hash *index; /* folded line → entry */
	bool changed;
};

/* "user@HOST uid": user and host without case. */
static struct str key_of(struct arena *a, struct str line)
{
	char *key = arena_strz(a, line);
	struct str rest = { key, line.n };
	ptrdiff_t blank = str_find(rest, ' ');
	ptrdiff_t i;

	for (i = 0; i < blank; i++)
		key[i] = str_lower(key[i]);
	return rest;
}

static void add_line(struct uidl *u, struct str line)
{
	struct str key = key_of(&u->arena, line);
	struct entry *old = hash_get(u->index, key), *e;

	if (old != NULL) {
		old->gone = false;
		old->line = arena_str(&u->arena, line);
		return;
	}
	e = arena_alloc(&u->arena, sizeof(*e));
	e->line = arena_str(&u->arena, line);
	*u->end = e;
	u->end = &e->next;
	hash_put(u->index, key, e);
}

enum st uidl_load(struct uidl **out, const char *path, struct err *e)
{
	AUTO_BUF text = BUF_MAX(FILE_MAX);
	struct uidl *u = xcalloc(1, sizeof(*u));
	struct str rest, line;
	bool more = true;

	u->path = arena_strz(&u->arena, str_c(path));
	u->index = hash_new();
	u->end = &u->first;
	*out = u;
	/* Only what is not there is empty: the rest is not to be replaced. */
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return ST_OK;
	if (io_read_file(path, &text, e) != ST_OK)
		return ST_TEMP;
	rest = buf_str(&text);
	while (more) {
		more = str_cut(&rest, '\n', &line);
		line = str_trim(line);
		if (line.n != 0)
			add_line(u, line);
	}
	return ST_OK;
}

void uidl_free(struct uidl *u)
{
	if (u == NULL)
		return;
	hash_free(u->index, NULL);
	arena_clear(&u->arena);
	free(u);
}

static struct str make_line(struct arena *a, const char *user, const char *host,
    struct str uid)
{
	return str_c(arena_printf(a, "%s@%s %.*s", user, host, STR_ARG(uid)));
}

bool uidl_seen(const struct uidl *u, const char *user, const char *host,
    struct str uid)
{
	AUTO_ARENA a = { 0 };
	const struct entry *e =
	    hash_get(u->index, key_of(&a, make_line(&a, user, host, uid)));

	return e != NULL && !e->gone;
}

/* Case matters in what a server made, and so in the prefix. */
static struct entry *next_of(struct entry *e, struct str begin,
    struct str prefix)
{
	size_t at = begin.n - prefix.n;

	while (e != NULL &&
	    (e->gone || !str_istarts(e->line, begin) ||
		!str_starts(str_skip(e->line, at), prefix)))
		e = e->next;
	return e;
}

bool uidl_any(const struct uidl *u, const char *user, const char *host,
    struct str prefix)
{
	AUTO_ARENA a = { 0 };

	return next_of(u->first, make_line(&a, user, host, prefix), prefix) !=
	    NULL;
}

void uidl_clear(struct uidl *u, const char *user, const char *host,
    struct str prefix)
{
	AUTO_ARENA a = { 0 };
	struct str begin = make_line(&a, user, host, prefix);
	struct entry *e;

	for (e = next_of(u->first, begin, prefix); e != NULL;
	     e = next_of(e->next, begin, prefix)) {
		e->gone = true;
		u->changed = true;
	}
}

void uidl_remove(struct uidl *u, const char *user, const char *host,
    struct str uid)
{
	AUTO_ARENA a = { 0 };
	struct entry *e =
	    hash_get(u->index, key_of(&a, make_line(&a, user, host, uid)));

	if (e == NULL || e->gone)
		return;
	e->gone = true;
	u->changed = true;
}

void uidl_add(struct uidl *u, const char *user, const char *host,
    struct str uid)
{
	add_line(u, make_line(&u->arena, user, host, uid));
	u->changed = true;
}

static bool write_lines(const struct uidl *u, int fd, bool *any)
{
	AUTO_BUF out = BUF_MAX(FILE_MAX);
	const struct entry *e;

	for (e = u->first; e != NULL; e = e->next) {
		if (e->gone)
			continue;
		buf_add(&out, e->line);
		buf_addch(&out, '\n');
	}
	*any = out.n != 0;
	return !out.full && io_write_full(fd, buf_c(&out), out.n) &&
	    fsync(fd) == 0;
}

static void sync_dir(const char *path)
{
	char dir[PATH_MAX];
	AUTO_FD fd = -1;

	snprintf(dir, sizeof(dir), "%s", path);
	fd = open(dirname(dir), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		fsync(fd);
}

enum st uidl_save(struct uidl *u, struct err *e)
{
	const char *temp;
	AUTO_FD fd = -1;
	bool any = false;

	if (!u->changed)
		return ST_OK;
	temp = arena_printf(&u->arena, "%s_", u->path);
	unlink(temp);
	fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || !write_lines(u, fd, &any)) {
		unlink(temp);
		return err_temp(e, "", "write id file %s: %m", temp);
	}
	if (!any) {
		unlink(temp);
		unlink(u->path);
	} else if (rename(temp, u->path) != 0) {
		unlink(temp);
		return err_temp(e, "", "replace id file %s: %m", u->path);
	}
	sync_dir(u->path);
	u->changed = false;
	return ST_OK;
}
