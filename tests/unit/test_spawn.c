/* test_spawn - shell commands with a pipe to them. */

#include "tests/unit/unit.h"

#include <signal.h>

#include "base/macros.h"
#include "base/spawn.h"

static const struct {
	const char *command, *input;
	enum st write;
	int status;
} cases[] = {
	{ "exit 0", "", ST_OK, 0 },
	{ "exit 75", "", ST_OK, 75 },
	{ "test \"$(cat)\" = hello", "hello\n", ST_OK, 0 },
	{ "test \"$(cat)\" = hello", "other\n", ST_OK, 1 },
	{ "kill -9 $$", "", ST_OK, 128 + SIGKILL },
	{ "/nonexistent/command 2>/dev/null", "", ST_OK, 127 },
};

static void test_run(void **state)
{
	struct spawn p;
	struct err e;
	size_t i;
	int status;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		assert_int_equal(spawn_shell(&p, cases[i].command, NULL, &e),
		    ST_OK);
		assert_int_equal(spawn_write(&p, str_c(cases[i].input), 5000,
				     &e),
		    cases[i].write);
		assert_int_equal(spawn_wait(&p, 5000, &status, &e), ST_OK);
		assert_int_equal(status, cases[i].status);
	}
}

static const struct {
	const char *command;
	enum st st;
	int status;
	const char *out; /* or the error's text */
} outputs[] = {
	{ "echo one; echo two", ST_OK, 0, "one\ntwo\n" },
	{ "cat", ST_OK, 0, "" },
	{ "echo x; exit 7", ST_OK, 7, "x\n" },
	{ "exec >&-; kill -9 $$", ST_OK, 128 + SIGKILL, "" },
	{ "exec cat /dev/zero", ST_TEMP, 0, "it wrote more than 100 octets" },
	{ "sleep 50", ST_TEMP, 0,
	    "timeout after 1 seconds waiting for the command" },
};

static void test_output(void **state)
{
	struct err e;
	size_t i;
	int status;

	(void)state;
	for (i = 0; i < NELEM(outputs); i++) {
		AUTO_BUF out = BUF_MAX(100);

		assert_int_equal(spawn_output(outputs[i].command, &out, 1000,
				     &status, &e),
		    outputs[i].st);
		assert_int_equal(status, outputs[i].status);
		assert_string_equal(outputs[i].st == ST_OK ? buf_c(&out)
							   : e.text,
		    outputs[i].out);
	}
}

static void test_deaf(void **state)
{
	static char much[1 << 20];
	struct spawn p;
	struct err e;
	int status;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	memset(much, 'x', sizeof(much));
	assert_int_equal(spawn_shell(&p, "exec <&-; exit 3", NULL, &e), ST_OK);
	assert_int_equal(spawn_write(&p, (struct str){ much, sizeof(much) },
			     5000, &e),
	    ST_NONE);
	assert_int_equal(spawn_wait(&p, 5000, &status, &e), ST_OK);
	assert_int_equal(status, 3);
}

static void test_late(void **state)
{
	static char much[1 << 20];
	struct spawn p;
	struct err e;
	int status;

	(void)state;
	assert_int_equal(spawn_shell(&p, "sleep 60", NULL, &e), ST_OK);
	assert_int_equal(spawn_write(&p, (struct str){ much, sizeof(much) }, 50,
			     &e),
	    ST_TEMP);
	assert_int_equal(spawn_wait(&p, 50, &status, &e), ST_TEMP);
	assert_int_equal(p.pid, 0);
	spawn_kill(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_run),
		cmocka_unit_test(test_output),
		cmocka_unit_test(test_deaf),
		cmocka_unit_test(test_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
