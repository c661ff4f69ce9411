/* test_logger - a logger that does not read: lines wait, then are dropped,
 * then the log says how many. */

#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "priv/ipc.h"
#include "vdeliver/logger.h"

static struct ipc_in in = { .fd = -1 };

/* The next line that came, or NULL. */
static const char *next(int fd)
{
	static char line[LOG_LINE_MAX];
	struct str text;

	if (ipc_recv(fd, &in) != IPC_OK)
		return NULL;
	ipc_get_u32(&in);
	ipc_get_u32(&in);
	ipc_get_str(&in);
	text = ipc_get_str(&in);
	snprintf(line, sizeof(line), "%.*s", STR_ARG(text));
	return line;
}

static void test_behind(void **state)
{
	int64_t begun = clock_ms(), took;
	const char *line;
	int fd[2], i, n = 0;
	char want[100];

	(void)state;
	assert_true(ipc_pair(fd));
	assert_true(fd_nonblock(fd[0], true));
	logger_attach(fd[1], 300);
	/* Far more than fits: one wait for all of them. */
	for (i = 0; i < 20000; i++)
		log_info("line %d", i);
	took = clock_ms() - begun;
	assert_in_range(took, 300, 20000);
	while ((line = next(fd[0])) != NULL) {
		snprintf(want, sizeof(want), "line %d", n);
		assert_string_equal(line, want);
		n++;
	}
	assert_in_range(n, 10, 19999);
	log_info("after");
	snprintf(want, sizeof(want),
	    "warning: the log was behind: %d lines were dropped", 20000 - n);
	assert_string_equal(next(fd[0]), want);
	assert_string_equal(next(fd[0]), "after");
	log_info("last");
	assert_string_equal(next(fd[0]), "last");
	assert_null(next(fd[0]));
	close(fd[0]);
	close(fd[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
