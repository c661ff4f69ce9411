/* lock - flock on a table file. */

#include "map/lock.h"

#include <errno.h>
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
