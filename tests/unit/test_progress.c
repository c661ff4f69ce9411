/* test_progress - one line on a terminal, and none elsewhere. */

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "maptool/progress.h"

#define LINES 100000

static char shown[10000];

/* 10000 lines a second, for seconds, of a source of LINES lines of 10 bytes. */
static void build(int seconds)
{
	size_t i;

	clock_set_for_test(5000, 1000000);
	progress_begin("/etc/t", (size_t)LINES * 10);
	for (i = 1; i <= (size_t)seconds * 10000; i++) {
		clock_set_for_test(5000 + (int64_t)i / 10, 1000000);
		progress_at(i, (LINES - i) * 10);
	}
	log_warn("a warning");
	progress_writing();
	progress_end();
	clock_set_for_test(0, -1);
}

/* With standard error being fd; what came there. */
static void build_to(int fd, int from, int seconds)
{
	AUTO_FD old = dup(STDERR_FILENO);
	size_t n = 0;
	ssize_t got;

	assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	build(seconds);
	fflush(stderr);
	assert_int_equal(dup2(old, STDERR_FILENO), STDERR_FILENO);
	/* A terminal gives it in pieces. */
	assert_true(fd_nonblock(from, true));
	while ((got = read(from, shown + n, sizeof(shown) - 1 - n)) > 0)
		n += (size_t)got;
	shown[n] = '\0';
}

static void on_terminal(int seconds)
{
	AUTO_FD master = posix_openpt(O_RDWR | O_NOCTTY);
	AUTO_FD slave = -1;

	assert_true(
	    master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	assert_true(slave >= 0);
	build_to(slave, master, seconds);
}

static void test_terminal(void **state)
{
	(void)state;
	log_init("postmap");
	on_terminal(3);
	/* After a good second: a tenth is done, nine are left. */
	assert_non_null(strstr(shown, "/etc/t: 12288 lines, "));
	assert_non_null(strstr(shown, " a second, 8 s left\033[K\r"));
	assert_non_null(strstr(shown, "\033[Kpostmap: warning: a warning"));
	assert_non_null(strstr(shown, "/etc/t: read, writing the table"));
}

static void test_short(void **state)
{
	(void)state;
	on_terminal(0);
	assert_string_equal(shown, "postmap: warning: a warning\r\n");
}

static void test_no_terminal(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	build_to(ends[1], ends[0], 3);
	assert_string_equal(shown, "postmap: warning: a warning\n");
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_terminal),
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_no_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
