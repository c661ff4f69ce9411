/* test_sandbox - what a confined process still can do, and what not. */

#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/os.h"
#include "priv/sandbox.h"

static char top[] = "/tmp/test_sandbox.XXXXXX";

/* The number of the step that went wrong, 0: none. */
static int confined(int base)
{
	struct err e;
	int fd;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    sandbox_store(base, &e) != ST_OK)
		return 1;
	if (mkdirat(base, "a", 0700) != 0 || mkdirat(base, "b", 0700) != 0)
		return 2;
	fd = openat(base, "a/x", O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0 || write(fd, "x", 1) != 1 || ftruncate(fd, 0) != 0)
		return 3;
	/* From tmp/ to new/: it wants ABI 2. */
	if (!os_rename_new(base, "a/x", "b/x") || unlinkat(base, "b/x", 0) != 0)
		return 4;
	if (open("/etc/passwd", O_RDONLY) >= 0 || errno != EACCES)
		return 5;
	if (openat(base, "../../etc/passwd", O_RDONLY) >= 0 || errno != EACCES)
		return 6;
	if (symlinkat("/tmp", base, "out") != 0 ||
	    openat(base, "out/y", O_WRONLY | O_CREAT, 0600) >= 0 ||
	    errno != EACCES)
		return 7;
	return 0;
}

static void test_store(void **state)
{
	int base, status;
	pid_t pid;

	(void)state;
	if (!sandbox_has_store())
		skip(); /* the kernel has no Landlock */
	assert_non_null(mkdtemp(top));
	base = open(top, O_RDONLY | O_DIRECTORY);
	pid = fork();
	if (pid == 0)
		_exit(confined(base));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	unlinkat(base, "out", 0);
	unlinkat(base, "a", AT_REMOVEDIR);
	unlinkat(base, "b", AT_REMOVEDIR);
	close(base);
	rmdir(top);
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_beneath(void **state)
{
	char name[] = "/tmp/test_beneath.XXXXXX";
	int base;

	(void)state;
	if (!os_has_beneath())
		skip(); /* the kernel has no openat2() */
	assert_non_null(mkdtemp(name));
	base = open(name, O_RDONLY | O_DIRECTORY);
	mkdirat(base, "d", 0700);
	assert_int_equal(symlinkat("d", base, "in"), 0);
	assert_int_equal(symlinkat("/etc", base, "out"), 0);
	assert_int_equal(symlinkat("d/../..", base, "up"), 0);
	close(os_open_beneath(base, "in", O_PATH, 0));
	assert_int_equal(os_open_beneath(base, "out", O_PATH, 0), -1);
	assert_int_equal(errno, EXDEV);
	assert_int_equal(os_open_beneath(base, "up", O_PATH, 0), -1);
	assert_int_equal(errno, EXDEV);
	unlinkat(base, "in", 0);
	unlinkat(base, "out", 0);
	unlinkat(base, "up", 0);
	unlinkat(base, "d", AT_REMOVEDIR);
	close(base);
	rmdir(name);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_store),
		cmocka_unit_test(test_beneath),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
