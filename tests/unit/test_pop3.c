/* test_pop3 - sessions and texts against a scripted server. */

#include "tests/unit/script.h"

#include "base/macros.h"
#include "fetcher/pop3.h"
#include "fetcher/report.h"

static void begin(struct script *s, struct pop3 *p, const char *says)
{
	script_begin(s, str_c(says), SCRIPT_CLOSES);
	*p = (struct pop3){ .base.conn = s->conn };
}

static void end(struct script *s, struct pop3 *p)
{
	pop3_clear(p);
	script_end(s);
}

/* --- single answers ------------------------------------------------------ */

static const struct {
	const char *says;
	enum status st;
	const char *text; /* of the error, a part; NULL: none */
} greetings[] = {
	{ "+OK ready\r\n", PS_SUCCESS, NULL },
	{ "+OK\r\n", PS_SUCCESS, NULL },
	{ "+OK\n", PS_SUCCESS, NULL },
	{ "-ERR go away\r\n", PS_AUTHFAIL, "go away" },
	{ "-err\r\n", PS_AUTHFAIL, NULL },
	{ "* OK IMAP4rev1\r\n", PS_PROTOCOL, "no POP3 answer" },
	{ "+OKAY\r\n", PS_PROTOCOL, "no POP3 answer" },
	{ "\r\n", PS_PROTOCOL, "no POP3 answer" },
	{ "", PS_SOCKET, "closed" },
};

static void test_greeting(void **state)
{
	struct script s;
	struct pop3 p;
	struct err e = { "", "" };
	enum status st;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(greetings); i++) {
		begin(&s, &p, greetings[i].says);
		st = pop3_greeting(&p, &e);
		if (st != greetings[i].st)
			fail_msg("case %zu: %d %s", i, (int)st, e.text);
		if (greetings[i].text != NULL)
			assert_non_null(strstr(e.text, greetings[i].text));
		end(&s, &p);
	}
}

static const struct {
	const char *says;
	enum status st;
} logins[] = {
	{ "+OK\r\n+OK\r\n", PS_SUCCESS },
	{ "+OK\r\n-ERR wrong\r\n", PS_AUTHFAIL },
	{ "-ERR no such user\r\n", PS_AUTHFAIL },
	{ "+OK\r\n-ERR mailbox locked\r\n", PS_LOCKBUSY },
	{ "+OK\r\n-ERR Lock busy\r\n", PS_LOCKBUSY },
	{ "+OK\r\n-ERR LOCK\r\n", PS_LOCKBUSY },
	{ "+OK\r\n-ERR wait a minute\r\n", PS_LOCKBUSY },
	{ "+OK\r\n-ERR [IN-USE] x\r\n", PS_LOCKBUSY },
	{ "+OK\r\n-ERR [LOGIN-DELAY] x\r\n", PS_LOCKBUSY },
	{ "+OK\r\n-ERR service is unavailable\r\n", PS_SERVBUSY },
	{ "+OK\r\n", PS_SOCKET },
	{ "+OK\r\nHTTP/1.1 400\r\n", PS_PROTOCOL },
};

static void test_login(void **state)
{
	struct script s;
	struct pop3 p;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(logins); i++) {
		begin(&s, &p, logins[i].says);
		if (pop3_login(&p, "me", "secret", &e) != logins[i].st)
			fail_msg("case %zu: %s", i, e.text);
		assert_null(strstr(e.text, "secret"));
		if (strncmp(logins[i].says, "+OK", 3) == 0)
			assert_string_equal(script_sent(&s),
			    "USER me\r\nPASS secret\r\n");
		end(&s, &p);
	}
}

/* A user name from anywhere never becomes two commands. */
static void test_injection(void **state)
{
	struct script s;
	struct pop3 p;
	struct err e;

	(void)state;
	begin(&s, &p, "+OK\r\n+OK\r\n");
	assert_int_equal(pop3_login(&p, "me\r\nDELE 1", "x", &e), PS_PROTOCOL);
	assert_int_equal(pop3_login(&p, "me", "x\nDELE 1", &e), PS_PROTOCOL);
	assert_string_equal(script_sent(&s), "USER me\r\n");
	end(&s, &p);
}

/* --- what is there ------------------------------------------------------- */

static void test_capa(void **state)
{
	struct script s;
	struct pop3 p;
	struct err e;

	(void)state;
	begin(&s, &p,
	    "+OK\r\nstls\r\nTOP\r\nIMPLEMENTATION x TOP\r\n..\r\n"
	    "PIPELINING\r\n.\r\n-ERR\r\n+OK\r\nUIDL\r\n");
	assert_int_equal(pop3_capa(&p, &e), PS_SUCCESS);
	assert_true(p.capa && p.base.tls_offered && p.top && p.pipelining);
	assert_false(p.uidl);
	assert_int_equal(pop3_capa(&p, &e), PS_SUCCESS);
	/* The list has no end: that is a lost connection. */
	assert_int_equal(pop3_capa(&p, &e), PS_SOCKET);
	end(&s, &p);
}

