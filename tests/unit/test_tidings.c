/* test_tidings - when a daemon sends mail about its polls, and what. */

#include "tests/unit/unit.h"

#include "base/buf.h"
#include "base/macros.h"
#include "fetcher/rc_parse.h"
#include "fetcher/tidings.h"

static void make(struct config *c, struct account *a, const char *rc)
{
	struct err e;

	*c = (struct config){ .rc_dir = "/dir" };
	c->end = &c->records;
	if (rc_parse(c, "rc", str_c(rc), &e) != ST_OK)
		fail_msg("%s: %s", rc, e.text);
	*a = (struct account){ .label = "l", .host = "h", .user = "u" };
	a->global = &c->global;
	a->o = c->records->users->opts;
}

/*
 * Polls as letters: "A" login refused, "+" it worked, "." could not connect,
 * "T" silent after the login, "L" something is too large. Each takes a minute.
 */
static const struct {
	const char *rc, *polls;
	const char *want; /* which mails after each: a b l r, '-' none */
} cases[] = {
	{ "", "AAAAA", "--a--" },
	{ "", "A.A.A", "----a" },
	{ "", "AA+AAA", "------" },
	{ "", "+AAAAAAAAAA", "----------a" },
	{ "", "+AAAAAAAAAAA", "----------a-" },
	{ "", "AAA+AAAAAAAAAA", "--ab---------a" },
	{ "", "AAA..+.+A", "--a--b---" },
	{ "set authfail-mail never", "AAAAAAAAAAA", "-----------" },
	{ "set authfail-mail 1", "AA+A", "a-ba" },
	{ "set authfail-mail 2", "AA+AA", "-ab-a" },
	{ "", "TTTTTTTTTTTTTTTTTTTT", "-------------------r" },
	{ "", "TTTTTTTTTTTTTTTTTTT.T", "---------------------" },
	{ "", "LL", "l-" },
	{ "user u warnings 120", "LLL+L", "l-l-l" },
	{ "user u warnings 0", "LL", "ll" },
};

static struct tidings_poll poll_of(char letter)
{
	static const uint64_t sizes[] = { 12345 };
	struct tidings_poll p = { .st = PS_SUCCESS };

	if (letter == 'A')
		p.st = PS_AUTHFAIL;
	else if (letter == '.' || letter == 'T')
		p.st = PS_SOCKET;
	p.timed_out = letter == 'T';
	p.large = sizes;
	p.large_n = letter == 'L';
	return p;
}

static char letter_of(unsigned due)
{
	return (due & TIDINGS_AUTH) != 0 ? 'a'
	    : (due & TIDINGS_BACK) != 0  ? 'b'
	    : (due & TIDINGS_LARGE) != 0 ? 'l'
	    : (due & TIDINGS_REST) != 0  ? 'r'
					 : '-';
}

static void test_due(void **state)
{
	struct tidings_poll p;
	struct account a;
	struct config c;
	char rc[200], got[40];
	size_t i, k;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		bool user = strncmp(cases[i].rc, "user", 4) == 0;

		snprintf(rc, sizeof(rc), "%s poll l %s",
		    user ? "" : cases[i].rc, user ? cases[i].rc : "user u");
		make(&c, &a, rc);
		for (k = 0; cases[i].polls[k] != '\0'; k++) {
			p = poll_of(cases[i].polls[k]);
			got[k] =
			    letter_of(tidings_learn(&a, &p, (int64_t)k * 60));
		}
		got[k] = '\0';
		assert_string_equal(got, cases[i].want);
		assert_int_equal(a.rests, strchr(got, 'r') != NULL);
		tidings_wake(&a);
		assert_false(a.rests);
		arena_clear(&c.arena);
	}
}

static const struct {
	const char *word;
	enum st want;
} words[] = {
	{ "never", ST_OK },
	{ "3", ST_OK },
	{ "0", ST_TEMP },
	{ "often", ST_TEMP },
	{ "-1", ST_TEMP },
};

static void test_words(void **state)
{
	struct account a;
	struct config c;
	char rc[100];
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(words); i++) {
		snprintf(rc, sizeof(rc), "set authfail-mail %s poll l user u",
		    words[i].word[0] == '-' ? "\"-1\"" : words[i].word);
		make(&c, &a, rc);
		assert_int_equal(tidings_check(&c.global, &e), words[i].want);
		arena_clear(&c.arena);
	}
}

static void test_text(void **state)
{
	AUTO_BUF out = BUF_MAX(100000);
	struct tidings_poll p = poll_of('L');
	struct account a;
	struct config c;

	(void)state;
	make(&c, &a, "poll l user u is \"bob@example.com\" here limit 100");
	tidings_text(&out, &a, TIDINGS_LARGE, &p, 1000000000);
	assert_non_null(strstr(buf_c(&out), "\r\nTo: bob@example.com\r\n"));
	assert_true(str_starts(buf_str(&out), STR("From: FETCHMAIL-DAEMON@")));
	assert_non_null(
	    strstr(buf_c(&out), "\r\nAuto-Submitted: auto-generated\r\n"));
	assert_non_null(strstr(buf_c(&out),
	    "limit of 100 octets:\r\n\r\n  12345 octets, left on the "
	    "server\r\n"));
	arena_clear(&c.arena);
	buf_reset(&out);
	make(&c, &a, "set postmaster pm poll l user u is a b here");
	tidings_text(&out, &a, TIDINGS_AUTH, &p, 1000000000);
	assert_non_null(strstr(buf_c(&out), "\r\nTo: pm\r\n"));
	assert_non_null(strstr(buf_c(&out), "refused the login"));
	buf_reset(&out);
	tidings_text(&out, &a, TIDINGS_REST, &p, 1000000000);
	assert_non_null(strstr(buf_c(&out), "too long 20 times"));
	arena_clear(&c.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_due),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
