/* lock - flock and fcntl on a table file. */

#include "map/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

bool lock_take(int fd, enum lock_kind kind)
{
	int rc;

	do
		rc = flock(fd, kind == LOCK_SHARED ? LOCK_SH : LOCK_EX);
	while (rc != 0 && errno == EINTR);
	return rc == 0;
}

void lock_drop(int fd)
{
	flock(fd, LOCK_UN);
}

static int range(int fd, short type)
{
	struct flock l = { .l_type = type, .l_whence = SEEK_SET };

	return fcntl(fd, F_OFD_SETLKW, &l);
}

bool lock_take_range(int fd, enum lock_kind kind)
{
	int rc;

	do
		rc = range(fd, kind == LOCK_SHARED ? F_RDLCK : F_WRLCK);
	while (rc != 0 && errno == EINTR);
	return rc == 0;
}

void lock_drop_range(int fd)
{
	range(fd, F_UNLCK);
}
