/* paths - files by environment, and their permissions. */

#include "fetcher/paths.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *home(void)
{
	const char *h = getenv("HOME_ETC");
	const struct passwd *pw;

	if (h == NULL || h[0] == '\0')
		h = getenv("HOME");
	if (h != NULL && h[0] != '\0')
		return h;
	pw = getpwuid(getuid());
	return pw != NULL ? pw->pw_dir : "/";
}

enum st paths_find(struct paths *p, struct err *e)
{
	const char *own = getenv("FETCHMAILHOME");
	struct stat sb;

	snprintf(p->netrc, sizeof(p->netrc), "%s/.netrc", home());
	if (own != NULL && own[0] != '\0') {
		if (stat(own, &sb) != 0)
			return err_temp(e, "", "FETCHMAILHOME %s: %m", own);
		if (!S_ISDIR(sb.st_mode))
			return err_temp(e, "",
			    "FETCHMAILHOME %s is not a "
			    "directory",
			    own);
		snprintf(p->rc, sizeof(p->rc), "%s/fetchmailrc", own);
		snprintf(p->ids, sizeof(p->ids), "%s/.fetchids", own);
		snprintf(p->pid, sizeof(p->pid), "%s/fetchmail.pid", own);
		return ST_OK;
	}
	snprintf(p->rc, sizeof(p->rc), "%s/.fetchmailrc", home());
	snprintf(p->ids, sizeof(p->ids), "%s/.fetchids", home());
	if (getuid() == 0)
		snprintf(p->pid, sizeof(p->pid), "/var/run/fetchmail.pid");
	else
		snprintf(p->pid, sizeof(p->pid), "%s/.fetchmail.pid", home());
	return ST_OK;
}

static enum st check(const struct stat *sb, const char *file, struct err *e)
{
	if (!S_ISREG(sb->st_mode))
		return err_temp(e, "", "File %s must be a regular file.", file);
	if ((sb->st_mode & 067) != 0)
		return err_temp(e, "",
		    "File %s must have no more than "
		    "-rwx------ (0700) permissions.",
		    file);
	if (sb->st_uid != geteuid())
		return err_temp(e, "", "File %s must be owned by you.", file);
	return ST_OK;
}

enum st paths_check(const char *file, struct err *e)
{
	struct stat sb;

	if (strcmp(file, "/dev/null") == 0 || strcmp(file, "-") == 0)
		return ST_OK;
	if (lstat(file, &sb) != 0 || stat(file, &sb) != 0)
		return errno == ENOENT ? ST_NONE
				       : err_temp(e, "", "lstat: %s: %m", file);
	return check(&sb, file, e);
}

enum st paths_check_open(int fd, const char *file, struct err *e)
{
	struct stat sb;

	if (fstat(fd, &sb) != 0)
		return err_temp(e, "", "stat: %s: %m", file);
	return check(&sb, file, e);
}
