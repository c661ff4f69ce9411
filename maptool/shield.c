/* shield - a child does it, and may die of it. */

#include "maptool/shield.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/macros.h"

/* What a user or the system sends to who runs the program: the child gets it. */
static const int passed_on[] = { SIGHUP, SIGINT, SIGTERM, SIGQUIT };

/* How the library dies of a damaged file. */
static bool is_crash(int sig)
{
	return sig == SIGSEGV || sig == SIGBUS || sig == SIGFPE ||
	    sig == SIGABRT || sig == SIGILL || sig == SIGXCPU;
}

static void NORETURN child(int (*fn)(const void *), const void *arg,
    unsigned cpu_seconds)
{
	struct rlimit cpu = { cpu_seconds, cpu_seconds + 1 };
	struct rlimit core = { 0, 0 };

	if (setrlimit(RLIMIT_CPU, &cpu) != 0 ||
	    setrlimit(RLIMIT_CORE, &core) != 0)
		log_warn("setrlimit: %m");
	exit(fn(arg));
}

/* Wait, and pass signals on. */
static int wait_for(pid_t pid, const sigset_t *watched)
{
	int status, sig;

	for (;;) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
		sig = sigwaitinfo(watched, NULL);
		if (sig > 0 && sig != SIGCHLD)
			kill(pid, sig);
	}
}

static void NORETURN die_of(int sig)
{
	sigset_t one;

	signal(sig, SIG_DFL);
	sigemptyset(&one);
	sigaddset(&one, sig);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	raise(sig);
	_exit(128 + sig);
}

int shield_run(int (*fn)(const void *arg), const void *arg, const char *what,
    unsigned cpu_seconds)
{
	sigset_t watched, old;
	int status;
	size_t i;
	pid_t pid;

	fflush(stdout);
	sigemptyset(&watched);
	sigaddset(&watched, SIGCHLD);
	for (i = 0; i < NELEM(passed_on); i++)
		sigaddset(&watched, passed_on[i]);
	sigprocmask(SIG_BLOCK, &watched, &old);
	pid = fork();
	if (pid < 0)
		log_fatal("fork: %m");
	if (pid == 0) {
		sigprocmask(SIG_SETMASK, &old, NULL);
		child(fn, arg, cpu_seconds);
	}
	status = wait_for(pid, &watched);
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	if (is_crash(WTERMSIG(status)))
		log_fatal("%s is damaged, build it again from its source: the "
			  "database library ended by signal %d (%s)",
		    what, WTERMSIG(status), strsignal(WTERMSIG(status)));
	die_of(WTERMSIG(status));
}
