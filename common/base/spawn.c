/* spawn - a shell command with a pipe to it, or from it. */

#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"

static bool become(const struct spawn_user *as)
{
	if (as == NULL)
		return true;
	return initgroups(as->name, as->gid) == 0 && setgid(as->gid) == 0 &&
	    setuid(as->uid) == 0 && (as->uid == 0 || setuid(0) != 0);
}

/* Signals as programs expect them, and a process group. */
static void be_a_program(void)
{
	static const int signals[] = { SIGPIPE, SIGTERM, SIGINT, SIGHUP,
		SIGUSR1, SIGCHLD };
	sigset_t none;
	size_t i;

	for (i = 0; i < NELEM(signals); i++)
		signal(signals[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setpgid(0, 0);
}

static void NORETURN run(const char *command, const struct spawn_user *as,
    int in)
{
	be_a_program();
	if (dup2(in, STDIN_FILENO) >= 0 && become(as))
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(126);
}

enum st spawn_shell(struct spawn *p, const char *command,
    const struct spawn_user *as, struct err *e)
{
	int fd[2];

	*p = (struct spawn){ 0, -1 };
	if (pipe2(fd, O_CLOEXEC) != 0)
		return err_temp(e, "4.3.0", "pipe: %m");
	p->pid = fork();
	if (p->pid == 0)
		run(command, as, fd[0]);
	close(fd[0]);
	p->in = fd[1];
	if (p->pid < 0 || !fd_nonblock(fd[1], true)) {
		p->pid = p->pid < 0 ? 0 : p->pid;
		err_temp(e, "4.3.0", "fork: %m");
		spawn_kill(p);
		return ST_TEMP;
	}
	setpgid(p->pid, p->pid);
	return ST_OK;
}

/* What exec says goes to the parent; nothing when it works. */
static void NORETURN run_peer(char *const *argv, int fd, int why, pid_t parent)
{
	int no;
	ssize_t unused UNUSED;

	be_a_program();
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() == parent && dup2(fd, STDIN_FILENO) >= 0 &&
	    dup2(fd, STDOUT_FILENO) >= 0)
		execvp(argv[0], argv);
	no = errno;
	unused = write(why, &no, sizeof(no));
	_exit(126);
}

static enum st start_peer(struct spawn *p, char *const *argv, int fd,
    struct err *e)
{
	pid_t parent = getpid();
	int why[2], no;
	ssize_t n;

	if (pipe2(why, O_CLOEXEC) != 0)
		return err_temp(e, "4.3.0", "pipe: %m");
	p->pid = fork();
	if (p->pid == 0)
		run_peer(argv, fd, why[1], parent);
	close(why[1]);
	do
		n = p->pid < 0 ? 0 : read(why[0], &no, sizeof(no));
	while (n < 0 && errno == EINTR);
	close(why[0]);
	if (p->pid < 0) {
		p->pid = 0;
		return err_temp(e, "4.3.0", "fork: %m");
	}
	if (n != (ssize_t)sizeof(no))
		return ST_OK;
	spawn_kill(p);
	errno = no;
	return err_temp(e, "4.3.0", "cannot run %s: %m", argv[0]);
}

enum st spawn_peer(struct spawn *p, char *const *argv, int *fd, struct err *e)
{
	enum st st;
	int two[2];

	*p = (struct spawn){ 0, -1 };
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, two) != 0)
		return err_temp(e, "4.3.0", "socketpair: %m");
	st = start_peer(p, argv, two[1], e);
	close(two[1]);
	if (st == ST_OK)
		*fd = two[0];
	else
		close(two[0]);
	return st;
}

static enum st late(struct err *e, int64_t timeout_ms)
{
	return err_temp(e, "4.3.0",
	    "timeout after %lld seconds waiting for "
	    "the command",
	    (long long)(timeout_ms / 1000));
}

static enum st wait_for(int fd, short events, int64_t timeout_ms, struct err *e)
{
	int64_t deadline = clock_deadline(timeout_ms);
	struct pollfd w = { fd, events, 0 };
	int rc;

