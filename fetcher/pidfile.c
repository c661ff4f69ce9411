/* pidfile - the lock of a running fetcher. */

#include "fetcher/pidfile.h"

#include <errno.h>
#include <fcntl.h>
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

enum st pidfile_take(const char *path, long interval, struct err *e)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	AUTO_FD fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (interval > 0)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "%ld\n",
		    interval);
	if (fd < 0 || !io_write_full(fd, text, (size_t)n))
		return err_temp(e, "",
		    "lock creation failed, pidfile \"%s\": "
		    "%m",
		    path);
	return ST_OK;
}

void pidfile_release(const char *path)
{
	unlink(path);
}
