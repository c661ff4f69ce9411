/* sandbox - seccomp lists, one a kind of process, and Landlock. Linux only. */

#include "priv/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef SANITIZED
#define SANDBOX_ON false
#else
#define SANDBOX_ON true
#endif

#include "base/io.h"
#include "base/macros.h"

#define CALL(name) SCMP_SYS(name)

static const int front_calls[] = {
	/* sockets and messages */
	CALL(accept4),
	CALL(recvmsg),
	CALL(sendmsg),
	CALL(recvfrom),
	CALL(sendto),
	CALL(shutdown),
	CALL(getsockopt),
	CALL(setsockopt),
	CALL(getpeername),
	CALL(getsockname),
	CALL(read),
	CALL(write),
	CALL(readv),
	CALL(writev),
	CALL(close),
	CALL(fcntl),
	CALL(poll),
	/* bodies in memory files */
	CALL(memfd_create),
	CALL(pwrite64),
	CALL(pread64),
	CALL(lseek),
	CALL(ftruncate),
	CALL(fstat),
	CALL(newfstatat),
	CALL(dup),
	/* the loop */
	CALL(epoll_create1),
	CALL(epoll_ctl),
	CALL(epoll_wait),
	CALL(epoll_pwait),
	CALL(eventfd2),
	CALL(timerfd_create),
	CALL(timerfd_settime),
	CALL(clock_gettime),
	CALL(clock_nanosleep),
	CALL(gettimeofday),
	CALL(restart_syscall),
	CALL(nanosleep),
	/* memory, signals, the end */
	CALL(brk),
	CALL(mmap),
	CALL(munmap),
	CALL(mremap),
	CALL(mprotect),
	CALL(madvise),
	CALL(futex),
	CALL(getrandom),
	CALL(rt_sigaction),
	CALL(rt_sigprocmask),
	CALL(rt_sigreturn),
	CALL(sigaltstack),
	CALL(getpid),
	CALL(gettid),
	CALL(getuid),
	CALL(tgkill),
	CALL(exit),
	CALL(exit_group),
};

/* On top of these. */
static const int relay_calls[] = {
	CALL(socket),
	CALL(connect),
};

static int allow(scmp_filter_ctx ctx, const int *calls, size_t n)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < n && rc == 0; i++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 0);
	return rc;
}

static enum st confine(const int *more, size_t n, struct err *e)
{
	scmp_filter_ctx ctx;
	int rc;

	if (!SANDBOX_ON)
		return ST_OK;
	ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (ctx == NULL)
		return err_temp(e, "4.3.0", "seccomp is not there");
	rc = allow(ctx, front_calls, NELEM(front_calls));
	if (rc == 0)
		rc = allow(ctx, more, n);
	/* libc asks whether a stream is a terminal: no, and no harm. */
	if (rc == 0)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOTTY),
		    SCMP_SYS(ioctl), 0);
	if (rc == 0)
		rc = seccomp_load(ctx);
	seccomp_release(ctx);
	if (rc != 0) {
		errno = -rc;
		return err_temp(e, "4.3.0", "seccomp: %m");
	}
	return ST_OK;
}

enum st sandbox_front(struct err *e)
{
	return confine(NULL, 0, e);
}

enum st sandbox_relay(struct err *e)
{
	return confine(relay_calls, NELEM(relay_calls), e);
}

/* --- Landlock: landlock(7) ----------------------------------------------- */

#define FIRST_ABI 2

/* All that a kernel can restrict, by the ABI that brought it. */
static const struct {
	int abi;
	uint64_t rights;
} rights[] = {
	{ 1,
	    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
		LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
		LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
		LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
		LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
		LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
		LANDLOCK_ACCESS_FS_MAKE_SYM },
	{ 2, (uint64_t)1 << 13 }, /* REFER: rename between directories */
	{ 3, (uint64_t)1 << 14 }, /* TRUNCATE */
};

static int landlock_abi(void)
{
	return (int)syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
}

bool sandbox_has_store(void)
{
	return landlock_abi() >= FIRST_ABI;
}

enum st sandbox_store(int base, struct err *e)
{
	struct landlock_ruleset_attr set = { 0 };
	struct landlock_path_beneath_attr beneath = { .parent_fd = base };
	AUTO_FD fd = -1;
	int abi = landlock_abi();
	size_t i;

	if (abi < FIRST_ABI)
		return ST_NONE;
	for (i = 0; i < NELEM(rights); i++)
		if (rights[i].abi <= abi)
			set.handled_access_fs |= rights[i].rights;
	beneath.allowed_access = set.handled_access_fs;
	fd = (int)syscall(SYS_landlock_create_ruleset, &set,
	    sizeof(set.handled_access_fs), 0);
	if (fd < 0 ||
	    syscall(SYS_landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH,
		&beneath, 0) != 0 ||
	    syscall(SYS_landlock_restrict_self, fd, 0) != 0)
		return err_temp(e, "4.3.0", "Landlock: %m");
	return ST_OK;
}
