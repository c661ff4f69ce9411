/* os - what only Linux has. */

#include "base/os.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/quota.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/str.h"

/* Mount points of a machine with many of them. */
#define MOUNTS_MAX (1 << 20)

/* QCMD() of the header shifts into the sign. */
#define GET_USER_QUOTA ((unsigned)Q_GETQUOTA << SUBCMDSHIFT | USRQUOTA)

#ifndef SYS_quotactl_fd
#define SYS_quotactl_fd 443
#endif

/* The field behind the first n of a line, fields being parted by blanks. */
static struct str field(struct str line, int n)
{
	struct str word = STR_NONE;

	while (n-- >= 0 && str_word(&line, " ", &word))
		continue;
	return word;
}

/* proc(5), mountinfo: "36 35 98:0 /root /mount opts - type /dev/sda1 opts". */
static bool find_device(dev_t dev, char *path, size_t size)
{
	AUTO_BUF text = BUF_MAX(MOUNTS_MAX);
	char want[40];
	struct str rest, line;
	ptrdiff_t dash;

	snprintf(want, sizeof(want), "%u:%u", major(dev), minor(dev));
	if (io_read_file("/proc/self/mountinfo", &text, NULL) != ST_OK)
		return false;
	rest = buf_str(&text);
	while (rest.n != 0) {
		str_cut(&rest, '\n', &line);
		dash = str_search(line, STR(" - "));
		if (dash < 0 || !str_eqc(field(line, 2), want))
			continue;
		line = field(str_skip(line, (size_t)dash + 3), 1);
		snprintf(path, size, "%.*s", STR_ARG(line));
		return line.n != 0 && *line.p == '/';
	}
	return false;
}

/* Kernels before 5.14 want the device instead of a descriptor. */
static bool ask_device(int fd, uid_t uid, struct dqblk *dq)
{
	char device[256];
	struct stat sb;

	return fstat(fd, &sb) == 0 &&
	    find_device(sb.st_dev, device, sizeof(device)) &&
	    quotactl((int)GET_USER_QUOTA, device, (int)uid, (char *)dq) == 0;
}

/* A soft limit counts once it was exceeded for too long. */
static uint64_t limit(uint64_t hard, uint64_t soft, uint64_t grace_end)
{
	bool over = soft != 0 && grace_end != 0 &&
	    (int64_t)grace_end < (int64_t)time(NULL);

	return over ? soft : hard;
}

enum st os_quota(int fd, uid_t uid, struct os_quota *q)
{
	struct dqblk dq;

	memset(&dq, 0, sizeof(dq));
	if (syscall(SYS_quotactl_fd, fd, GET_USER_QUOTA, uid, &dq) != 0 &&
	    ((errno != ENOSYS && errno != EPERM) || !ask_device(fd, uid, &dq)))
		return ST_NONE;
	/* Limits of space are in blocks of 1024 bytes, whatever the disk. */
	q->bytes = dq.dqb_curspace;
	q->bytes_limit =
	    limit(dq.dqb_bhardlimit, dq.dqb_bsoftlimit, dq.dqb_btime) * 1024;
	q->inodes = dq.dqb_curinodes;
	q->inodes_limit =
	    limit(dq.dqb_ihardlimit, dq.dqb_isoftlimit, dq.dqb_itime);
	return ST_OK;
}

int os_open_beneath(int base, const char *path, int flags, mode_t mode)
{
	struct open_how how = { .flags = (unsigned)flags,
		.mode = (flags & O_CREAT) != 0 ? mode : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };

	return (int)syscall(SYS_openat2, base, path, &how, sizeof(how));
}

bool os_has_beneath(void)
{
	AUTO_FD fd = os_open_beneath(AT_FDCWD, ".", O_PATH | O_CLOEXEC, 0);

	return fd >= 0 || errno != ENOSYS;
}

bool os_rename_new(int base, const char *from, const char *to)
{
	return renameat2(base, from, base, to, RENAME_NOREPLACE) == 0;
}

void os_ack_now(int fd)
{
	int on = 1;

	/* It is no matter when it cannot be had. */
	setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
}
