/*
 * os - system calls that only Linux has, or only newer ones, each behind a
 * plain function that says "not here" in one way.
 */
#ifndef COMMON_BASE_OS_H
#define COMMON_BASE_OS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/macros.h"

/* What a user has, and may have, on a file system; limits of 0 are none. */
struct os_quota {
	uint64_t bytes, bytes_limit;
	uint64_t inodes, inodes_limit;
};

/*
 * The quota of uid on the file system that fd is on: the hard limit, or the
 * soft one when its time of grace is over. ST_NONE: there is none, or nobody
 * can tell.
 */
enum st os_quota(int fd, uid_t uid, struct os_quota *q) MUST_CHECK;

/*
 * openat() that fails (EXDEV) when path leads out of base by a link, be it
 * absolute, or by "..". ENOSYS: the kernel cannot do it.
 */
int os_open_beneath(int base, const char *path, int flags, mode_t mode);
/* Can it? */
bool os_has_beneath(void);

/*
 * rename() that never replaces: EEXIST. False with errno; ENOSYS, EINVAL: the
 * kernel or the file system cannot do it.
 */
bool os_rename_new(int base, const char *from, const char *to);

/*
 * Acknowledge now what was read from a TCP socket (TCP_QUICKACK): a client that
 * writes line by line waits up to 40 ms for each delayed acknowledgement
 * otherwise. To be said after each read: the kernel forgets it.
 */
void os_ack_now(int fd);

#endif
