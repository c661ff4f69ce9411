/* temp - a file beside another one. */

#include "map/temp.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/str.h"
#include "base/xalloc.h"

#define NAME_LIMIT 4096
#define BLOCK      ((size_t)1 << 20)

/* The directory of path, "." when there is none in it, as a C string. */
static char *directory(const char *path)
{
	struct str s = str_c(path);
	ptrdiff_t slash = str_rfind(s, '/');

	if (slash < 0)
		return xstrdup(".");
	return xstrndup(str_head(s, slash == 0 ? 1 : (size_t)slash));
}

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* Nobody holds the lock of a file whose maker is dead. */
static void remove_if_dead(int dir, const char *name)
{
	AUTO_FD fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		unlinkat(dir, name, 0);
}

static void remove_dead(const char *dir_name, const char *prefix)
{
	DIR *dir = opendir(dir_name);
	const struct dirent *d;

	if (dir == NULL)
		return;
	while ((d = readdir(dir)) != NULL)
		if (str_starts(str_c(d->d_name), str_c(prefix)))
			remove_if_dead(dirfd(dir), d->d_name);
	closedir(dir);
}

static bool make(struct temp *t, const char *dir, const char *prefix)
{
	AUTO_BUF path = BUF_MAX(NAME_LIMIT);

	buf_addf(&path, "%s/%s%ld", dir, prefix, (long)getpid());
	t->path = buf_take(&path);
	t->fd = open(t->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (t->fd >= 0 && flock(t->fd, LOCK_EX | LOCK_NB) == 0)
		return true;
	if (t->fd < 0) {
		free(t->path);
		t->path = NULL;
	}
	return false;
}

bool temp_make(struct temp *t, const char *target)
{
	AUTO_BUF prefix = BUF_MAX(NAME_LIMIT);
	char *dir = directory(target);
	bool ok;
	int why;

	*t = TEMP_NONE;
	buf_addf(&prefix, ".%s.new.", file_name(target));
	remove_dead(dir, buf_c(&prefix));
	ok = make(t, dir, buf_c(&prefix));
	why = errno;
	free(dir);
	if (!ok)
		temp_discard(t);
	errno = why;
	return ok;
}

bool temp_fill(struct temp *t, int from)
{
	char *block = xmalloc(BLOCK);
	off_t at = 0;
	ssize_t n;
	bool ok;

	do {
		n = pread(from, block, BLOCK, at);
		ok = n >= 0 && io_write_full(t->fd, block, (size_t)n);
		at += n;
	} while (ok && n != 0);
	free(block);
	return ok;
}

static bool sync_directory(const char *path)
{
	char *dir = directory(path);
	AUTO_FD fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	free(dir);
	return fd >= 0 && fsync(fd) == 0;
}

static const char *place(struct temp *t, const char *target,
    const struct temp_as *as)
{
	if (geteuid() == 0 && as->uid != (uid_t)-1 &&
	    fchown(t->fd, as->uid, as->gid) != 0)
		return "change owner of";
	if (fchmod(t->fd, as->mode) != 0)
		return "change mode of";
	if (fsync(t->fd) != 0)
		return "flush";
	if (rename(t->path, target) != 0)
		return "replace";
	free(t->path);
	t->path = NULL;
	if (!sync_directory(target))
		return "flush directory of";
	return NULL;
}

bool temp_place(struct temp *t, const char *target, const struct temp_as *as,
    const char **what)
{
	int why;

	*what = place(t, target, as);
	why = errno;
	temp_discard(t);
	errno = why;
	return *what == NULL;
}

void temp_discard(struct temp *t)
{
	if (t->path != NULL)
		unlink(t->path);
	free(t->path);
	t->path = NULL;
	fd_clear(&t->fd);
}
