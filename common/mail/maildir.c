/* maildir - stage under tmp/, publish into new/. */

#include "mail/maildir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/num.h"
#include "base/os.h"

/* So many names are tried; each differs in its counter or microseconds. */
#define NAME_TRIES 50
/* 36 hours */
#define ANCIENT_S 129600

enum st maildir_errno(struct err *e, const struct maildir_store *store,
    const char *what, const char *path)
{
	int why = errno;
	char name[160] = "";
	enum st st;

	if (path != NULL)
		snprintf(name, sizeof(name), " %s%s%s", store->path,
		    store->path[strlen(store->path) - 1] == '/' ? "" : "/",
		    path);
	errno = why;
	if (why == EDQUOT && store->defer_quota)
		st = err_temp(e, "4.2.2", "maildir delivery failed: %s%s: %m",
		    what, name);
	else if (why == EDQUOT || why == EFBIG)
		st = err_perm(e, "5.2.2", "maildir delivery failed: %s%s: %m",
		    what, name);
	else
		st = err_temp(e, why == ENOSPC ? "4.3.0" : "4.2.0",
		    "maildir delivery failed: %s%s: %m", what, name);
	errno = why;
	return st;
}

/* The machine's name with what a file name must not have replaced. */
static const char *host_part(void)
{
	static char host[128];
	char name[65] = "localhost", *p;
	size_t n = 0;

	if (host[0] != '\0')
		return host;
	if (gethostname(name, sizeof(name) - 1) != 0 || name[0] == '\0')
		memcpy(name, "localhost", sizeof("localhost"));
	for (p = name; *p != '\0' && n + 5 < sizeof(host); p++)
		if (*p == '/' || *p == ':')
			n += (size_t)snprintf(host + n, sizeof(host) - n,
			    *p == '/' ? "\\057" : "\\072");
		else
			host[n++] = *p;
	host[n] = '\0';
	return host;
}

static const char *boot_part(void)
{
	static char boot[9];
	char text[9] = "0";
	AUTO_FD fd = -1;

	if (boot[0] != '\0')
		return boot;
	fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || io_read_full(fd, text, 8) != 8)
		memcpy(text, "00000000", sizeof(text));
	memcpy(boot, text, sizeof(boot));
	return boot;
}

/* mkdir -p of path below base, mode 0700; existing parts are as they are. */
static bool make_dirs(int base, const char *path)
{
	char part[PATH_MAX];
	size_t n = strlen(path), i;

	if (n >= sizeof(part)) {
		errno = ENAMETOOLONG;
		return false;
	}
	memcpy(part, path, n + 1);
	for (i = 1; i <= n; i++) {
		if (part[i] != '/' && part[i] != '\0')
			continue;
		part[i] = '\0';
		if (mkdirat(base, part, 0700) != 0 && errno != EEXIST)
			return false;
		part[i] = path[i];
	}
	return true;
}

void maildir_prepare(void)
{
	host_part();
	boot_part();
}

static int create(const struct maildir_store *store, const char *path)
{
	int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;

	return store->confine ? os_open_beneath(store->fd, path, flags, 0600)
			      : openat(store->fd, path, flags, 0600);
}

static int stage_once(struct maildir_msg *msg, struct arena *a)
{
	static atomic_uint counter;

	msg->tmp = arena_printf(a, "%s/tmp/%lld.P%ldQ%uB%s.%s", msg->dir,
	    (long long)clock_seconds(), (long)getpid(),
	    atomic_fetch_add(&counter, 1), boot_part(), host_part());
	return create(msg->store, msg->tmp);
}

enum st maildir_stage(struct maildir_msg *msg, struct arena *a,
    const struct maildir_store *store, struct str dir, struct err *e)
{
	enum st st;
	int i;

	while (dir.n > 1 && dir.p[dir.n - 1] == '/')
		dir.n--;
	msg->store = store;
	msg->new = NULL;
	msg->dir = arena_strz(a, dir);
	msg->fd = stage_once(msg, a);
	if (msg->fd < 0 && errno == ENOENT &&
	    make_dirs(store->fd, arena_printf(a, "%s/tmp", msg->dir)))
		msg->fd = stage_once(msg, a);
	/* A server that was asked twice made it the first time, or a name of
	 * another machine's worker is the same. */
	for (i = 0; i < NAME_TRIES && msg->fd < 0 && errno == EEXIST; i++)
		msg->fd = stage_once(msg, a);
	if (msg->fd >= 0)
		return ST_OK;
	st = maildir_errno(e, store, "create maildir file", msg->tmp);
	msg->tmp = NULL;
	return st;
}

/* The file system has no such call. */
static bool is_missing(int why)
{
	return why == EINVAL || why == ENOSYS || why == EOPNOTSUPP ||
	    why == EPERM;
}

/* A name that is not there now; who takes it in between has the same second,
 * device and inode in it, which are ours. */
