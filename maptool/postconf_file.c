/* postconf_file - lock, read and replace a configuration file. */

#include "maptool/postconf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "base/xalloc.h"

void pc_file_give_up(const struct pc_file *f, const char *fmt, ...)
{
	struct err e;
	va_list ap;

	va_start(ap, fmt);
	err_set(&e, "", fmt, ap); /* takes errno before unlink() */
	va_end(ap);
	unlink(f->tmp);
	log_fatal("%s", e.text);
}

/* Is fd still what path names? Another postconf may have renamed it. */
static bool is_current(int fd, const char *path)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat(path, &b) == 0 &&
	    a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* Open and lock the temporary file; what a dead postconf left is emptied. */
static void lock(struct pc_file *f)
{
	for (;;) {
		f->fd = open(f->tmp, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
		    0600);
		if (f->fd < 0)
			log_fatal("open %s: %m", f->tmp);
		while (flock(f->fd, LOCK_EX) != 0)
			if (errno != EINTR)
				log_fatal("lock %s: %m", f->tmp);
		if (is_current(f->fd, f->tmp))
			break;
		close(f->fd);
	}
	if (ftruncate(f->fd, 0) != 0 || fchmod(f->fd, 0600) != 0)
		log_fatal("truncate %s: %m", f->tmp);
}

/* DIR/NAME, or what it is a symbolic link to. */
static void find_target(struct pc_file *f, const char *dir, const char *name)
{
	AUTO_BUF path = BUF_MAX(PATH_MAX);
	struct stat st;

	buf_addf(&path, "%s/%s", dir, name);
	if (path.full)
		log_fatal("open %s/%s: File name too long", dir, name);
	f->path = NULL;
	if (lstat(buf_c(&path), &st) == 0 && S_ISLNK(st.st_mode))
		f->path = realpath(buf_c(&path), NULL);
	if (f->path == NULL)
		f->path = buf_take(&path);
	buf_setf(&path, "%s.tmp", f->path);
	f->tmp = buf_take(&path);
}

void pc_file_open(struct pc_file *f, const char *dir, const char *name,
    struct buf *text)
{
	struct err e;

	find_target(f, dir, name);
	lock(f);
	AUTO_FD fd = open(f->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &f->old) != 0)
		pc_file_give_up(f, "open %s for reading: %m", f->path);
	if (io_slurp(fd, f->path, text, &e) != ST_OK)
		pc_file_give_up(f, "%s", e.text);
}

/* The name in the directory is on disk. */
static void sync_directory(const char *path)
{
	char *copy = xstrdup(path);
	const char *dir = dirname(copy);
	AUTO_FD fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) != 0)
		log_fatal("sync directory %s: %m", dir);
	free(copy);
}

/* Give the new file the owner, then the mode, of the old one. */
static void keep_rights(const struct pc_file *f)
{
	struct stat now;

	if (fstat(f->fd, &now) != 0 ||
	    ((now.st_uid != f->old.st_uid || now.st_gid != f->old.st_gid) &&
		fchown(f->fd, f->old.st_uid, f->old.st_gid) != 0))
		pc_file_give_up(f, "keep the owner of %s: %m", f->path);
	if (fchmod(f->fd, f->old.st_mode & 07777) != 0)
		pc_file_give_up(f, "keep the mode of %s: %m", f->path);
}

void pc_file_replace(struct pc_file *f, const struct buf *out)
{
	if (out->full)
		pc_file_give_up(f, "%s: larger than %zu bytes", f->path,
		    out->max);
	if (!io_write_full(f->fd, out->p, out->n))
		pc_file_give_up(f, "write %s: %m", f->tmp);
	keep_rights(f);
	if (fsync(f->fd) != 0)
		pc_file_give_up(f, "sync %s: %m", f->tmp);
	if (rename(f->tmp, f->path) != 0)
		pc_file_give_up(f, "rename %s to %s: %m", f->tmp, f->path);
	sync_directory(f->path);
	fd_clear(&f->fd);
	free(f->path);
	free(f->tmp);
	f->path = f->tmp = NULL;
}
