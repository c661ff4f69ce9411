/*
 * killat - kill a process at its N-th system call from now.
 *
 * usage: killat PID N
 *
 * "ready" on standard output says that counting has begun. The call with the
 * number N, of whatever thread, is not done any more: "killed NUMBER" is written,
 * the number being the system call's, and the exit status is 0. On SIGTERM it
 * lets the process go on and writes "counted COUNT". With N = 0 it only counts.
 */

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ptrace.h>

#define OPTIONS (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE)

static volatile sig_atomic_t told;

static void on_term(int sig)
{
	(void)sig;
	told = 1;
}

/* Every thread that there is, to be stopped at its next call. */
static int seize_all(long pid)
{
	char path[64];
	const struct dirent *entry;
	pid_t tid;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%ld/task", pid);
	d = opendir(path);
	if (d == NULL)
		return -1;
	while ((entry = readdir(d)) != NULL) {
		tid = (pid_t)strtol(entry->d_name, NULL, 10);
		if (tid <= 0)
			continue;
		if (ptrace(PTRACE_SEIZE, tid, 0L, (long)OPTIONS) != 0 ||
		    ptrace(PTRACE_INTERRUPT, tid, 0L, 0L) != 0) {
			closedir(d);
			return -1;
		}
	}
	closedir(d);
	return 0;
}

/* The number of the system call that tid is about to do, or -1. */
static long long call_of(pid_t tid, int status)
{
	struct __ptrace_syscall_info info = { 0 };

	if (!WIFSTOPPED(status) || WSTOPSIG(status) != (SIGTRAP | 0x80))
		return -1;
	if (ptrace(PTRACE_GET_SYSCALL_INFO, tid, (long)sizeof(info), &info) <=
		0 ||
	    info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return -1;
	return (long long)info.entry.nr;
}

/* What was stopped by a signal of somebody else gets it. */
static long signal_of(int status)
{
	int sig = WSTOPSIG(status);

	return status >> 16 != 0 || sig == (SIGTRAP | 0x80) || sig == SIGTRAP
	    ? 0
	    : sig;
}

static int follow(long pid, long long goal)
{
	long long count = 0, nr;
	int status;
	pid_t tid;

	while (!told) {
		tid = waitpid(-1, &status, __WALL);
		if (tid < 0 && errno == EINTR)
			continue;
		if (tid < 0)
			break; /* all are gone */
		if (!WIFSTOPPED(status))
			continue;
		nr = call_of(tid, status);
		if (nr >= 0 && ++count == goal) {
			kill((pid_t)pid, SIGKILL);
			printf("killed %lld\n", nr);
			return 0;
		}
		ptrace(PTRACE_SYSCALL, tid, 0L, signal_of(status));
	}
	printf("counted %lld\n", count);
	return 0;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_term };
	long pid = argc == 3 ? strtol(argv[1], NULL, 10) : 0;

	if (pid <= 0) {
		fputs("usage: killat PID N\n", stderr);
		return 64;
	}
	sigaction(SIGTERM, &sa, NULL);
	if (seize_all(pid) != 0) {
		perror("killat");
		return 1;
	}
	puts("ready");
	fflush(stdout);
	return follow(pid, strtoll(argv[2], NULL, 10));
}
