/* mbox_lock - dotlock, flock and fcntl, one attempt at a time. */

#include "mail/mbox_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

/* Stale locks are removed this often before somebody else is to have it. */
#define STALE_ROUNDS 2

static const struct {
	const char *name;
	enum mbox_lock lock;
} names[] = {
	{ "dotlock", MBOX_DOTLOCK },
	{ "flock", MBOX_FLOCK },
	{ "fcntl", MBOX_FCNTL },
};

bool mbox_lock_parse(struct str list, unsigned *set, struct str *bad)
{
	struct str word;
	size_t i;

	*set = 0;
	while (str_word(&list, ", \t\r\n", &word)) {
		for (i = 0; i < NELEM(names); i++)
			if (str_eqc(word, names[i].name))
				break;
		if (i == NELEM(names)) {
			*bad = word;
			return false;
		}
		*set |= names[i].lock;
	}
	return true;
}

/* True when there was an old lock file and it is gone now. */
static bool remove_stale(int base, const char *lock, int64_t stale_s)
{
	struct stat sb;

	if (fstatat(base, lock, &sb, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT;
	if ((int64_t)(clock_seconds() - sb.st_ctim.tv_sec) <= stale_s)
		return false;
	return unlinkat(base, lock, 0) == 0 || errno == ENOENT;
}

enum mbox_try mbox_dotlock(int base, const char *lock, int64_t stale_s)
{
	int i, fd;

	for (i = 0; i <= STALE_ROUNDS; i++) {
		fd = openat(base, lock,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0);
		if (fd >= 0) {
			close(fd);
			return MBOX_GOT;
		}
		if (errno != EEXIST)
			return MBOX_FAILED;
		if (!remove_stale(base, lock, stale_s))
			break;
	}
	errno = EEXIST;
	return MBOX_BUSY;
}

void mbox_dotunlock(int base, const char *lock)
{
	unlinkat(base, lock, 0);
}

enum mbox_try mbox_lock_file(int fd, unsigned set)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if ((set & MBOX_FLOCK) != 0 && flock(fd, LOCK_EX | LOCK_NB) != 0)
		return errno == EWOULDBLOCK || errno == EINTR ? MBOX_BUSY
							      : MBOX_FAILED;
	if ((set & MBOX_FCNTL) != 0 && fcntl(fd, F_OFD_SETLK, &whole) != 0)
		return errno == EAGAIN || errno == EACCES || errno == EINTR
		    ? MBOX_BUSY
		    : MBOX_FAILED;
	return MBOX_GOT;
}
