/*
 * mbox_lock - the locks that mail programs take on an mbox file: PATH.lock
 * beside it, flock(2), fcntl(2).
 *
 * Nothing here waits: one call is one attempt, and who may wait calls again.
 * The record lock is an open file description lock: to users of fcntl(2) it is
 * the lock they know, and it does not vanish when this process closes another
 * descriptor of the file. Rules: virtual(5) and postconf(5) of Postfix,
 * virtual_mailbox_lock, deliver_lock_attempts, stale_lock_time.
 */
#ifndef COMMON_MAIL_MBOX_LOCK_H
#define COMMON_MAIL_MBOX_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "base/str.h"

enum mbox_lock {
	MBOX_DOTLOCK = 1 << 0,
	MBOX_FLOCK = 1 << 1,
	MBOX_FCNTL = 1 << 2,
};

/*
 * "fcntl, dotlock": names separated by commas or white space, in any order,
 * as a set of enum mbox_lock. False: bad is the first name that is unknown.
 */
bool mbox_lock_parse(struct str list, unsigned *set, struct str *bad)
    MUST_CHECK;

enum mbox_try {
	MBOX_GOT,    /* the lock is ours */
	MBOX_BUSY,   /* somebody else has it; errno tells it in words */
	MBOX_FAILED, /* never so: errno */
};

/*
 * Create the file lock (PATH.lock, below the directory base), mode 0. One that
 * is older than stale_s seconds (its last change) is removed first.
 */
enum mbox_try mbox_dotlock(int base, const char *lock, int64_t stale_s)
    MUST_CHECK;
void mbox_dotunlock(int base, const char *lock);

/*
 * Lock the whole file for writing: flock, then fcntl, as far as set has them.
 * What was got stays until the descriptor and its copies are closed.
 */
enum mbox_try mbox_lock_file(int fd, unsigned set) MUST_CHECK;

#endif
