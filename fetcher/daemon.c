/* daemon - background, sleep, signals. Runs in: parent. */

#include "fetcher/daemon.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"

/* What the handlers may touch. */
static volatile sig_atomic_t ended_by, woken_by;

static int ready_fd = -1;

static void on_end(int sig)
{
	ended_by = sig;
}

static void on_wake(int sig)
{
	woken_by = sig;
}

static void catch (int sig, void (*fn)(int))
{
	struct sigaction sa = { .sa_handler = fn };

	sigaction(sig, &sa, NULL);
}

static void set_caught(sigset_t *caught)
{
	sigemptyset(caught);
	sigaddset(caught, SIGTERM);
	sigaddset(caught, SIGINT);
	sigaddset(caught, SIGHUP);
	sigaddset(caught, SIGUSR1);
}

/* Signals come only while we wait: none is lost between look and wait. */
static void block(sigset_t *before)
{
	sigset_t caught;

	set_caught(&caught);
	sigprocmask(SIG_BLOCK, &caught, before);
}

void daemon_hold(bool on)
{
	sigset_t caught;

	set_caught(&caught);
	sigprocmask(on ? SIG_BLOCK : SIG_UNBLOCK, &caught, NULL);
}

void daemon_signals(bool background)
{
	catch (SIGTERM, on_end);
	catch (SIGINT, on_end);
	catch (SIGHUP, background &&getuid() == 0 ? on_wake : on_end);
	catch (SIGUSR1, background ? on_wake : SIG_IGN);
	catch (SIGPIPE, SIG_IGN);
	daemon_hold(false);
}

void daemon_signals_reset(void)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1 };
	size_t i;

	for (i = 0; i < NELEM(signals); i++)
		catch (signals[i], SIG_DFL);
}

int daemon_ended_by(void)
{
	return ended_by;
}

/* The first process: it exits as the other one says. */
static void NORETURN wait_ready(int fd)
{
	unsigned char status = 1;

	if (io_read_full(fd, &status, 1) != 1)
		status = 1;
	_exit(status);
}

enum st daemon_detach(struct err *e)
{
	int fd[2];
	pid_t pid;

	if (pipe2(fd, O_CLOEXEC) != 0)
		return err_temp(e, "", "pipe: %m");
	pid = fork();
	if (pid < 0)
		return err_temp(e, "", "fork: %m");
	if (pid > 0) {
		close(fd[1]);
		wait_ready(fd[0]);
	}
	close(fd[0]);
	ready_fd = fd[1];
	if (setsid() < 0)
		return err_temp(e, "", "setsid: %m");
	return ST_OK;
}

void daemon_ready(int status)
{
	unsigned char byte = (unsigned char)status;
	AUTO_FD null = -1;
	bool told;

	if (ready_fd < 0)
		return;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
	}
	told = io_write_full(ready_fd, &byte, 1);
	(void)told; /* a parent that is gone needs no answer */
	fd_clear(&ready_fd);
}

static int wait_open(struct pollfd *p, size_t n, int64_t deadline,
    const sigset_t *before)
{
	int64_t left = deadline - clock_ms();
	struct timespec t;

	if (left < 0)
		left = 0;
	t = (struct timespec){ left / 1000, left % 1000 * 1000000 };
	return ppoll(p, (nfds_t)n, &t, before);
}

enum daemon_event daemon_wait(struct pollfd *p, size_t n, int64_t deadline)
{
	static sig_atomic_t told; /* this end was told of */
	sigset_t before;
	int rc = -1;

	block(&before);
	while (rc < 0 && told == ended_by)
		rc = wait_open(p, n, deadline, &before);
	if (rc < 0)
		told = ended_by;
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (rc < 0)
		return DAEMON_SIGNAL;
	return rc > 0 ? DAEMON_READABLE : DAEMON_TIMEOUT;
}

int daemon_sleep(int64_t seconds)
{
	int64_t deadline = clock_deadline(seconds * 1000);
	sigset_t before;
	int sig;

	block(&before);
	while (ended_by == 0 && woken_by == 0 && clock_ms() < deadline)
		wait_open(NULL, 0, deadline, &before);
	sig = ended_by != 0 ? ended_by : woken_by;
	woken_by = 0;
	sigprocmask(SIG_SETMASK, &before, NULL);
	return sig;
}
