/* tryout - a mailbox as its owner sees it. Runs in: the command, and a child
 * of it that became the owner. */

#include "vdeliver/tryout.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/os.h"
#include "mail/maildir.h"
#include "mail/mbox_lock.h"
#include "priv/drop.h"
#include "vdeliver/confine.h"
#include "vdeliver/job.h"
#include "vdeliver/room.h"

/* A file system that hangs is not waited for any longer. */
#define PATIENCE_MS 10000
#define REPORT_MAX  20000

struct tryout {
	const struct settings *set;
	struct maildir_store store;
	int base_error;
	const char *path; /* below the base, without slashes at its end */
	struct buf seen;
	struct err err;
};

/* The deepest part of path that is there; *whole: all of it is. */
static const char *deepest(const struct tryout *t, struct arena *a, bool *whole)
{
	char *part = arena_strz(a, str_c(t->path)), *slash;
	struct stat sb;

	*whole = true;
	while (fstatat(t->store.fd, part, &sb, 0) != 0 && errno == ENOENT) {
		*whole = false;
		slash = strrchr(part, '/');
		if (slash == NULL)
			return ".";
		*slash = '\0';
	}
	return part;
}

static void say_limit(struct tryout *t, const char *what, uint64_t now,
    uint64_t limit)
{
	buf_addf(&t->seen, "quota: %llu of ", (unsigned long long)now);
	if (limit != 0)
		buf_addf(&t->seen, "%llu", (unsigned long long)limit);
	else
		buf_addc(&t->seen, "any number of");
	buf_addf(&t->seen, " %s\n", what);
}

/* Is there room where it lies? */
static enum st look_at_room(struct tryout *t, const char *dir)
{
	AUTO_FD fd = openat(t->store.fd, dir, O_RDONLY | O_CLOEXEC);
	struct os_quota q;
	struct statvfs vfs;

	if (fd < 0 || fstatvfs(fd, &vfs) != 0)
		return ST_OK;
	buf_addf(&t->seen, "free there: %llu bytes",
	    (unsigned long long)vfs.f_bavail * vfs.f_frsize);
	if (vfs.f_files != 0)
		buf_addf(&t->seen, ", %llu inodes",
		    (unsigned long long)vfs.f_favail);
	buf_addch(&t->seen, '\n');
	if (os_quota(fd, geteuid(), &q) == ST_OK) {
		say_limit(t, "bytes", q.bytes, q.bytes_limit);
		say_limit(t, "files", q.inodes, q.inodes_limit);
	}
	return room_store(&vfs, 0, &t->err);
}

static enum st no_maildir(struct tryout *t, const char *path)
{
	return maildir_errno(&t->err, &t->store, "create maildir file", path);
}

/* One of tmp, new and cur: there and open to us, or to be made. */
static enum st try_part(struct tryout *t, struct arena *a, const char *name)
{
	const char *path = arena_printf(a, "%s/%s", t->path, name);

	if (faccessat(t->store.fd, path, W_OK | X_OK, AT_EACCESS) == 0)
		return ST_OK;
	if (errno == ENOENT &&
	    faccessat(t->store.fd, t->path, W_OK | X_OK, AT_EACCESS) == 0) {
		buf_addf(&t->seen, "%s is not there and would be made\n", name);
		return ST_OK;
	}
	return no_maildir(t, path);
}

static enum st try_maildir(struct tryout *t, struct arena *a)
{
	static const char *const parts[] = { "tmp", "new", "cur" };
	bool whole;
	const char *dir = deepest(t, a, &whole);
	enum st st = look_at_room(t, dir);
	size_t i;

	if (st != ST_OK)
		return st;
	if (!whole) {
		buf_addf(&t->seen, "it is not there and would be made in %s\n",
		    strcmp(dir, ".") == 0 ? "virtual_mailbox_base" : dir);
		if (faccessat(t->store.fd, dir, W_OK | X_OK, AT_EACCESS) != 0)
			return no_maildir(t, t->path);
		return ST_OK;
	}
	for (i = 0; i < NELEM(parts) && st == ST_OK; i++)
		st = try_part(t, a, parts[i]);
	if (st == ST_OK)
		buf_addf(&t->seen, "it can write there\n");
	return st;
}

