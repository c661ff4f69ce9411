/* test_instance - the lock file, and what a second one does: a table. */

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/macros.h"
#include "fetcher/instance.h"
#include "fetcher/pidfile.h"
#include "fetcher/report.h"
#include "fetcher/status.h"

static char dir[] = "/tmp/test_instance.XXXXXX";
static char path[64];

static void put(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fputs(text, f) < 0, 0);
	fclose(f);
}

static void put_pid(pid_t pid, const char *more)
{
	char text[64];

	snprintf(text, sizeof(text), "%ld\n%s", (long)pid, more);
	put(text);
}

/* Someone who waits for a signal; its number is the exit status. */
static pid_t start_other(void)
{
	sigset_t all;
	pid_t pid;
	int sig = 0;

	sigfillset(&all);
	assert_int_equal(sigprocmask(SIG_SETMASK, &all, NULL), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		sigwait(&all, &sig);
		_exit(sig);
	}
	sigemptyset(&all);
	assert_int_equal(sigprocmask(SIG_SETMASK, &all, NULL), 0);
	return pid;
}

/* The signal it got, 0 for none. Ends it by one that is taken last. */
static int end_other(pid_t pid)
{
	int status;

	assert_int_equal(kill(pid, SIGWINCH), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status) == SIGWINCH ? 0 : WEXITSTATUS(status);
}

/* What is said on stderr meanwhile. */
static int check(const struct cli *cli, struct buf *said)
{
	int err = dup(2), fd = open(dir, O_TMPFILE | O_RDWR, 0600), rc;
	char text[1000];
	ssize_t n;

	assert_true(err >= 0 && fd >= 0);
	dup2(fd, 2);
	rc = instance_check(cli, path);
	fflush(stderr);
	dup2(err, 2);
	close(err);
	n = pread(fd, text, sizeof(text), 0);
	assert_true(n >= 0);
	buf_set(said, (struct str){ text, (size_t)n });
	close(fd);
	return rc;
}

static char *some_server[] = { (char *)"host" };

/* In the order in which they are tested. */
static const struct {
	struct cli cli;
	bool background;
	int rc, signal;
	const char *said; /* %ld is the pid */
} cases[] = {
	{ { .quit = true, .quit_only = true, .blocks_wakeup = true }, true,
	    PS_SUCCESS, SIGTERM,
	    "fetcher: background fetchmail at %ld killed.\n" },
	{ { .quit = true, .quit_only = true, .check = true }, false, PS_SUCCESS,
	    SIGTERM, "fetcher: foreground fetchmail at %ld killed.\n" },
	{ { .check = true, .n = 1, .servers = some_server }, true, PS_EXCLUDE,
	    0,
	    "fetcher: can't check mail while another fetchmail to same host is "
	    "running.\n" },
	{ { .n = 1, .servers = some_server }, false, PS_EXCLUDE, 0,
	    "fetcher: can't poll specified hosts with another fetchmail running "
	    "at %ld.\n" },
	{ { .n = 0 }, false, PS_EXCLUDE, 0,
	    "fetcher: another foreground fetchmail is running at %ld.\n" },
	{ { .blocks_wakeup = true }, false, PS_EXCLUDE, 0,
	    "fetcher: another foreground fetchmail is running at %ld.\n" },
	{ { .blocks_wakeup = true }, true, PS_EXCLUDE, 0,
	    "fetcher: can't accept options while a background fetchmail is "
	    "running.\n" },
	{ { .n = 0 }, true, PS_SUCCESS, SIGUSR1,
	    "fetcher: background fetchmail at %ld awakened.\n" },
	{ { .silent = true }, true, PS_SUCCESS, SIGUSR1, "" },
};

static void test_table(void **state)
{
	AUTO_BUF said = BUF_MAX(1000);
	AUTO_BUF want = BUF_MAX(1000);
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		pid_t other = start_other();
		const char *at = strstr(cases[i].said, "%ld");

		put_pid(other, cases[i].background ? "300\n" : "");
		assert_int_equal(check(&cases[i].cli, &said), cases[i].rc);
		buf_setf(&want, "%.*s",
		    at != NULL ? (int)(at - cases[i].said) : 200,
		    cases[i].said);
		if (at != NULL)
			buf_addf(&want, "%ld%s", (long)other, at + 3);
		assert_string_equal(buf_c(&said), buf_c(&want));
		assert_int_equal(end_other(other), cases[i].signal);
	}
	unlink(path);
}

static const char *const stale[] = { "", "\n", "no number\n", "0\n", "-1\n",
	"1\n2\n3\n" /* pid 1 is never ours */, "99999999999\n" };

static void test_stale(void **state)
{
	struct report_how how = { "fetcher", REPORT_NORMAL, false, -1, false };
	AUTO_BUF said = BUF_MAX(1000);
	struct cli cli = { 0 };
	size_t i;
	pid_t gone;

	(void)state;
	report_init(&how);
	for (i = 0; i <= NELEM(stale); i++) {
		if (i < NELEM(stale)) {
			put(stale[i]);
		} else {
			gone = start_other();
			end_other(gone);
			put_pid(gone, "");
		}
		assert_int_equal(check(&cli, &said), -1);
		assert_non_null(
		    strstr(buf_c(&said), "removing stale lockfile"));
		assert_int_not_equal(access(path, F_OK), 0);
	}
}

static void test_nobody(void **state)
{
	AUTO_BUF said = BUF_MAX(1000);
	struct cli cli = { 0 };

	(void)state;
	assert_int_equal(check(&cli, &said), -1);
	assert_int_equal(said.n, 0);
	cli.quit = cli.quit_only = true;
	assert_int_equal(check(&cli, &said), PS_EXCLUDE);
	assert_string_equal(buf_c(&said),
	    "fetcher: no other fetchmail is running\n");
	/* -q and more: go on. */
	cli.quit_only = false;
	assert_int_equal(check(&cli, &said), -1);
	/* Our own pid, after a re-exec. */
	put_pid(getpid(), "300\n");
	assert_int_equal(check(&cli, &said), -1);
	unlink(path);
}

static void test_file(void **state)
{
	AUTO_BUF text = BUF_MAX(100);
	struct stat sb;
	char want[64];
	struct err e;

	(void)state;
	assert_int_equal(pidfile_take(path, 300, &e), ST_OK);
	assert_int_equal(stat(path, &sb), 0);
	assert_int_equal(sb.st_mode & 07777, 0600);
	snprintf(want, sizeof(want), "%ld\n300\n", (long)getpid());
	assert_int_equal(io_read_file(path, &text, &e), ST_OK);
	assert_string_equal(buf_c(&text), want);
	/* It is exclusive. */
	assert_int_equal(pidfile_take(path, 0, &e), ST_TEMP);
	assert_non_null(strstr(e.text, path));
	pidfile_release(path);
	assert_int_not_equal(access(path, F_OK), 0);
	assert_int_equal(pidfile_take("/no/such/dir/pid", 0, &e), ST_TEMP);
}

static int setup(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/pid", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_stale),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_file),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
