/*
 * lock - the locks that Postfix takes on table files: flock(2) on Linux.
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

#endif
