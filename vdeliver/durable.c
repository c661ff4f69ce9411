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
	struct hash *known; /* path → struct identity */
	struct hash *wants; /* path → struct want */
};

struct durable *durable_new(int base)
{
	struct durable *d = xcalloc(1, sizeof(*d));

	d->base = base;
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

struct syncing {
	struct durable *d;
	enum st st;
	struct err *e;
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

static void sync_one(struct str path, void *value, void *arg)
{
	struct syncing *s = arg;
	struct want *w = value;
	char name[PATH_MAX];
	AUTO_FD fd = -1;

	if (s->st != ST_OK)
		return;
	if (w->file) {
		remember(s->d, path, w);
		return;
	}
	snprintf(name, sizeof(name), "%.*s", STR_ARG(path));
	fd = openat(s->d->base, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* Not readable to this uid: the whole file system, then. */
	if (fd < 0 && errno == EACCES ? syncfs(s->d->base) != 0
				      : fd < 0 || fsync(fd) != 0) {
		s->st =
		    err_temp(s->e, "4.3.0", "sync of directory %s: %m", name);
		return;
	}
	remember(s->d, path, w);
}

enum st durable_sync(struct durable *d, struct err *e)
{
	struct syncing s = { d, ST_OK, e };

	hash_each(d->wants, sync_one, &s);
	hash_free(d->wants, free);
	d->wants = hash_new();
	/* After a failure nobody knows what is safe. */
	if (s.st != ST_OK || hash_count(d->known) > KNOWN_MAX) {
		hash_free(d->known, free);
		d->known = hash_new();
	}
	return s.st;
}
