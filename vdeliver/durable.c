/* durable - directories that survive a power cut. Runs in: worker. */

#include "vdeliver/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/io.h"
#include "base/xalloc.h"
#include "vdeliver/team.h"

/* A worker that has seen this many directories forgets them and starts anew. */
#define KNOWN_MAX 20000

/* A directory as it was when it was synced; a new one in its place differs. */
struct identity {
	uint64_t dev, ino;
	int64_t born_s;
	uint32_t born_ns;
};

struct want {
	struct identity id;
	bool sure;  /* id is known */
	bool fresh; /* its name in its parent is not known to be safe */
	bool file;  /* not a directory: synced by whoever wrote it */
};

struct durable {
	int base;
	struct team *team;
	struct hash *known; /* path → struct identity */
	struct hash *wants; /* path → struct want */
};

struct durable *durable_new(int base, struct team *team)
{
	struct durable *d = xcalloc(1, sizeof(*d));

	d->base = base;
	d->team = team;
	d->known = hash_new();
	d->wants = hash_new();
	return d;
}

void durable_free(struct durable *d)
{
	if (d == NULL)
		return;
	hash_free(d->known, free);
	hash_free(d->wants, free);
	free(d);
}

/* False when the file system does not tell the time of birth. */
static bool identify(int base, const char *path, struct identity *id)
{
	struct statx sx;

	if (statx(base, path, 0, STATX_INO | STATX_BTIME, &sx) != 0 ||
	    (sx.stx_mask & STATX_BTIME) == 0)
		return false;
	id->dev = (uint64_t)sx.stx_dev_major << 32 | sx.stx_dev_minor;
	id->ino = sx.stx_ino;
	id->born_s = sx.stx_btime.tv_sec;
	id->born_ns = sx.stx_btime.tv_nsec;
	return true;
}

static bool same(const struct identity *a, const struct identity *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->born_s == b->born_s &&
	    a->born_ns == b->born_ns;
}

/* Want path synced when it holds a new name (holds), or is not known. True:
 * its own name is not known to be safe, the parent holds a new one too. */
static bool want(struct durable *d, const char *path, bool holds)
{
	struct want *w = hash_get(d->wants, str_c(path));
	struct identity id = { 0 }, *known;
	bool sure;

	if (w != NULL)
		return w->fresh;
	sure = identify(d->base, path, &id);
	known = sure ? hash_get(d->known, str_c(path)) : NULL;
	if (known != NULL && !same(known, &id))
		known = NULL;
	if (known != NULL && !holds)
		return false;
	w = xcalloc(1, sizeof(*w));
	w->id = id;
	w->sure = sure;
	w->fresh = known == NULL;
	hash_put(d->wants, str_c(path), w);
	return w->fresh;
}

/* Each parent of path holds the name of the one before. */
static void want_parents(struct durable *d, char *path, bool fresh)
{
	char *slash;

	while ((slash = strrchr(path, '/')) != NULL) {
		*slash = '\0';
		if (path[0] != '\0')
			fresh = want(d, path, fresh);
	}
	want(d, ".", fresh);
}

void durable_want(struct durable *d, const char *dir)
{
	char path[PATH_MAX];

	if ((size_t)snprintf(path, sizeof(path), "%s/new", dir) >= sizeof(path))
		bug("path of %s is too long", dir);
	want_parents(d, path, want(d, path, true));
}

void durable_want_file(struct durable *d, const char *name)
{
	char path[PATH_MAX];
	struct want *w;
	bool fresh;

	if ((size_t)snprintf(path, sizeof(path), "%s", name) >= sizeof(path))
		bug("path of %s is too long", name);
	fresh = want(d, path, false);
	w = hash_get(d->wants, str_c(path));
	if (w != NULL)
		w->file = true;
	want_parents(d, path, fresh);
}

/* What was wanted, in no order. */
struct wanted {
	struct str path;
	struct want *want;
	int error; /* an errno, 0: synced */
};

struct syncing {
	struct durable *d;
	struct wanted *all;
	size_t n;
};

static void remember(struct durable *d, struct str path, const struct want *w)
{
	struct identity *id;

	if (!w->sure)
		return;
	id = xmalloc(sizeof(*id));
	*id = w->id;
	free(hash_put(d->known, path, id));
}

/* An errno, 0: it went well. */
static int sync_path(int base, const char *path)
{
	AUTO_FD fd = openat(base, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* Not readable to this uid: the whole file system, then. */
	return (fd < 0 && errno == EACCES ? syncfs(base) != 0
					  : fd < 0 || fsync(fd) != 0)
	    ? errno
	    : 0;
}

static void sync_part(void *arg, size_t i)
{
	struct syncing *s = arg;
	struct wanted *w = &s->all[i];
	char name[PATH_MAX];

	if (w->want->file)
		return;
	snprintf(name, sizeof(name), "%.*s", STR_ARG(w->path));
	w->error = sync_path(s->d->base, name);
}

static void collect(struct str path, void *value, void *arg)
{
	struct syncing *s = arg;

	s->all[s->n++] = (struct wanted){ path, value, 0 };
}

static enum st failed(struct str path, int error, struct err *e)
{
	errno = error;
	return err_temp(e, "4.3.0", "sync of directory %.*s: %m",
	    STR_ARG(path));
}

static enum st sync_all(struct syncing *s, struct err *e)
{
	enum st st = ST_OK;
	size_t i;

	hash_each(s->d->wants, collect, s);
	team_each(s->d->team, s->n, sync_part, s);
	for (i = 0; i < s->n && st == ST_OK; i++)
		if (s->all[i].error != 0)
			st = failed(s->all[i].path, s->all[i].error, e);
		else
			remember(s->d, s->all[i].path, s->all[i].want);
	return st;
}

enum st durable_sync(struct durable *d, struct err *e)
{
	struct syncing s = { .d = d };
	enum st st;

	if (hash_count(d->wants) == 0)
		return ST_OK;
	s.all = xcalloc(hash_count(d->wants), sizeof(*s.all));
	st = sync_all(&s, e);
	free(s.all);
	hash_free(d->wants, free);
	d->wants = hash_new();
	/* After a failure nobody knows what is safe. */
	if (st != ST_OK || hash_count(d->known) > KNOWN_MAX) {
		hash_free(d->known, free);
		d->known = hash_new();
	}
	return st;
}

enum st durable_sync_last(struct durable *d, const char *dir, struct err *e)
{
	char path[PATH_MAX];
	int error;

	if ((size_t)snprintf(path, sizeof(path), "%s/new", dir) >= sizeof(path))
		bug("path of %s is too long", dir);
	error = sync_path(d->base, path);
	return error == 0 ? ST_OK : failed(str_c(path), error, e);
}