static enum st no_mbox(struct tryout *t, const char *what)
{
	return err_temp(&t->err, "4.2.0",
	    "delivery failed to mailbox %s/%s: %s", t->store.path, t->path,
	    what);
}

static enum st try_mbox_file(struct tryout *t, const struct stat *sb)
{
	int64_t limit = t->set->virtual_mailbox_limit;

	if (S_ISLNK(sb->st_mode))
		return no_mbox(t, "file is a symbolic link");
	if (S_ISDIR(sb->st_mode))
		return no_mbox(t, "cannot open file: Is a directory");
	if (!S_ISREG(sb->st_mode))
		return err_temp(&t->err, "4.3.5",
		    "delivery failed to mailbox %s/%s: mail system "
		    "configuration error",
		    t->store.path, t->path);
	if (sb->st_nlink > 1)
		return no_mbox(t, "file has more than one hard link");
	if (t->set->strict_mailbox_ownership && sb->st_uid != geteuid())
		return no_mbox(t, "destination is not owned by recipient");
	if (faccessat(t->store.fd, t->path, W_OK, AT_EACCESS) != 0)
		return no_mbox(t, "cannot open file: Permission denied");
	buf_addf(&t->seen, "it has %lld bytes\n", (long long)sb->st_size);
	if (limit != 0 && sb->st_size >= limit)
		return err_perm(&t->err, "5.2.2",
		    "delivery failed to mailbox %s/%s: error writing message: "
		    "File too large",
		    t->store.path, t->path);
	return ST_OK;
}

/* Nothing can be made where the mbox lies. */
static const char *no_entry(const struct tryout *t, struct arena *a,
    bool dotlock)
{
	const char *why = strerror(errno);

	return dotlock
	    ? arena_printf(a, "unable to create lock file %s/%s.lock: %s",
		  t->store.path, t->path, why)
	    : arena_printf(a, "cannot create file exclusively: %s", why);
}

static enum st try_mbox(struct tryout *t, struct arena *a)
{
	char *dir = arena_strz(a, str_c(t->path)), *slash = strrchr(dir, '/');
	bool dotlock = (t->set->mailbox_locks & MBOX_DOTLOCK) != 0, there;
	struct stat sb;
	enum st st;

	if (slash != NULL)
		*slash = '\0';
	else
		dir = arena_strz(a, STR("."));
	st = look_at_room(t, dir);
	if (st != ST_OK)
		return st;
	there = fstatat(t->store.fd, t->path, &sb, AT_SYMLINK_NOFOLLOW) == 0;
	if (!there)
		buf_addf(&t->seen, "it is not there and would be made\n");
	if ((dotlock || !there) &&
	    faccessat(t->store.fd, dir, W_OK | X_OK, AT_EACCESS) != 0)
		return no_mbox(t, no_entry(t, a, dotlock));
	st = there ? try_mbox_file(t, &sb) : ST_OK;
	if (st == ST_OK)
		buf_addf(&t->seen, "it can write there\n");
	return st;
}

static enum st look(struct tryout *t, const struct final *f)
{
	AUTO_ARENA a = { 0 };
	struct str path = f->path;
	enum st st;

	if (t->store.fd < 0) {
		errno = t->base_error;
		return err_temp(&t->err, "4.2.0",
		    "%s: open virtual_mailbox_base %s: %m",
		    target_is_mbox(f->path) ? "delivery failed to mailbox"
					    : "maildir delivery failed",
		    t->store.path);
	}
	while (path.n > 1 && path.p[path.n - 1] == '/')
		path.n--;
	t->path = arena_strz(&a, path);
	st = confine_check(&t->store, f->path, &t->err);
	if (st != ST_OK)
		return st;
	st = target_is_mbox(f->path) ? try_mbox(t, &a) : try_maildir(t, &a);
	return st == ST_OK ? room_owner(&t->store, f->path, 0, &t->err) : st;
}

