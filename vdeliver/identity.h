/*
 * identity - the users and directories that processes run with, found at
 * start.
 */
#ifndef VDELIVER_IDENTITY_H
#define VDELIVER_IDENTITY_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/macros.h"
#include "vdeliver/settings.h"

struct identity {
	bool root; /* we may change uid and chroot */
	uid_t front_uid, owner_uid;
	gid_t front_gid, owner_gid;
	char jail[256];       /* empty directory for chroot, "" for none */
	bool jail_is_private; /* we made it: remove it in the end */
};

/*
 * vdeliver_user (else mail_owner) for front, mail_owner (else the former) for
 * the others. Without root all are the caller. ST_TEMP: no such user, with the
 * command that makes one; the user is root.
 */
enum st identity_find(struct identity *id, const struct settings *set,
    struct err *e) MUST_CHECK;
/* Find or make the empty directory; NULL-safe counterpart below. */
enum st identity_jail(struct identity *id, const struct settings *set,
    struct err *e) MUST_CHECK;
void identity_clear(struct identity *id);

/*
 * May a worker be made for uid:gid? Not below virtual_minimum_uid, not gid 0,
 * not uid 0, and, where the id maps are static: or inline: alone, only for
 * values of theirs; without root only for ourselves. ST_TEMP 4.3.5: no.
 */
enum st identity_allows(const struct identity *id, const struct settings *set,
    uint32_t uid, uint32_t gid, struct err *e) MUST_CHECK;

#endif
