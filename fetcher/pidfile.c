/* pidfile - the lock of a running fetcher. */

#include "fetcher/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/num.h"
#include "fetcher/report.h"

void pidfile_read(const char *path, struct pidfile_holder *h)
{
	AUTO_BUF text = BUF_MAX(256);
	struct str rest, first;
	uint64_t pid = 0;

	*h = (struct pidfile_holder){ 0, false };
	if (access(path, F_OK) != 0)
		return;
	if (io_read_file(path, &text, NULL) == ST_OK) {
		rest = buf_str(&text);
		str_cut(&rest, '\n', &first);
		if (num_u64(str_trim(first), INT32_MAX, &pid) && pid > 1 &&
		    (kill((pid_t)pid, 0) == 0 || errno == EPERM)) {
			h->pid = (pid_t)pid;
			h->background = str_trim(rest).n != 0;
			return;
		}
	}
	report_error("removing stale lockfile \"%s\"", path);
	unlink(path);
}

/* Its content is there as soon as its name is: nobody takes it for stale. */
static bool make(const char *temp, const char *path, const char *text)
{
	AUTO_FD fd = open(temp,
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	return fd >= 0 && io_write_full(fd, text, strlen(text)) &&
	    link(temp, path) == 0;
}

enum st pidfile_take(const char *path, long interval, struct err *e)
{
	AUTO_BUF temp = BUF_MAX(PATH_MAX);
	char text[64];
	long pid = (long)getpid();
	bool ok;

	snprintf(text, sizeof(text), "%ld\n", pid);
	if (interval > 0)
		snprintf(text, sizeof(text), "%ld\n%ld\n", pid, interval);
	buf_setf(&temp, "%s.%ld", path, pid);
	ok = make(buf_c(&temp), path, text);
	if (!ok)
		err_temp(e, "", "lock creation failed, pidfile \"%s\": %m",
		    path);
	unlink(buf_c(&temp));
	return ok ? ST_OK : ST_TEMP;
}

void pidfile_release(const char *path)
{
	unlink(path);
}
