/* test_account - what is polled, how settings merge, what is refused. */

#include "tests/unit/unit.h"

#include "base/buf.h"
#include "base/macros.h"
#include "fetcher/account.h"
#include "fetcher/rc_parse.h"
#include "fetcher/server.h"

#define NAMES 4

static enum st settle(struct config *c, struct cli *cli, const char *rc,
    const char *const *names, struct account **first, struct err *e)
{
	static char copy[NAMES][40];
	static char *argv[NAMES];

	*c = (struct config){ .rc_dir = "/dir" };
	c->end = &c->records;
	for (cli->n = 0; cli->n < NAMES && names[cli->n] != NULL; cli->n++) {
		snprintf(copy[cli->n], sizeof(copy[0]), "%s", names[cli->n]);
		argv[cli->n] = copy[cli->n];
	}
	cli->servers = argv;
	if (rc_parse(c, "rc", str_c(rc), e) != ST_OK)
		fail_msg("%s: %s", rc, e->text);
	return accounts_settle(c, cli, first, e);
}

/* --- which ones ---------------------------------------------------------- */

#define P " proto pop3 "

static const struct {
	const char *rc, *names[NAMES], *want; /* user@label/host ... */
} chosen[] = {
	{ "poll a" P "user u poll b" P "user v", { NULL }, "u@a/a v@b/b " },
	{ "poll a" P "user u user v", { NULL }, "u@a/a v@a/a " },
	{ "poll a" P "user u skip b" P "user v", { NULL }, "u@a/a " },
	{ "poll a" P "user u skip b" P "user v", { "b" }, "v@b/b " },
	{ "poll a via c" P "user u", { NULL }, "u@a/c " },
	{ "poll a aka Cc" P "user u", { "cC" }, "u@a/a " },
	{ "poll a" P "user u poll a" P "user v", { "a" }, "u@a/a v@a/a " },
	{ "defaults" P "user u", { "new" }, "u@new/new " },
	{ "defaults" P "user u poll a via b poll c user w", { NULL },
	    "u@a/b w@c/c " },
	{ "skip b" P "user v", { NULL }, "" },
};

static void test_chosen(void **state)
{
	const struct account *a;
	struct account *first;
	struct config c;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(chosen); i++) {
		AUTO_BUF got = BUF_MAX(1000);
		struct cli cli = { 0 };

		if (settle(&c, &cli, chosen[i].rc, chosen[i].names, &first,
			&e) != ST_OK)
			fail_msg("case %zu: %s", i, e.text);
		for (a = first; a != NULL; a = a->next)
			buf_addf(&got, "%s@%s/%s ", a->user, a->label, a->host);
		assert_string_equal(buf_c(&got), chosen[i].want);
		arena_clear(&c.arena);
	}
}

static void test_none(void **state)
{
	static const char *const none[NAMES] = { NULL };
	struct cli cli = { 0 };
	struct account *first;
	struct config c;
	struct err e;

	(void)state;
	assert_int_equal(settle(&c, &cli, "defaults keep", none, &first, &e),
	    ST_NONE);
	arena_clear(&c.arena);
}

/* --- merging ------------------------------------------------------------- */

static void show_list(const struct option_item *i, struct buf *out)
{
	for (; i != NULL; i = i->next)
		buf_addf(out, "%s ", i->text);
}