static bool rename_free(int base, const char *from, const char *to)
{
	if (faccessat(base, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return false;
	}
	return errno == ENOENT && renameat(base, from, base, to) == 0;
}

static bool try_move(int base, const char *from, const char *to)
{
	if (os_rename_new(base, from, to))
		return true;
	if (!is_missing(errno))
		return false;
	if (linkat(base, from, base, to, 0) == 0) {
		unlinkat(base, from, 0);
		return true;
	}
	return is_missing(errno) && rename_free(base, from, to);
}

/* A server that was asked twice says that it is there, or gone, by now. */
static bool is_done(int base, const char *from, const char *to,
    const struct stat *sb)
{
	struct stat now;
	int why = errno;
	bool done = fstatat(base, to, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
	    now.st_dev == sb->st_dev && now.st_ino == sb->st_ino;

	if (done)
		unlinkat(base, from, 0);
	errno = why;
	return done;
}

static bool move(int base, const char *from, const char *to,
    const struct stat *sb)
{
	return try_move(base, from, to) || is_done(base, from, to, sb);
}

static bool make_goal(const struct maildir_msg *msg, struct arena *a)
{
	return make_dirs(msg->store->fd, arena_printf(a, "%s/cur", msg->dir)) &&
	    make_dirs(msg->store->fd, arena_printf(a, "%s/new", msg->dir));
}

static const char *new_name(const struct maildir_msg *msg, struct arena *a,
    time_t seconds, long usec, const struct stat *sb)
{
	const char *name = arena_printf(a, "%s/new/%lld.V%llxI%llxM%ld.%s",
	    msg->dir, (long long)seconds, (unsigned long long)sb->st_dev,
	    (unsigned long long)sb->st_ino, usec, host_part());

	return msg->store->sized
	    ? arena_printf(a, "%s,S=%lld", name, (long long)sb->st_size)
	    : name;
}

enum st maildir_publish(struct maildir_msg *msg, struct arena *a, struct err *e)
{
	struct timespec now = clock_wall();
	long usec = now.tv_nsec / 1000;
	struct stat sb;
	bool made = false;
	enum st st;
	int i;

	if (fstat(msg->fd, &sb) != 0)
		return maildir_errno(e, msg->store, "fstat", msg->tmp);
	msg->size = (uint64_t)sb.st_size;
	for (i = 0; i < NAME_TRIES; i++) {
		msg->new = new_name(msg, a, now.tv_sec, usec, &sb);
		if (move(msg->store->fd, msg->tmp, msg->new, &sb)) {
			msg->tmp = NULL;
			fd_clear(&msg->fd);
			return ST_OK;
		}
		if (errno == ENOENT && !made && make_goal(msg, a))
			made = true;
		else if (errno == EEXIST)
			usec = (usec + 1) % 1000000;
		else
			break;
	}
	st = maildir_errno(e, msg->store, "create maildir file", msg->new);
	msg->new = NULL;
	return st;
}

/* "1700000000.P123Q4Babcdef01.HOST": is it ours, and its maker gone? */
static bool is_left_over(struct str name)
{
	struct str rest = name, part, pid, boot;
	uint64_t v;

	if (!str_cut(&rest, '.', &part) || !str_starts(rest, STR("P")) ||
	    !str_cut(&rest, '.', &part) || !str_eqc(rest, host_part()))
		return false;
	part = str_skip(part, 1);
	if (!str_cut(&part, 'Q', &pid) || !num_u64(pid, INT32_MAX, &v) ||
	    v == 0 || !str_cut(&part, 'B', &boot) || part.n != 8)
		return false;
	if (!str_eqc(part, boot_part()))
		return true;
	return kill((pid_t)v, 0) != 0 && errno == ESRCH;
}

/* maildir(5): what nobody touched for 36 hours is nobody's, whoever made it.
 * The time of the last change of the inode counts too: it may just have been
 * moved here. */
static bool is_ancient(int dir, const char *name)
{
	int64_t limit = clock_seconds() - ANCIENT_S;
	struct stat sb;

	return fstatat(dir, name, &sb, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(sb.st_mode) && sb.st_atime < limit && sb.st_mtime < limit &&
	    sb.st_ctime < limit;
}

void maildir_sweep(const struct maildir_store *store, const char *dir)
{
	AUTO_ARENA a = { 0 };
	AUTO_FD fd = openat(store->fd, arena_printf(&a, "%s/tmp", dir),
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct dirent *entry;
	DIR *d;

	if (fd < 0)
		return;
	d = fdopendir(fd_take(&fd));
	if (d == NULL)
		return;
	while ((entry = readdir(d)) != NULL)
		if (is_left_over(str_c(entry->d_name)) ||
		    is_ancient(dirfd(d), entry->d_name))
			unlinkat(dirfd(d), entry->d_name, 0);
	closedir(d);
}

void maildir_discard(struct maildir_msg *msg)
{
	if (msg->tmp != NULL)
		unlinkat(msg->store->fd, msg->tmp, 0);
	msg->tmp = NULL;
	fd_clear(&msg->fd);
}
