/* short - in front of the C library of a worker: half of the calls are
 * interrupted, and the others write and read half of what they were asked. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

typedef ssize_t write_fn(int fd, const void *p, size_t n);
typedef ssize_t pread_fn(int fd, void *p, size_t n, off_t at);

typedef int prctl_fn(int op, ...);

static atomic_uint calls;
static int is_worker;

static int interrupted(void)
{
	if (atomic_fetch_add(&calls, 1) % 2 == 0)
		return 0;
	errno = EINTR;
	return 1;
}

/* The name is given once; asking for it is a call that not all may do. */
int prctl(int op, ...)
{
	prctl_fn *real = (prctl_fn *)dlsym(RTLD_NEXT, "prctl");
	unsigned long a[4];
	va_list ap;
	int i;

	va_start(ap, op);
	for (i = 0; i < 4; i++)
		a[i] = va_arg(ap, unsigned long);
	va_end(ap);
	if (op == PR_SET_NAME)
		is_worker = strcmp((const char *)a[0], "vd-worker") == 0;
	return real(op, a[0], a[1], a[2], a[3]);
}

static int is_file(int fd)
{
	struct stat sb;

	return fstat(fd, &sb) == 0 && S_ISREG(sb.st_mode);
}

ssize_t write(int fd, const void *p, size_t n)
{
	write_fn *real = (write_fn *)dlsym(RTLD_NEXT, "write");

	if (!is_worker || !is_file(fd))
		return real(fd, p, n);
	return interrupted() ? -1 : real(fd, p, n / 2 + n % 2);
}

ssize_t pread(int fd, void *p, size_t n, off_t at)
{
	pread_fn *real = (pread_fn *)dlsym(RTLD_NEXT, "pread");

	if (!is_worker)
		return real(fd, p, n, at);
	return interrupted() ? -1 : real(fd, p, n / 2 + n % 2, at);
}