/* The report: lines as they are to be shown, then one with the outcome. */
static void NORETURN child(struct tryout *t, const struct final *f, int to)
{
	AUTO_BUF report = BUF_MAX(2 * REPORT_MAX);
	enum st st;

	if (geteuid() == 0 && drop_to(f->uid, f->gid, &t->err) != ST_OK)
		st = ST_TEMP;
	else
		st = look(t, f);
	buf_add(&report, buf_str(&t->seen));
	buf_addf(&report, "%d\n%s\n%s\n", (int)st,
	    st == ST_OK ? "" : t->err.dsn, st == ST_OK ? "" : t->err.text);
	_exit(io_write_full(to, report.p, report.n) ? 0 : 1);
}

/* All that the child says, until it ends or takes too long. */
static bool gather(int from, pid_t pid, struct buf *report)
{
	struct pollfd p = { .fd = from, .events = POLLIN };
	int64_t end = clock_deadline(PATIENCE_MS);
	char chunk[4096];
	ssize_t n = -1;
	int status;

	while (poll(&p, 1, clock_left(end)) > 0 &&
	    (n = read(from, chunk, sizeof(chunk))) > 0)
		buf_add(report, (struct str){ chunk, (size_t)n });
	if (n != 0)
		kill(pid, SIGKILL);
	waitpid(pid, &status, n == 0 ? 0 : WNOHANG);
	return n == 0 && report->n != 0;
}

/* Take the last three lines off the report. */
static enum st outcome(struct str report, struct buf *out, struct err *e)
{
	struct str line[3] = { STR_NONE, STR_NONE, STR_NONE };
	ptrdiff_t at;
	int i;

	report.n -= report.n != 0;
	for (i = 2; i >= 0; i--) {
		at = str_rfind(report, '\n');
		line[i] = str_skip(report, (size_t)(at + 1));
		report = str_head(report, at < 0 ? 0 : (size_t)at);
	}
	buf_add(out, report);
	if (report.n != 0)
		buf_addch(out, '\n');
	snprintf(e->dsn, sizeof(e->dsn), "%.*s", STR_ARG(line[1]));
	snprintf(e->text, sizeof(e->text), "%.*s", STR_ARG(line[2]));
	if (str_eqc(line[0], "0"))
		return ST_OK;
	return str_eqc(line[0], "3") ? ST_PERM : ST_TEMP;
}

enum st tryout_run(const struct settings *set, const struct final *f,
    struct buf *out, struct err *e)
{
	AUTO_BUF report = BUF_MAX(2 * REPORT_MAX);
	/* Opened before the change of uid, as the monitor does for workers. */
	AUTO_FD base =
	    open(set->virtual_mailbox_base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct tryout t = { .set = set,
		.store = { base, set->virtual_mailbox_base,
		    set->vdeliver_overquota_defer, set->vdeliver_maildir_size,
		    set->vdeliver_confine },
		.base_error = errno,
		.seen = BUF_MAX(REPORT_MAX) };
	int fd[2];
	pid_t pid;
	bool good;

	if (geteuid() != 0 && (f->uid != geteuid() || f->gid != getegid())) {
		buf_addf(out, "not tried: only root can become uid %u\n",
		    f->uid);
		return ST_NONE;
	}
	if (pipe(fd) != 0 || (pid = fork()) < 0)
		return err_temp(e, "4.3.0", "cannot start a process: %m");
	if (pid == 0)
		child(&t, f, fd[1]);
	close(fd[1]);
	good = gather(fd[0], pid, &report);
	close(fd[0]);
	if (!good)
		return err_temp(e, "4.3.0",
		    "no answer within %d seconds from %s", PATIENCE_MS / 1000,
		    set->virtual_mailbox_base);
	return outcome(buf_str(&report), out, e);
}
