/* short - in front of the C library of a worker: half of the calls are
 * interrupted, and the others write and read half of what they were asked. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

typedef ssize_t write_fn(int fd, const void *p, size_t n);
typedef ssize_t pread_fn(int fd, void *p, size_t n, off_t at);

static atomic_uint calls;

static int interrupted(void)
{
	if (atomic_fetch_add(&calls, 1) % 2 == 0)
		return 0;
	errno = EINTR;
	return 1;
}

static int is_worker(void)
{
	char name[17] = "";

	return prctl(PR_GET_NAME, name) == 0 && strcmp(name, "vd-worker") == 0;
}

static int is_file(int fd)
{
	struct stat sb;

	return fstat(fd, &sb) == 0 && S_ISREG(sb.st_mode);
}

ssize_t write(int fd, const void *p, size_t n)
{
	write_fn *real = (write_fn *)dlsym(RTLD_NEXT, "write");

	if (!is_worker() || !is_file(fd))
		return real(fd, p, n);
	return interrupted() ? -1 : real(fd, p, n / 2 + n % 2);
}

ssize_t pread(int fd, void *p, size_t n, off_t at)
{
	pread_fn *real = (pread_fn *)dlsym(RTLD_NEXT, "pread");

	if (!is_worker())
		return real(fd, p, n, at);
	return interrupted() ? -1 : real(fd, p, n / 2 + n % 2, at);
}
