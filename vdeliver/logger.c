/* logger - log lines of all processes to syslog or a file. Runs in: logger. */

#include "vdeliver/logger.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "priv/ipc.h"
#include "vdeliver/wire.h"

/* The kernel has room again some time. */
#define SHORT_MS 50

static const struct {
	const char *name;
	int facility;
} facilities[] = {
	{ "auth", LOG_AUTH },
	{ "authpriv", LOG_AUTHPRIV },
	{ "cron", LOG_CRON },
	{ "daemon", LOG_DAEMON },
	{ "ftp", LOG_FTP },
	{ "kern", LOG_KERN },
	{ "lpr", LOG_LPR },
	{ "mail", LOG_MAIL },
	{ "news", LOG_NEWS },
	{ "syslog", LOG_SYSLOG },
	{ "user", LOG_USER },
	{ "uucp", LOG_UUCP },
	{ "local0", LOG_LOCAL0 },
	{ "local1", LOG_LOCAL1 },
	{ "local2", LOG_LOCAL2 },
	{ "local3", LOG_LOCAL3 },
	{ "local4", LOG_LOCAL4 },
	{ "local5", LOG_LOCAL5 },
	{ "local6", LOG_LOCAL6 },
	{ "local7", LOG_LOCAL7 },
};

static const int severities[] = {
	[LOG_INFORM] = LOG_INFO,
	[LOG_WARN] = LOG_WARNING,
	[LOG_ERROR] = LOG_ERR,
	[LOG_FATAL] = LOG_CRIT,
	[LOG_PANIC] = LOG_CRIT,
};

/* Of this process; its threads log, too. */
static struct {
	int fd, patience_ms;
	atomic_uint dropped; /* since there was room; not 0: nobody waits */
} way;

/* False: the logger is behind, and patience is over. */
static bool send_line(const struct ipc_out *o, bool *gone)
{
	struct pollfd p = { .fd = way.fd, .events = POLLOUT };
	int64_t end = clock_ms() + way.patience_ms, left;
	enum ipc_st st;

	*gone = false;
	for (;;) {
		st = ipc_send_now(way.fd, o);
		*gone = st == IPC_GONE;
		if (st == IPC_OK || st == IPC_GONE)
			return st == IPC_OK;
		left = end - clock_ms();
		if (left <= 0 || atomic_load(&way.dropped) != 0)
			return false;
		/* The kernel may be short of room, which poll does not see. */
		poll(&p, 1, st == IPC_SHORT ? 0 : (int)left);
		if (st == IPC_SHORT)
			poll(NULL, 0, SHORT_MS);
	}
}

static void put_line(struct ipc_out *o, enum log_level level, const char *tag,
    const char *line)
{
	ipc_begin(o, W_LOG);
	ipc_put_u32(o, (uint32_t)level);
	ipc_put_u32(o, (uint32_t)getpid());
	ipc_put_str(o, str_c(tag));
	ipc_put_str(o, str_c(line));
}

/* False when there is no room for that either. */
static bool tell_dropped(const char *tag)
{
	AUTO_IPC_OUT o = IPC_OUT;
	unsigned n = atomic_load(&way.dropped);
	char text[120];

	if (n == 0)
		return true;
	snprintf(text, sizeof(text),
	    "warning: the log was behind: %u lines were dropped", n);
	put_line(&o, LOG_WARN, tag, text);
	if (ipc_send_now(way.fd, &o) != IPC_OK)
		return false;
	atomic_fetch_sub(&way.dropped, n);
	return true;
}

static void to_logger(enum log_level level, const char *tag, const char *line,
    void *arg)
{
	AUTO_IPC_OUT o = IPC_OUT;
	bool gone = false;

	(void)arg;
	put_line(&o, level, tag, line);
	if (tell_dropped(tag) && send_line(&o, &gone))
		return;
	/* Without a logger they go to stderr, the last resort. */
	if (gone)
		dprintf(STDERR_FILENO, "%s: %s\n", tag, line);
	else
		atomic_fetch_add(&way.dropped, 1);
}

void logger_attach(int fd, int patience_ms)
{
	way.fd = fd;
	way.patience_ms = patience_ms;
	log_to_sink(to_logger, NULL);
	log_to_stderr(false);
}

/* What is our standard output already may not be ours to open: a container's
 * pipe, a file of who started us. */
static int open_log(const char *path, mode_t mode)
{
	int flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY;
	int fd;

	if (strcmp(path, "/dev/stdout") == 0)
		return fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
	if (strcmp(path, "/dev/stderr") == 0)
		return fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
	/* A file that is there keeps its mode. */
	fd = open(path, flags | O_CREAT | O_EXCL, 0600);
	if (fd >= 0 && fchmod(fd, mode) != 0)
		fd_clear(&fd);
	else if (fd < 0 && errno == EEXIST)
		fd = open(path, flags | O_CREAT, 0600);
	return fd;
}