static const struct {
	const char *says;
	enum status st;
	uint64_t count, octets;
} stats[] = {
	{ "+OK 2 300\r\n", PS_SUCCESS, 2, 300 },
	{ "+OK 0 0\r\n", PS_SUCCESS, 0, 0 },
	{ "+OK 3 4294967296 and more\r\n", PS_SUCCESS, 3, 4294967296 },
	{ "+OK 2\r\n", PS_PROTOCOL, 0, 0 },
	{ "+OK\r\n", PS_PROTOCOL, 0, 0 },
	{ "+OK -1 5\r\n", PS_PROTOCOL, 0, 0 },
	{ "+OK 99999999999 5\r\n", PS_PROTOCOL, 0, 0 },
	{ "+OK 18446744073709551617 5\r\n", PS_PROTOCOL, 0, 0 },
	{ "-ERR no\r\n", PS_ERROR, 0, 0 },
	{ "", PS_SOCKET, 0, 0 },
};

static void test_stat(void **state)
{
	uint64_t count, octets;
	struct script s;
	struct pop3 p;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(stats); i++) {
		begin(&s, &p, stats[i].says);
		if (pop3_stat(&p, &count, &octets, &e) != stats[i].st)
			fail_msg("case %zu: %s", i, e.text);
		if (stats[i].st == PS_SUCCESS) {
			assert_int_equal(count, stats[i].count);
			assert_int_equal(octets, stats[i].octets);
		}
		end(&s, &p);
	}
}

static const struct {
	const char *says;
	enum status st;
	const char *uids[4]; /* from 1 */
} uidls[] = {
	{ "+OK\r\n1 a\r\n2 b@c/d\r\n3 e\r\n.\r\n", PS_SUCCESS,
	    { NULL, "a", "b@c/d", "e" } },
	/* What was not asked for does not matter; what is missing neither. */
	{ "+OK\r\n0 z\r\n3 c\r\n4 d\r\n99999 e\r\n.\r\n", PS_SUCCESS,
	    { NULL, NULL, NULL, "c" } },
	{ "+OK\r\n1 a b\r\n.\r\n", PS_SUCCESS, { NULL, "a" } },
	{ "+OK\r\n.\r\n", PS_SUCCESS, { NULL } },
	{ "+OK\r\n1\r\n.\r\n", PS_PROTOCOL, { NULL } },
	{ "+OK\r\nx y\r\n.\r\n", PS_PROTOCOL, { NULL } },
	{ "+OK\r\n1 a\r\n", PS_SOCKET, { NULL, "a" } },
	{ "-ERR what\r\n", PS_ERROR, { NULL } },
};

static void test_uidl(void **state)
{
	struct script s;
	struct pop3 p;
	struct err e;
	size_t i, n;

	(void)state;
	for (i = 0; i < NELEM(uidls); i++) {
		const char *uids[4] = { NULL };

		begin(&s, &p, uidls[i].says);
		if (pop3_uidl(&p, 3, uids, &e) != uidls[i].st)
			fail_msg("case %zu: %s", i, e.text);
		for (n = 0; n < 4; n++)
			if (uidls[i].uids[n] == NULL)
				assert_null(uids[n]);
			else
				assert_string_equal(uids[n], uidls[i].uids[n]);
		end(&s, &p);
	}
}

static void test_list_and_last(void **state)
{
	uint64_t v;
	struct script s;
	struct pop3 p;
	struct err e;

	(void)state;
	begin(&s, &p,
	    "+OK 1 120\r\n-ERR none\r\n+OK x\r\n+OK 7\r\n-ERR what\r\n");
	assert_int_equal(pop3_list(&p, 1, &v, &e), PS_SUCCESS);
	assert_int_equal(v, 120);
	assert_int_equal(pop3_list(&p, 2, &v, &e), PS_ERROR);
	assert_int_equal(v, 0);
	assert_int_equal(pop3_list(&p, 3, &v, &e), PS_PROTOCOL);
	assert_int_equal(pop3_last(&p, &v, &e), PS_SUCCESS);
	assert_int_equal(v, 7);
	assert_int_equal(pop3_last(&p, &v, &e), PS_ERROR);
	assert_int_equal(v, 0);
	assert_string_equal(script_sent(&s),
	    "LIST 1\r\nLIST 2\r\nLIST 3\r\nLAST\r\nLAST\r\n");
	end(&s, &p);
}

/* --- texts --------------------------------------------------------------- */

