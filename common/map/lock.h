/*
 * lock - the locks that Postfix takes on table files: flock(2) on Linux, but
 * fcntl(2) on lmdb: files.
 */
#ifndef COMMON_MAP_LOCK_H
#define COMMON_MAP_LOCK_H

#include <stdbool.h>

#include "base/macros.h"

enum lock_kind {
	LOCK_SHARED,
	LOCK_EXCLUSIVE
};

/* Waits; false with errno. */
bool lock_take(int fd, enum lock_kind kind) MUST_CHECK;
void lock_drop(int fd);

/*
 * The same as an open file description lock on the whole file: it counts for
 * those who use fcntl(2), and does not vanish when this process closes another
 * descriptor of the file, as the database library does.
 */
bool lock_take_range(int fd, enum lock_kind kind) MUST_CHECK;
void lock_drop_range(int fd);

#endif