/* Built-in, defaults, record, command line; lists of the last are added. */
static void test_merge(void **state)
{
	static const char *const none[NAMES] = { NULL };
	AUTO_BUF got = BUF_MAX(1000);
	AUTO_ARENA mem = { 0 };
	struct cli cli = { 0 };
	struct account *a;
	struct config c;
	struct err e;

	(void)state;
	options_set_num(&cli.opts, OPT_KEEP, 1);
	options_add(&cli.opts, OPT_SMTPHOST, STR("h3"), STR_NONE, 0, &mem);
	assert_int_equal(settle(&c, &cli,
			     "defaults proto pop3 timeout 10 smtphost h0 "
			     "fetchall antispam 571 batchlimit 5 "
			     "poll a timeout 0 user u smtphost h1 h2 no "
			     "fetchall no keep poll b user v",
			     none, &a, &e),
	    ST_OK);
	assert_int_equal(opt_num(&a->o, OPT_TIMEOUT), 0);
	assert_false(opt_flag(&a->o, OPT_FETCHALL));
	assert_true(opt_flag(&a->o, OPT_KEEP));
	assert_int_equal(opt_num(&a->o, OPT_BATCHLIMIT), 5);
	assert_int_equal(opt_num(&a->o, OPT_WARNINGS), 3600);
	show_list(opt_list(&a->o, OPT_SMTPHOST), &got);
	show_list(opt_list(&a->o, OPT_ANTISPAM), &got);
	assert_string_equal(buf_c(&got), "h1 h2 h3 571 ");
	/* Nothing carries over to the next record. */
	a = a->next;
	buf_reset(&got);
	show_list(opt_list(&a->o, OPT_SMTPHOST), &got);
	assert_string_equal(buf_c(&got), "h0 h3 ");
	assert_true(opt_flag(&a->o, OPT_FETCHALL));
	assert_int_equal(opt_num(&a->o, OPT_TIMEOUT), 10);
	arena_clear(&c.arena);
}

/* --- refusals ------------------------------------------------------------ */

static const struct {
	const char *rc, *want; /* NULL: fine */
} checks[] = {
	{ "poll a proto pop3 port 110", NULL },
	{ "poll a proto imap user u passwordeval x folder * move Done", NULL },
	{ "poll a proto imap user u password x passwordeval y",
	    "a: password, passwordeval and passwordfile: only one of them can "
	    "be the password of u" },
	{ "poll a proto imap user u move inbox",
	    "a: move \"inbox\": mail is fetched from there; name another "
	    "folder" },
	{ "poll a proto imap user u keep 3 days move Done",
	    "a: keep leaves mail where it is, and move does not; leave out one "
	    "of them" },
	{ "poll a proto pop3 user u move Done",
	    "Option --move is not supported with POP3" },
	{ "set nomail-status 2 poll a proto pop3",
	    "nomail-status is 0 or 1, not 2" },
	{ "poll a proto etrn auth xoauth2",
	    "a: this auth type is not supported with ETRN; say: auth "
	    "password" },
	{ "poll a proto pop3 service pop3", NULL },
	{ "poll a proto pop3 service nonsense",
	    "a configuration invalid, specify positive port number for service "
	    "or port" },
	{ "poll a proto pop3 port 0", "positive port number" },
	{ "poll a proto pop3 port -1", "positive port number" },
	{ "poll a proto pop3 port 65536", "positive port number" },
	{ "poll a proto pop3 lmtp",
	    "a configuration invalid, LMTP can't use default SMTP port" },
	{ "poll a proto pop3 lmtp smtphost h", "default SMTP port" },
	{ "poll a proto pop3 lmtp smtphost h/25", "default SMTP port" },
	{ "poll a proto pop3 lmtp smtphost h/24", NULL },
	{ "poll a proto pop3 lmtp smtphost /run/lmtp", NULL },
	{ "poll a proto pop3 mda \"m '%T'\"", "%T must not stand in quotes" },
	{ "poll a proto pop3 mda 'm \"-f%F\"'", "%F must not stand in quotes" },
	{ "poll a proto pop3 mda \"m 'a' -f %F \\\\' %T\"", NULL },
	{ "poll a proto pop3 folder x",
	    "Option --folder is not supported with POP3" },
	{ "poll a folder x", NULL },
	{ "poll a proto imap folder x", NULL },
	{ "poll a proto etrn folder x",
	    "Option --folder is not supported with ETRN" },
	{ "poll a proto etrn keep",
	    "Option --keep is not supported with ETRN" },
	{ "poll a proto etrn no keep", NULL },
	{ "poll a proto odmr flush",
	    "Option --flush is not supported with ODMR" },
	{ "poll a proto kpop", "a: protocol KPOP is not supported" },
	{ "poll a proto imap auth ssh", NULL },
	{ "poll a proto imap idle", NULL },
	{ "poll a proto imap folder x y idle", "idle mode does not work" },
	{ "poll a proto imap idle poll b proto imap",
	    "idle mode does not work" },
	{ "poll a proto pop3 auth ssh", "a: this auth type is not supported" },
	{ "poll a proto pop3 auth external", NULL },
	{ "poll a proto pop3 auth password", NULL },
	{ "poll a proto pop3 auth gssapi", "a: " },
	{ "poll a proto pop3 no mimedecode", NULL },
};

