/* instance - the second one. Runs in: parent. */

#include "fetcher/instance.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fetcher/pidfile.h"
#include "fetcher/report.h"
#include "fetcher/status.h"

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
	else if (cli->blocks_wakeup)
		say("can't accept options while a background fetchmail is "
		    "running.");
	else
		return wake_other(cli, &h);
	return PS_EXCLUDE;
}
