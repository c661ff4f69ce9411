/* test_cli - command lines: values by the rows, servers, exit states. */

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <getopt.h>
#include <unistd.h>

#include "base/macros.h"
#include "fetcher/cli.h"
#include "fetcher/status.h"

#define WORDS 12

/* Usage goes to /dev/null meanwhile. */
static int parse(struct cli *c, const char *const *words, struct arena *a)
{
	static char copy[WORDS][80];
	char *argv[WORDS + 1] = { NULL };
	int null = open("/dev/null", O_WRONLY), out, err, rc, argc = 0;

	for (; words[argc] != NULL; argc++) {
		snprintf(copy[argc], sizeof(copy[argc]), "%s", words[argc]);
		argv[argc] = copy[argc];
	}
	fflush(NULL);
	out = dup(1);
	err = dup(2);
	dup2(null, 1);
	dup2(null, 2);
	optind = 0;
	rc = cli_parse(c, argc, argv, a);
	fflush(NULL);
	dup2(out, 1);
	dup2(err, 2);
	close(out);
	close(err);
	close(null);
	return rc;
}

/* What one option with its argument sets. */
static const struct {
	const char *words[WORDS];
	enum option_id id;
	int64_t num;
	const char *text; /* NULL: num counts; a list joined by blanks */
} values[] = {
	{ { "-k" }, OPT_KEEP, 1, NULL },
	{ { "-K" }, OPT_KEEP, 0, NULL },
	{ { "-k", "--nokeep" }, OPT_KEEP, 0, NULL },
	{ { "-vaK" }, OPT_FETCHALL, 1, NULL },
	{ { "--all" }, OPT_FETCHALL, 1, NULL },
	{ { "-n" }, OPT_REWRITE, 0, NULL },
	{ { "--norewrite" }, OPT_REWRITE, 0, NULL },
	{ { "--nobounce" }, OPT_BOUNCEMAIL, 0, NULL },
	{ { "--nosoftbounce" }, OPT_SOFTBOUNCE, 0, NULL },
	{ { "--softbounce" }, OPT_SOFTBOUNCE, 1, NULL },
	{ { "--nosyslog" }, OPT_SYSLOG, 0, NULL },
	{ { "--invisible" }, OPT_INVISIBLE, 1, NULL },
	{ { "--nosslcertck" }, OPT_SSLCERTCK, 0, NULL },
	{ { "-d", "0x10" }, OPT_DAEMON, 16, NULL },
	{ { "-t010" }, OPT_TIMEOUT, 8, NULL },
	{ { "--timeout=20" }, OPT_TIMEOUT, 20, NULL },
	{ { "-p", "pop3" }, OPT_PROTOCOL, PROTO_POP3, NULL },
	{ { "--proto", "IMAP" }, OPT_PROTOCOL, PROTO_IMAP, NULL },
	{ { "-P", "1110" }, OPT_SERVICE, 0, "1110" },
	{ { "--port", "pop3s" }, OPT_SERVICE, 0, "pop3s" },
	{ { "-u", "me" }, OPT_USER, 0, "me" },
	{ { "--username", "me" }, OPT_USER, 0, "me" },
	{ { "-S", "a/25,b" }, OPT_SMTPHOST, 0, "a/25 b" },
	{ { "-S", "a", "-S", "b" }, OPT_SMTPHOST, 0, "a b" },
	{ { "-Z", "571,550" }, OPT_ANTISPAM, 0, "571 550" },
	{ { "-r", "a,b" }, OPT_FOLDER, 0, "a b" },
	{ { "-E", "X-To" }, OPT_ENVELOPE, 0, "X-To" },
	{ { "--bad-header", "accept" }, OPT_BADHEADER, 1, NULL },
	{ { "--sslproto", "" }, OPT_SSLPROTO, 0, "" },
	{ { "--invis" }, OPT_INVISIBLE, 1, NULL },
	{ { "host", "-k" }, OPT_KEEP, 1, NULL },
};

static void join(const struct option_item *i, char *out, size_t size)
{
	size_t n = 0;

	out[0] = '\0';
	for (; i != NULL; i = i->next)
		n += (size_t)snprintf(out + n, size - n, "%s%s",
		    n != 0 ? " " : "", i->text);
}