static bool parse_mode(const char *text, mode_t *mode)
{
	static const struct {
		const char *text;
		mode_t mode;
	} modes[] = { { "0600", 0600 }, { "0640", 0640 }, { "0644", 0644 } };
	size_t i;

	for (i = 0; i < NELEM(modes); i++)
		if (strcmp(text, modes[i].text) == 0) {
			*mode = modes[i].mode;
			return true;
		}
	return false;
}

enum st logger_check_settings(const struct settings *set, struct err *e)
{
	int facility;
	mode_t mode;

	if (!logger_facility(set->syslog_facility, &facility))
		return err_temp(e, "",
		    "parameter syslog_facility: unrecognized value: %s",
		    set->syslog_facility);
	if (!parse_mode(set->maillog_file_permissions, &mode))
		return err_temp(e, "",
		    "parameter maillog_file_permissions: %s is none of 0600, "
		    "0640, 0644",
		    set->maillog_file_permissions);
	return ST_OK;
}

enum st logger_open_file(const struct settings *set, uid_t uid, gid_t gid,
    int *file, struct err *e)
{
	const char *path = set->maillog_file;
	struct str prefixes = str_c(set->maillog_file_prefixes), one;
	bool allowed = false;
	mode_t mode = 0600;

	*file = -1;
	if (path[0] == '\0')
		return ST_OK;
	while (str_word(&prefixes, ", \t\r\n", &one))
		allowed |= str_starts(str_c(path), one);
	if (!allowed)
		return err_temp(e, "",
		    "parameter value 'maillog_file' = '%s' "
		    "does not match any prefix in maillog_file_prefixes",
		    path);
	if (!parse_mode(set->maillog_file_permissions, &mode))
		bug("a mode that was not checked");
	AUTO_FD fd = open_log(path, mode);
	struct stat sb;

	if (fd < 0)
		return err_temp(e, "", "open maillog_file %s: %m", path);
	if (geteuid() == 0 && !str_starts(str_c(path), STR("/dev/")) &&
	    fstat(fd, &sb) == 0 && S_ISREG(sb.st_mode) && sb.st_uid != uid &&
	    fchown(fd, uid, gid) != 0)
		return err_temp(e, "", "chown maillog_file %s: %m", path);
	*file = fd_take(&fd);
	return ST_OK;
}

/* "Nov 24 03:04:45 mx postfix/virtual[123]: text" */
static void to_file(const struct settings *set, int file, uint32_t pid,
    struct str tag, struct str line)
{
	char text[LOG_LINE_MAX + 400], when[32];
	time_t now = clock_seconds();
	struct tm tm;
	int n;

	localtime_r(&now, &tm);
	strftime(when, sizeof(when), "%b %e %T", &tm);
	n = snprintf(text, sizeof(text), "%s %.*s %.*s[%u]: %.*s\n", when,
	    (int)strcspn(set->myhostname, "."), set->myhostname, STR_ARG(tag),
	    pid, STR_ARG(line));
	if (!io_write_full(file, text, (size_t)n))
		dprintf(STDERR_FILENO, "maillog_file: %s: %s", strerror(errno),
		    text);
}

/* RFC 3164 as syslog(3) writes it, with the tag and pid of the sender. */
static void to_syslog(int *sock, int pri, uint32_t pid, struct str tag,
    struct str line)
{
	static const struct sockaddr_un at = { .sun_family = AF_UNIX,
		.sun_path = "/dev/log" };
	char text[LOG_LINE_MAX + 400], when[32];
	time_t now = clock_seconds();
	struct tm tm;
	int n, i;

	localtime_r(&now, &tm);
	strftime(when, sizeof(when), "%b %e %T", &tm);
	n = snprintf(text, sizeof(text), "<%d>%s %.*s[%u]: %.*s", pri, when,
	    STR_ARG(tag), pid, STR_ARG(line));
	for (i = 0; i < 2; i++) {
		if (*sock < 0)
			*sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (sendto(*sock, text, (size_t)n, MSG_NOSIGNAL,
			(const struct sockaddr *)&at, sizeof(at)) >= 0)
			return;
		fd_clear(sock);
	}
}

bool logger_facility(const char *name, int *facility)
{
	size_t i;

	for (i = 0; i < NELEM(facilities); i++) {
		if (strcmp(facilities[i].name, name) != 0)
			continue;
		*facility = facilities[i].facility;
		return true;
	}
	return false;
}

void logger_run(const struct settings *set, int fd, int file)
{
	static struct ipc_in in = { .fd = -1 };
	int base = LOG_MAIL, sock = -1;
	uint32_t level, pid;
	struct str tag, line;

	if (!logger_facility(set->syslog_facility, &base))
		bug("syslog_facility was not checked");
	while (ipc_recv(fd, &in) == IPC_OK) {
		level = ipc_get_u32(&in);
		pid = ipc_get_u32(&in);
		tag = ipc_get_str(&in);
		line = ipc_get_str(&in);
		if (!ipc_in_ok(&in) || level >= NELEM(severities))
			continue; /* a child gone bad cannot stop the log */
		if (file >= 0)
			to_file(set, file, pid, tag, line);
		else
			to_syslog(&sock, base | severities[level], pid, tag,
			    line);
	}
	_exit(0);
}
