/* confine - links that lead out of the store. Runs in: worker, the command. */

#include "vdeliver/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/io.h"
#include "base/log.h"
#include "base/os.h"
#include "vdeliver/job.h"

bool confine_leads_out(int base, const char *path)
{
	AUTO_FD fd = os_open_beneath(base, path, O_PATH | O_CLOEXEC, 0);

	return fd < 0 && errno == EXDEV;
}

/* Name the link: the first part of path that leads out and is one. */
static void warn_link(const struct maildir_store *store, char *path)
{
	char to[PATH_MAX], *slash = path;
	struct stat sb;
	ssize_t n;

	do {
		slash = strchr(slash + 1, '/');
		if (slash != NULL)
			*slash = '\0';
		if (fstatat(store->fd, path, &sb, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISLNK(sb.st_mode) && confine_leads_out(store->fd, path))
			break;
		if (slash != NULL)
			*slash = '/';
	} while (slash != NULL);
	n = readlinkat(store->fd, path, to, sizeof(to) - 1);
	to[n > 0 ? n : 0] = '\0';
	log_warn("%s/%s is a link to %s, which leads out of "
		 "virtual_mailbox_base; see vdeliver_confine",
	    store->path, path, to);
	if (slash != NULL)
		*slash = '/';
}

/* The deepest part of path that is there decides. */
static bool leads_out(int base, char *path)
{
	char *slash;

	while (!confine_leads_out(base, path)) {
		slash = errno == ENOENT ? strrchr(path, '/') : NULL;
		if (slash == NULL)
			return false;
		*slash = '\0';
	}
	return true;
}

enum st confine_check(const struct maildir_store *store, struct str path,
    struct err *e)
{
	static const char *const parts[] = { "tmp", "new", "cur" };
	AUTO_ARENA a = { 0 };
	bool mbox = target_is_mbox(path);
	size_t n = mbox ? 1 : NELEM(parts), i;
	char *name;

	while (!mbox && path.n > 1 && path.p[path.n - 1] == '/')
		path.n--;
	for (i = 0; store->confine && i < n; i++) {
		name = mbox
		    ? arena_strz(&a, path)
		    : arena_printf(&a, "%.*s/%s", STR_ARG(path), parts[i]);
		if (!leads_out(store->fd, name))
			continue;
		warn_link(store, name);
		return err_temp(e, "4.2.0",
		    "%s: %s/%s leads out of virtual_mailbox_base",
		    mbox ? "delivery failed to mailbox"
			 : "maildir delivery failed",
		    store->path, name);
	}
	return ST_OK;
}
