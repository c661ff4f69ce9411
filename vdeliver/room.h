/*
 * room - is there room for a message? What file systems, quotas and Maildir++
 * say, asked by workers, by the router (room_ask.h) and by explain.
 */
#ifndef VDELIVER_ROOM_H
#define VDELIVER_ROOM_H

#include <stdint.h>
#include <sys/statvfs.h>

#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"
#include "mail/maildir.h"

/* Without SIZE= so many bytes are to be free: nobody knows what will come. */
#define ROOM_UNKNOWN_SIZE (1 << 20)

/*
 * A file system as seen from users other than root. ST_TEMP 4.3.1: no inode is
 * free, or less than size bytes (0: not known) are.
 */
enum st room_store(const struct statvfs *vfs, uint64_t size, struct err *e)
    MUST_CHECK;

/*
 * A mailbox (path below the store) as its owner, who we are, sees it: the quota
 * of the uid where it lies, and for a Maildir its maildirsize. ST_PERM 5.2.2
 * (ST_TEMP 4.2.2 by the store's defer_quota): size bytes (0: not known) would
 * be too many. ST_OK: they are not, or nobody knows.
 */
enum st room_owner(const struct maildir_store *store, struct str path,
    uint64_t size, struct err *e) MUST_CHECK;

#endif
