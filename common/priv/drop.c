/* drop - become uid:gid for good. */

#include "priv/drop.h"

#include <grp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static enum st check_gone(uid_t uid, gid_t gid, struct err *e)
{
	uid_t r, ef, s;
	gid_t gr, ge, gs;

	if (getresuid(&r, &ef, &s) != 0 || r != uid || ef != uid || s != uid)
		return err_temp(e, "4.3.0", "uid did not become %ld",
		    (long)uid);
	if (getresgid(&gr, &ge, &gs) != 0 || gr != gid || ge != gid ||
	    gs != gid)
		return err_temp(e, "4.3.0", "gid did not become %ld",
		    (long)gid);
	if (uid != 0 && (setuid(0) == 0 || seteuid(0) == 0))
		return err_temp(e, "4.3.0", "root could be had back");
	return ST_OK;
}

enum st drop_to(uid_t uid, gid_t gid, struct err *e)
{
	if (geteuid() == 0 && setgroups(0, NULL) != 0)
		return err_temp(e, "4.3.0", "setgroups: %m");
	if (setresgid(gid, gid, gid) != 0)
		return err_temp(e, "4.3.0", "setresgid to %ld: %m", (long)gid);
	if (setresuid(uid, uid, uid) != 0)
		return err_temp(e, "4.3.0", "setresuid to %ld: %m", (long)uid);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return err_temp(e, "4.3.0", "PR_SET_NO_NEW_PRIVS: %m");
	return check_gone(uid, gid, e);
}

enum st drop_chroot(const char *dir, struct err *e)
{
	if (chdir(dir) != 0 || chroot(".") != 0 || chdir("/") != 0)
		return err_temp(e, "4.3.0", "chroot %s: %m", dir);
	return ST_OK;
}

void drop_limits(void)
{
	struct rlimit none = { 0, 0 }, files;

	setrlimit(RLIMIT_CORE, &none);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}
