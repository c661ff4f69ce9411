/* instance - the second one. Runs in: parent. */

#include "fetcher/instance.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "fetcher/pidfile.h"
#include "fetcher/report.h"
#include "fetcher/status.h"

#define ARGS_MAX  65536
#define WORDS_MAX 200
/* Whoever asked to quit and to go on waits so long for the other's end. */
#define QUIT_TENTHS 100

static const char *kind(const struct pidfile_holder *h)
{
	return h->background ? "background" : "foreground";
}

static void PRINTF(1, 2) say(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s: ", report_prog());
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

static int quit_other(const struct cli *cli, const struct pidfile_holder *h)
{
	struct timespec pause = { 0, 100000000 };
	int i;

	if (kill(h->pid, SIGTERM) != 0) {
		say("error killing %s fetchmail at %ld: %s", kind(h),
		    (long)h->pid, strerror(errno));
		return PS_EXCLUDE;
	}
	say("%s fetchmail at %ld killed.", kind(h), (long)h->pid);
	if (cli->quit_only)
		return PS_SUCCESS;
	for (i = 0; i < QUIT_TENTHS && kill(h->pid, 0) == 0; i++)
		nanosleep(&pause, NULL);
	return -1;
}

static int wake_other(const struct cli *cli, const struct pidfile_holder *h)
{
	if (kill(h->pid, SIGUSR1) != 0) {
		say("fetchmail at %ld cannot be awakened: %s", (long)h->pid,
		    strerror(errno));
		return PS_EXCLUDE;
	}
	if (!cli->silent)
		say("background fetchmail at %ld awakened.", (long)h->pid);
	return PS_SUCCESS;
}

/* --- does it run with the files that we were told of? --------------------- */

/* A name says the same thing to both of us when it is a whole path. */
static bool is_same(const char *ours, const char *theirs)
{
	return ours == NULL ||
	    (theirs != NULL && ours[0] == '/' && strcmp(ours, theirs) == 0);
}

static bool has_same_files(const struct cli *ours, const struct cli *theirs)
{
	static const enum option_id ids[] = { OPT_IDFILE, OPT_PIDFILE,
		OPT_LOGFILE };
	bool same = is_same(ours->rc, theirs->rc);
	size_t i;

	for (i = 0; i < NELEM(ids); i++)
		same &= is_same(opt_text(&ours->opts, ids[i]),
		    opt_text(&theirs->opts, ids[i]));
	return same;
}

/* Its arguments, from the kernel. */
static bool runs_with_them(const struct cli *ours, pid_t pid)
{
	AUTO_BUF text = BUF_MAX(ARGS_MAX);
	AUTO_ARENA mem = { 0 };
	char path[64], *words[WORDS_MAX + 1];
	struct cli theirs;
	struct str rest, word;
	int n = 0;

	snprintf(path, sizeof(path), "/proc/%ld/cmdline", (long)pid);
	if (io_read_file(path, &text, NULL) != ST_OK)
		return false;
	for (rest = buf_str(&text); rest.n != 0 && n < WORDS_MAX;) {
		str_cut(&rest, '\0', &word);
		words[n++] = arena_strz(&mem, word);
	}
	words[n] = NULL;
	return n > 0 && cli_parse(&theirs, n, words, &mem) < 0 &&
	    has_same_files(ours, &theirs);
}

static bool may_wake(const struct cli *cli, pid_t pid)
{
	return !cli->blocks_wakeup &&
	    (!cli->names_files || runs_with_them(cli, pid));
}

static void refuse_options(const struct cli *cli)
{
	int i;

	say("can't accept options while a background fetchmail is running.");
	for (i = 1; cli->argv != NULL && cli->argv[i] != NULL; i++)
		fprintf(stderr, "arg %d = \"%s\"\n", i, cli->argv[i]);
}

/* The cases in order, as fetchmail has them. */
int instance_check(const struct cli *cli, const char *pidfile)
{
	struct pidfile_holder h;
	long pid;

	pidfile_read(pidfile, &h);
	pid = (long)h.pid;
	if (h.pid == 0 || h.pid == getpid()) {
		if (!cli->quit_only)
			return -1;
		say("no other fetchmail is running");
		return PS_EXCLUDE;
	}
	if (cli->quit)
		return quit_other(cli, &h);
	if (cli->check)
		say("can't check mail while another fetchmail to same host "
		    "is running.");
	else if (cli->n != 0)
		say("can't poll specified hosts with another fetchmail "
		    "running at %ld.",
		    pid);
	else if (!h.background)
		say("another foreground fetchmail is running at %ld.", pid);
	else if (!may_wake(cli, h.pid))
		refuse_options(cli);
	else
		return wake_other(cli, &h);
	return PS_EXCLUDE;
}
