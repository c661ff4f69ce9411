/* identity - who the processes are, and who may get mail. Runs in: monitor. */

#include "vdeliver/identity.h"

#include <errno.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/num.h"
#include "base/str.h"
#include "map/list.h"

static bool find_user(const char *name, uid_t *uid, gid_t *gid)
{
	const struct passwd *pw = name[0] != '\0' ? getpwnam(name) : NULL;

	if (pw == NULL)
		return false;
	*uid = pw->pw_uid;
	*gid = pw->pw_gid;
	return true;
}

enum st identity_find(struct identity *id, const struct settings *set,
    struct err *e)
{
	bool front, owner;

	memset(id, 0, sizeof(*id));
	id->root = geteuid() == 0;
	if (!id->root) {
		id->front_uid = id->owner_uid = geteuid();
		id->front_gid = id->owner_gid = getegid();
		return ST_OK;
	}
	front = find_user(set->vdeliver_user, &id->front_uid, &id->front_gid);
	owner = find_user(set->mail_owner, &id->owner_uid, &id->owner_gid);
	if (!front && !owner)
		return err_temp(e, "",
		    "neither vdeliver_user = %s nor "
		    "mail_owner = %s is a user here; make one with: useradd "
		    "--system --no-create-home --shell /usr/sbin/nologin %s",
		    set->vdeliver_user, set->mail_owner, set->vdeliver_user);
	if (!front) {
		id->front_uid = id->owner_uid;
		id->front_gid = id->owner_gid;
	} else if (!owner) {
		id->owner_uid = id->front_uid;
		id->owner_gid = id->front_gid;
	}
	if (id->front_uid == 0 || id->owner_uid == 0)
		return err_temp(e, "",
		    "vdeliver_user and mail_owner must not "
		    "be root");
	return ST_OK;
}

enum st identity_jail(struct identity *id, const struct settings *set,
    struct err *e)
{
	const char *dir = set->vdeliver_chroot_directory;
	struct stat sb;

	if (!id->root)
		return ST_OK;
	/* What make install made, if it did. */
	if (dir[0] == '\0' && access(EMPTY_DIRECTORY, X_OK) == 0)
		dir = EMPTY_DIRECTORY;
	if (dir[0] != '\0') {
		if (stat(dir, &sb) != 0)
			return err_temp(e, "",
			    "vdeliver_chroot_directory %s: "
			    "%m; make it, or leave the parameter empty",
			    dir);
		if (!S_ISDIR(sb.st_mode) || sb.st_uid != 0 ||
		    (sb.st_mode & 022) != 0)
			return err_temp(e, "",
			    "vdeliver_chroot_directory %s "
			    "must be a directory that root owns and nobody "
			    "else can write",
			    dir);
		snprintf(id->jail, sizeof(id->jail), "%s", dir);
		return ST_OK;
	}
	snprintf(id->jail, sizeof(id->jail), "/tmp/vdeliver-empty.XXXXXX");
	if (mkdtemp(id->jail) == NULL || chmod(id->jail, 0555) != 0)
		return err_temp(e, "", "no private directory for chroot: %m");
	id->jail_is_private = true;
	return ST_OK;
}

void identity_clear(struct identity *id)
{
	if (id->jail_is_private)
		rmdir(id->jail);
	id->jail_is_private = false;
}

static bool is_value(struct str text, uint32_t want)
{
	uint64_t v;

	return num_u64(str_trim(text), UINT32_MAX, &v) && v == want;
}

/* "{text}" without its braces; other text as it is. */
static struct str unbrace(struct str s)
{
	if (s.n >= 2 && *s.p == '{' && s.p[s.n - 1] == '}')
		s = str_head(str_skip(s, 1), s.n - 2);
	return s;
}

/* Is want a value of these static: and inline: maps? *pure is false when
 * there is another type among them. */
static bool listed(const char *maps, uint32_t want, bool *pure)
{
	struct str rest = str_c(maps), item, inner, pair;
	bool found = false;

	*pure = true;
	while (list_item(&rest, &item)) {
		if (str_starts(item, STR("static:"))) {
			found |= is_value(unbrace(str_skip(item, 7)), want);
			continue;
		}
		if (!str_starts(item, STR("inline:"))) {
			*pure = false;
			continue;
		}
		inner = unbrace(str_skip(item, 7));
		while (list_item(&inner, &pair)) {
			pair = unbrace(pair);
			found |=
			    is_value(str_skip(pair,
					 (size_t)(str_find(pair, '=') + 1)),
				want);
		}
	}
	return found;
}

static enum st check_listed(const char *param, const char *maps, uint32_t id,
    struct err *e)
{
	bool pure, found = listed(maps, id, &pure);

	if (pure && !found)
		return err_temp(e, "4.3.5", "%u is not a value of %s", id,
		    param);
	return ST_OK;
}

enum st identity_allows(const struct identity *id, const struct settings *set,
    uint32_t uid, uint32_t gid, struct err *e)
{
	/* For setresuid(2) the last one is nobody's: leave it as it is. */
	if (uid == UINT32_MAX || gid == UINT32_MAX)
		return err_temp(e, "4.3.5", "uid %u, gid %u: not an owner", uid,
		    gid);
	if (uid == 0 || gid == 0 || (int64_t)uid < set->virtual_minimum_uid)
		return err_temp(e, "4.3.5",
		    "uid %u, gid %u: below "
		    "virtual_minimum_uid = %lld, or root",
		    uid, gid, (long long)set->virtual_minimum_uid);
	if (!id->root && (uid != geteuid() || gid != getegid()))
		return err_temp(e, "4.3.5",
		    "not started as root: only "
		    "mailboxes of uid %lu, gid %lu can be written, not of %u, "
		    "%u",
		    (unsigned long)geteuid(), (unsigned long)getegid(), uid,
		    gid);
	if (check_listed("virtual_uid_maps", set->virtual_uid_maps, uid, e) !=
	    ST_OK)
		return ST_TEMP;
	return check_listed("virtual_gid_maps", set->virtual_gid_maps, gid, e);
}
