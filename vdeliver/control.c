/* control - pid file, stop, reload, status. Runs in: the command, monitor. */

#include "vdeliver/control.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/num.h"

#define STOP_MS 35000

/* Without root: a directory of our own, where root's cannot be written. */
static const char *run_directory(const struct settings *set)
{
	const char *own = getenv("XDG_RUNTIME_DIR");

	if (geteuid() != 0 && own != NULL && own[0] == '/' &&
	    conf_raw(set->conf, "vdeliver_run_directory") == NULL)
		return own;
	return set->vdeliver_run_directory;
}

/* "/etc/postfix" → DIR/vdeliver-etc-postfix.pid */
static enum st pid_path(const struct settings *set, char *path, size_t size,
    struct err *e)
{
	char real[PATH_MAX], *p;
	int n;

	if (realpath(set->config_directory, real) == NULL)
		return err_temp(e, "", "%s: %m", set->config_directory);
	for (p = real; *p != '\0'; p++)
		if (*p == '/')
			*p = '-';
	n = snprintf(path, size, "%s/vdeliver%s.pid", run_directory(set), real);
	if (n < 0 || (size_t)n >= size)
		return err_temp(e, "", "path of the pid file is too long");
	return ST_OK;
}

static enum st read_pid(int fd, const char *path, pid_t *pid, struct err *e)
{
	AUTO_BUF text = BUF_MAX(64);
	uint64_t v;

	if (lseek(fd, 0, SEEK_SET) != 0 ||
	    io_slurp(fd, path, &text, e) != ST_OK)
		return ST_TEMP;
	if (!num_u64(str_trim(buf_str(&text)), INT32_MAX, &v) || v < 2)
		return err_temp(e, "", "%s: no pid in it yet", path);
	*pid = (pid_t)v;
	return ST_OK;
}

static enum st cannot(struct err *e, const char *what, const char *path)
{
	return err_temp(e, "",
	    "%s %s: %m; set vdeliver_run_directory to a directory that you may "
	    "write",
	    what, path);
}

/* A container may have nothing that can be written but its mail store. */
static bool do_without(const struct settings *set, const char *what)
{
	if (errno != EROFS ||
	    conf_raw(set->conf, "vdeliver_run_directory") != NULL)
		return false;
	log_warn("no pid file: %s: %s; a second vdeliver with this "
		 "configuration would not be noticed; vdeliver_run_directory "
		 "may say where it can be",
	    what, strerror(errno));
	return true;
}

enum st control_hold(const struct settings *set, int *fd, struct err *e)
{
	char path[PATH_MAX];
	AUTO_FD f = -1;
	pid_t pid = 0;

	if (pid_path(set, path, sizeof(path), e) != ST_OK)
		return ST_TEMP;
	*fd = -1;
	if (mkdir(run_directory(set), 0755) != 0 && errno != EEXIST)
		return do_without(set, run_directory(set))
		    ? ST_OK
		    : cannot(e, "mkdir", run_directory(set));
	f = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (f < 0)
		return do_without(set, path) ? ST_OK : cannot(e, "open", path);
	if (flock(f, LOCK_EX | LOCK_NB) != 0) {
		if (read_pid(f, path, &pid, NULL) != ST_OK)
			pid = 0;
		return err_temp(e, "",
		    "vdeliver runs already with %s, pid "
		    "%ld; stop it with: vdeliver -c %s stop",
		    set->config_directory, (long)pid, set->config_directory);
	}
	*fd = fd_take(&f);
	return ST_OK;
}

enum st control_write_pid(int fd, struct err *e)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	if (fd < 0)
		return ST_OK;
	if (ftruncate(fd, 0) != 0 || lseek(fd, 0, SEEK_SET) != 0 ||
	    !io_write_full(fd, text, (size_t)n))
		return err_temp(e, "", "write pid file: %m");
	return ST_OK;
}

void control_release(const struct settings *set, int fd)
{
	char path[PATH_MAX];

	if (fd >= 0 && pid_path(set, path, sizeof(path), NULL) == ST_OK)
		unlink(path);
}

enum st control_find(const struct settings *set, pid_t *pid, struct err *e)
{
	char path[PATH_MAX];
	AUTO_FD f = -1;

	if (pid_path(set, path, sizeof(path), e) != ST_OK)
		return ST_TEMP;
	f = open(path, O_RDONLY | O_CLOEXEC);
	if (f < 0)
		return errno == ENOENT ? ST_NONE
				       : err_temp(e, "", "open %s: %m", path);
	/* Whoever runs holds the lock; a file alone says nothing. */
	if (flock(f, LOCK_SH | LOCK_NB) == 0)
		return ST_NONE;
	return read_pid(f, path, pid, e);
}

enum st control_stop(const struct settings *set, pid_t pid, struct err *e)
{
	int64_t deadline = clock_deadline(STOP_MS);
	struct timespec pause = { 0, 20000000 };
	pid_t now;

	if (kill(pid, SIGTERM) != 0)
		return err_temp(e, "", "kill %ld: %m", (long)pid);
	while (control_find(set, &now, e) != ST_NONE) {
		if (clock_ms() > deadline)
			return err_temp(e, "",
			    "pid %ld did not end within "
			    "%d s",
			    (long)pid, STOP_MS / 1000);
		nanosleep(&pause, NULL);
	}
	return ST_OK;
}
