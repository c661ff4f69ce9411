/*
 * drop - become another user for good.
 */
#ifndef COMMON_PRIV_DROP_H
#define COMMON_PRIV_DROP_H

#include <sys/types.h>

#include "base/err.h"
#include "base/macros.h"

/*
 * Set gid, uid and an empty list of groups, all of real, effective and saved
 * ids, forbid new privileges, and make sure that there is no way back (trying
 * it). Without root the only uid and gid that work are our own, and the groups
 * stay. ST_TEMP when a step failed: the process must exit then.
 * Chen, Wagner, Dean: Setuid Demystified, 2002.
 */
enum st drop_to(uid_t uid, gid_t gid, struct err *e) MUST_CHECK;

/* chroot into dir and stand at its root; ST_TEMP with the reason. */
enum st drop_chroot(const char *dir, struct err *e) MUST_CHECK;

/* A limit for core dumps (none) and for descriptors (all that we may have). */
void drop_limits(void);

#endif