/* RFC 1939 3: only CRLF "." CRLF ends a text; a leading dot is removed. */
static const struct {
	const char *says, *want;
	enum status st; /* at the end */
} texts[] = {
	{ "a\r\nb\r\n.\r\n", "a\r\nb\r\n", PS_NOMAIL },
	{ ".\r\n", "", PS_NOMAIL },
	{ "..\r\n...a\r\n.b\r\n.\r\n", ".\r\n..a\r\nb\r\n", PS_NOMAIL },
	{ "a\n.\r\nb\r\n.\r\n", "a\n\r\nb\r\n", PS_NOMAIL },
	{ "a\r\n.\nb\r\n.\r\n", "a\r\n\nb\r\n", PS_NOMAIL },
	{ "a\n.\nDELE 1\r\n.\r\n", "a\n\nDELE 1\r\n", PS_NOMAIL },
	{ "a\r.\r\nb\r\n.\r\n", "a\r.\r\nb\r\n", PS_NOMAIL },
	{ "a\r\n", "a\r\n", PS_SOCKET },
	{ "a", "a", PS_SOCKET },
	{ "a\r\n.", "a\r\n.", PS_SOCKET },
	{ "", "", PS_SOCKET },
};

static enum status read_text(struct pop3 *p, struct buf *got)
{
	struct str line;
	struct err e;
	enum status st = pop3_retr(p, 1, false, &e);

	while (st == PS_SUCCESS && (st = pop3_line(p, &line, &e)) == PS_SUCCESS)
		buf_add(got, line);
	return st;
}

static void test_text(void **state)
{
	struct script s;
	struct pop3 p;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(texts); i++) {
		AUTO_BUF says = BUF_MAX(1000);
		AUTO_BUF got = BUF_MAX(1000);

		buf_addf(&says, "+OK\r\n%s", texts[i].says);
		begin(&s, &p, buf_c(&says));
		if (read_text(&p, &got) != texts[i].st ||
		    strcmp(buf_c(&got), texts[i].want) != 0)
			fail_msg("case %zu: %s", i, buf_c(&got));
		end(&s, &p);
	}
}

/* Pieces of a long line are no lines: a dot that begins one stays. */
static void test_long_line(void **state)
{
	AUTO_BUF says = BUF_MAX(1 << 18);
	AUTO_BUF got = BUF_MAX(1 << 18);
	struct script s;
	struct pop3 p;
	int i;

	(void)state;
	buf_addc(&says, "+OK\r\n");
	for (i = 0; i < CONN_LINE_MAX; i++)
		buf_addch(&says, 'x');
	buf_addc(&says, ".\r\n.\r\n");
	begin(&s, &p, buf_c(&says));
	assert_int_equal(read_text(&p, &got), PS_NOMAIL);
	assert_int_equal(got.n, CONN_LINE_MAX + 3);
	assert_true(str_ends(buf_str(&got), STR("x.\r\n")));
	end(&s, &p);
}

static void test_commands(void **state)
{
	struct script s;
	struct pop3 p;
	struct err e;

	(void)state;
	begin(&s, &p, "+OK\r\n-ERR no such message\r\n+OK bye\r\n");
	assert_int_equal(pop3_retr(&p, 3, true, &e), PS_SUCCESS);
	assert_int_equal(pop3_retr(&p, 4, false, &e), PS_ERROR);
	assert_string_equal(buf_c(&p.base.reply), "no such message");
	assert_int_equal(pop3_command(&p, &e, "QUIT"), PS_SUCCESS);
	assert_string_equal(script_sent(&s),
	    "TOP 3 99999999\r\nRETR 4\r\nQUIT\r\n");
	end(&s, &p);
}

/* --- the dialogue -------------------------------------------------------- */

/* What -v shows never has the password in it. */
static void test_masked(void **state)
{
	char shown[1000] = "";
	struct report_how how = { "prog", REPORT_VERBOSE, false, -1, false };
	FILE *f = tmpfile();
	struct script s;
	struct pop3 p;
	struct err e;

	(void)state;
	assert_non_null(f);
	how.logfile = fileno(f);
	report_init(&how);
	begin(&s, &p, "+OK\r\n+OK\r\n");
	assert_int_equal(pop3_login(&p, "me", "secret", &e), PS_SUCCESS);
	end(&s, &p);
	how = (struct report_how){ "prog", REPORT_NORMAL, false, -1, false };
	report_init(&how);
	rewind(f);
	assert_true(fread(shown, 1, sizeof(shown) - 1, f) > 0);
	fclose(f);
	assert_string_equal(shown,
	    "prog: POP3> USER me\nprog: POP3< +OK\n"
	    "prog: POP3> PASS *\nprog: POP3< +OK\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_greeting),
		cmocka_unit_test(test_login),
		cmocka_unit_test(test_injection),
		cmocka_unit_test(test_capa),
		cmocka_unit_test(test_stat),
		cmocka_unit_test(test_uidl),
		cmocka_unit_test(test_list_and_last),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_masked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