	do
		rc = poll(&w, 1, clock_left(deadline));
	while (rc < 0 && errno == EINTR);
	return rc > 0 ? ST_OK : late(e, timeout_ms);
}

enum st spawn_write(struct spawn *p, struct str bytes, int64_t timeout_ms,
    struct err *e)
{
	enum st st;
	ssize_t n;

	while (bytes.n != 0) {
		n = write(p->in, bytes.p, bytes.n);
		if (n >= 0) {
			bytes = str_skip(bytes, (size_t)n);
			continue;
		}
		if (errno == EAGAIN) {
			st = wait_for(p->in, POLLOUT, timeout_ms, e);
			if (st != ST_OK)
				return st;
		} else if (errno != EINTR) {
			return ST_NONE;
		}
	}
	return ST_OK;
}

static void reap(struct spawn *p, int *status)
{
	int raw = 0;

	while (waitpid(p->pid, &raw, 0) < 0 && errno == EINTR)
		continue;
	p->pid = 0;
	*status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
}

enum st spawn_wait(struct spawn *p, int64_t timeout_ms, int *status,
    struct err *e)
{
	AUTO_FD end = -1;

	fd_clear(&p->in);
	*status = 0;
	/* Without pidfd_open (Linux before 5.3) it is waited for without an
	 * end. */
	end = pidfd_open(p->pid, 0);
	if (end >= 0 && wait_for(end, POLLIN, timeout_ms, e) != ST_OK) {
		spawn_kill(p);
		return ST_TEMP;
	}
	reap(p, status);
	return ST_OK;
}

static void NORETURN run_for_output(const char *command, int out)
{
	int null = open("/dev/null", O_RDONLY);

	be_a_program();
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 &&
	    dup2(out, STDOUT_FILENO) >= 0)
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(126);
}

/* All that comes until the end of it. */
static enum st read_all(int fd, struct buf *out, int64_t timeout_ms,
    struct err *e)
{
	int64_t deadline = clock_deadline(timeout_ms);
	struct pollfd w = { fd, POLLIN, 0 };
	size_t room;
	ssize_t n = 1;
	char *p;
	int rc;

	while (n != 0) {
		p = buf_room(out, 4096, &room);
		if (p == NULL)
			return err_temp(e, "4.3.0",
			    "it wrote more than %zu octets", out->max);
		rc = poll(&w, 1, clock_left(deadline));
		if (rc < 0)
			return err_temp(e, "4.3.0", "waiting for it: %m");
		if (rc == 0)
			return late(e, timeout_ms);
		n = read(fd, p, room);
		if (n > 0)
			buf_grew(out, (size_t)n);
		else if (n < 0 && errno != EINTR && errno != EAGAIN)
			return err_temp(e, "4.3.0", "read from it: %m");
	}
	return ST_OK;
}

enum st spawn_output(const char *command, struct buf *out, int64_t timeout_ms,
    int *status, struct err *e)
{
	struct spawn p = { 0, -1 };
	AUTO_FD from = -1;
	int fd[2];
	enum st st;

	*status = 0;
	if (pipe2(fd, O_CLOEXEC) != 0)
		return err_temp(e, "4.3.0", "pipe: %m");
	from = fd[0];
	p.pid = fork();
	if (p.pid == 0)
		run_for_output(command, fd[1]);
	close(fd[1]);
	if (p.pid < 0)
		return err_temp(e, "4.3.0", "fork: %m");
	setpgid(p.pid, p.pid);
	st = read_all(from, out, timeout_ms, e);
	if (st == ST_OK)
		st = spawn_wait(&p, timeout_ms, status, e);
	spawn_kill(&p);
	return st;
}

void spawn_kill(struct spawn *p)
{
	int status;

	fd_clear(&p->in);
	if (p->pid <= 0)
		return;
	kill(-p->pid, SIGKILL);
	kill(p->pid, SIGKILL);
	reap(p, &status);
}
