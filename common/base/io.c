/* io - whole reads and writes, and descriptors that close themselves. */

#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void fd_clear(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

int fd_take(int *fd)
{
	int got = *fd;

	*fd = -1;
	return got;
}

bool fd_nonblock(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return false;
	flags = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
	return fcntl(fd, F_SETFL, flags) == 0;
}

bool fd_cloexec(int fd, bool on)
{
	return fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0) == 0;
}

bool io_leave_terminal(void)
{
	AUTO_FD null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (null < 0 || dup2(null, fd) < 0)
			return false;
	return true;
}

bool io_write_full(int fd, const void *p, size_t n)
{
	const char *at = p;
	ssize_t did;

	while (n != 0) {
		did = write(fd, at, n);
		if (did < 0 && errno == EINTR)
			continue;
		if (did <= 0) {
			if (did == 0)
				errno = ENOSPC;
			return false;
		}
		at += did;
		n -= (size_t)did;
	}
	return true;
}

ssize_t io_read_full(int fd, void *p, size_t n)
{
	char *at = p;
	size_t got = 0;
	ssize_t did;

	while (got < n) {
		did = read(fd, at + got, n - got);
		if (did < 0 && errno == EINTR)
			continue;
		if (did < 0)
			return -1;
		if (did == 0)
			break;
		got += (size_t)did;
	}
	return (ssize_t)got;
}

ssize_t io_read_at(int fd, void *p, size_t n, off_t at)
{
	ssize_t did;

	do
		did = pread(fd, p, n, at);
	while (did < 0 && errno == EINTR);
	return did;
}

enum st io_slurp(int fd, const char *name, struct buf *b, struct err *e)
{
	size_t room;
	ssize_t did;
	char *at, extra;

	for (;;) {
		at = buf_room(b, 65536, &room);
		/* At the limit: one byte more decides whether it was enough. */
		did = read(fd, at != NULL ? at : &extra, at != NULL ? room : 1);
		if (did < 0 && errno == EINTR)
			continue;
		if (did < 0)
			return err_temp(e, "4.3.0", "read %s: %m", name);
		if (did == 0)
			return ST_OK;
		if (at == NULL)
			return err_temp(e, "4.3.0", "%s: larger than %zu bytes",
			    name, b->max);
		buf_grew(b, (size_t)did);
	}
}

enum st io_read_file(const char *path, struct buf *b, struct err *e)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_temp(e, "4.3.0", "open %s: %m", path);
	return io_slurp(fd, path, b, e);
}