static void test_checks(void **state)
{
	static const char *const none[NAMES] = { NULL };
	struct account *a;
	struct config c;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(checks); i++) {
		struct cli cli = { 0 };
		enum st st = settle(&c, &cli, checks[i].rc, none, &a, &e);

		if (st == ST_OK)
			st = account_fits(a, &e);
		if (checks[i].want == NULL && st != ST_OK)
			fail_msg("%s: %s", checks[i].rc, e.text);
		if (checks[i].want != NULL &&
		    (st != ST_TEMP || strstr(e.text, checks[i].want) == NULL))
			fail_msg("%s: %s", checks[i].rc,
			    st == ST_OK ? "fine" : e.text);
		arena_clear(&c.arena);
	}
}

/* What is not carried out is refused by its name: nothing is ignored. */
static void test_not_done(void **state)
{
	static const char *const none[NAMES] = { NULL };
	struct account *a;
	struct config c;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < OPT_COUNT; i++) {
		const struct option_row *r = option_row((enum option_id)i);
		AUTO_BUF rc = BUF_MAX(200);
		struct cli cli = { 0 };

		if (r->done)
			continue;
		buf_addf(&rc, "%s %s%s",
		    r->scope == SCOPE_G ? "set" : "poll a proto pop3",
		    r->keyword, r->type == TYPE_FLAG ? "" : " 'x'");
		if (r->scope == SCOPE_G)
			buf_addc(&rc, " poll a proto pop3");
		if (settle(&c, &cli, buf_c(&rc), none, &a, &e) != ST_TEMP ||
		    strstr(e.text, r->keyword) == NULL)
			fail_msg("%s: accepted, or not named", buf_c(&rc));
		arena_clear(&c.arena);
	}
}

/* --- TLS ----------------------------------------------------------------- */

static const struct {
	const char *rc;
	enum tls_want remote, loopback;
} wants[] = {
	{ "", TLS_MUST, TLS_MAY },
	{ "ssl", TLS_WRAPPED, TLS_WRAPPED },
	{ "ssl sslproto ''", TLS_WRAPPED, TLS_WRAPPED },
	{ "sslproto ''", TLS_NEVER, TLS_NEVER },
	{ "sslproto '' no sslcertck", TLS_NEVER, TLS_NEVER },
	{ "sslproto auto", TLS_MUST, TLS_MUST },
	{ "sslproto tls1.2+ no sslcertck", TLS_MUST, TLS_MUST },
	{ "sslfingerprint 'AA:BB' no sslcertck", TLS_MUST, TLS_MUST },
	{ "no sslcertck", TLS_MAY, TLS_MAY },
	{ "sslcertck", TLS_MUST, TLS_MAY },
	{ "tls required", TLS_MUST, TLS_MUST },
	{ "ssl sslproto '' tls required", TLS_MUST, TLS_MUST },
	{ "tls optional", TLS_MAY, TLS_MAY },
	{ "ssl sslproto tls1.3 tls optional", TLS_MAY, TLS_MAY },
	{ "ssl tls none", TLS_NEVER, TLS_NEVER },
	{ "sslproto '' tls implicit", TLS_WRAPPED, TLS_WRAPPED },
};

static void test_tls(void **state)
{
	static const char *const none[NAMES] = { NULL };
	struct account *a;
	struct config c;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(wants); i++) {
		AUTO_BUF rc = BUF_MAX(200);
		struct cli cli = { 0 };

		buf_addf(&rc, "poll a proto pop3 user u %s", wants[i].rc);
		assert_int_equal(settle(&c, &cli, buf_c(&rc), none, &a, &e),
		    ST_OK);
		assert_int_equal(server_tls_want(a, false), wants[i].remote);
		assert_int_equal(server_tls_want(a, true), wants[i].loopback);
		arena_clear(&c.arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chosen),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_checks),
		cmocka_unit_test(test_not_done),
		cmocka_unit_test(test_tls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
