/* room - free space, quotas, maildirsize. Runs in: worker, router, the
 * command. */

#include "vdeliver/room.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/io.h"
#include "base/os.h"
#include "mail/maildirsize.h"
#include "vdeliver/job.h"

enum st room_store(const struct statvfs *vfs, uint64_t size, struct err *e)
{
	uint64_t unit = vfs->f_frsize != 0 ? vfs->f_frsize : 1;
	uint64_t want = size != 0 ? size : ROOM_UNKNOWN_SIZE;

	/* Some file systems do not count inodes. */
	if ((vfs->f_files == 0 || vfs->f_favail != 0) &&
	    vfs->f_bavail >= want / unit + (want % unit != 0))
		return ST_OK;
	return err_temp(e, "4.3.1", "Insufficient system storage");
}

/* The directory that the mailbox is, or lies in, else the base. */
static int open_place(const struct maildir_store *store, const char *path,
    bool mbox, struct arena *a)
{
	ptrdiff_t at = str_rfind(str_c(path), '/');
	int fd = -1;

	if (mbox)
		path = at < 0 ? "."
			      : arena_strz(a, (struct str){ path, (size_t)at });
	fd = openat(store->fd, path,
	    O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
	return fd >= 0
	    ? fd
	    : openat(store->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool exceeds(uint64_t now, uint64_t more, uint64_t limit)
{
	return limit != 0 && (now >= limit || more > limit - now);
}

static enum st quota(const struct maildir_store *store, const char *path,
    bool mbox, uint64_t size, struct err *e)
{
	AUTO_ARENA a = { 0 };
	AUTO_FD fd = open_place(store, path, mbox, &a);
	struct os_quota q;

	if (fd < 0 || os_quota(fd, geteuid(), &q) != ST_OK ||
	    (!exceeds(q.bytes, size, q.bytes_limit) &&
		(mbox || !exceeds(q.inodes, 1, q.inodes_limit))))
		return ST_OK;
	errno = EDQUOT;
	return maildir_errno(e, store, "quota at", path);
}

enum st room_owner(const struct maildir_store *store, struct str path,
    uint64_t size, struct err *e)
{
	AUTO_ARENA a = { 0 };
	bool mbox = target_is_mbox(path);
	const char *name;
	enum st st;

	while (path.n > 1 && path.p[path.n - 1] == '/')
		path.n--;
	name = arena_strz(&a, path);
	st = quota(store, name, mbox, size, e);
	if (st != ST_OK || mbox)
		return st;
	st = maildirsize_check(store, name, size, false, e);
	return st == ST_NONE ? ST_OK : st;
}