static void test_values(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(values); i++) {
		const char *words[WORDS] = { "prog" };
		AUTO_ARENA a = { 0 };
		enum option_id id = values[i].id;
		char list[100];
		struct cli c;

		memcpy(words + 1, values[i].words,
		    (WORDS - 1) * sizeof(*words));
		assert_int_equal(parse(&c, words, &a), -1);
		assert_true(opt_is_set(&c.opts, id));
		if (values[i].text == NULL) {
			if (opt_num(&c.opts, id) != values[i].num)
				fail_msg("case %zu", i);
			continue;
		}
		join(opt_list(&c.opts, id), list, sizeof(list));
		assert_string_equal(opt_list(&c.opts, id) != NULL
			? list
			: opt_text(&c.opts, id),
		    values[i].text);
	}
}

static const struct {
	const char *words[WORDS];
	int rc;
} exits[] = {
	{ { "prog" }, -1 },
	{ { "prog", "--help" }, PS_SUCCESS },
	{ { "prog", "-?" }, PS_SUCCESS },
	{ { "prog", "-X" }, PS_SYNTAX },
	{ { "prog", "--nonsense" }, PS_SYNTAX },
	{ { "prog", "-t" }, PS_SYNTAX },
	{ { "prog", "-t", "5k" }, PS_SYNTAX },
	{ { "prog", "-t", "" }, PS_SYNTAX },
	{ { "prog", "-d", "99999999999999999999" }, PS_SYNTAX },
	{ { "prog", "-Z", "abc" }, PS_SYNTAX },
	{ { "prog", "-p", "pop9" }, PS_SYNTAX },
	{ { "prog", "--auth", "magic" }, PS_SYNTAX },
	{ { "prog", "--bad-header", "x" }, PS_SYNTAX },
	{ { "prog", "-S", "h", "-m", "cmd" }, PS_SYNTAX },
	{ { "prog", "-S", "h", "--bsmtp", "f" }, PS_SYNTAX },
	{ { "prog", "--keep=1" }, PS_SYNTAX },
	{ { "prog", "-y" }, -1 },
};

static void test_exits(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(exits); i++) {
		AUTO_ARENA a = { 0 };
		struct cli c;
		int rc = parse(&c, exits[i].words, &a);

		if (rc != exits[i].rc)
			fail_msg("case %zu: %d", i, rc);
	}
}

static void test_servers(void **state)
{
	static const char *const words[] = { "prog", "a", "-v", "-v", "b", "--",
		"-k", NULL };
	AUTO_ARENA a = { 0 };
	struct cli c;

	(void)state;
	assert_int_equal(parse(&c, words, &a), -1);
	assert_int_equal(c.n, 3);
	assert_string_equal(c.servers[0], "a");
	assert_string_equal(c.servers[1], "b");
	assert_string_equal(c.servers[2], "-k");
	assert_int_equal(c.verbose, 2);
	assert_false(opt_is_set(&c.opts, OPT_KEEP));
}

static const struct {
	const char *words[WORDS];
	bool quit, only, blocks;
} wakes[] = {
	{ { "prog" }, false, false, false },
	{ { "prog", "-s", "-v" }, false, false, false },
	{ { "prog", "-q" }, true, true, true },
	{ { "prog", "-k", "-q" }, true, true, true },
	{ { "prog", "-q", "-k" }, true, false, true },
	{ { "prog", "-q", "host" }, true, false, true },
	{ { "prog", "-f", "rc" }, false, false, true },
	{ { "prog", "-N" }, false, false, true },
	{ { "prog", "-k" }, false, false, true },
};

/* What a second instance may do depends on these. */
static void test_wake(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(wakes); i++) {
		AUTO_ARENA a = { 0 };
		struct cli c;

		assert_int_equal(parse(&c, wakes[i].words, &a), -1);
		if (c.quit != wakes[i].quit || c.quit_only != wakes[i].only ||
		    (c.blocks_wakeup || c.names_files) != wakes[i].blocks)
			fail_msg("case %zu: %d %d %d", i, c.quit, c.quit_only,
			    c.blocks_wakeup);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_exits),
		cmocka_unit_test(test_servers),
		cmocka_unit_test(test_wake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
