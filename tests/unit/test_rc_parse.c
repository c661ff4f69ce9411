/* test_rc_parse - records, users and options; mistakes with their line. */

#include "tests/unit/unit.h"

#include "base/buf.h"
#include "base/macros.h"
#include "fetcher/rc_parse.h"

/* The published set-up that people copy, to the letter. */
static const char seed[] =
    "# /etc/fetchmailrc, to the letter\n"
    "set postmaster postmaster@example.com\n"
    "set syslog\n"
    "set no bouncemail\n"
    "\n"
    "defaults:\n"
    "timeout 300\n"
    "antispam -1\n"
    "batchlimit 100\n"
    "\n"
    "poll pop.example.com protocol pop3:\n"
    "       username \"pop3userid1\" password \"pop3password1\" is "
    "\"virtualuser1@example.com\" here\n"
    "fetchall\n"
    "smtphost 127.0.0.1/2525\n"
    "#nokeep\n"
    "#ssl\n"
    ";\n"
    "       username \"pop3userid2\" password \"pop3password2\" is "
    "\"virtualuser2@example.com\" here\n"
    "fetchall\n"
    "#nokeep\n"
    "#ssl\n"
    ";\n"
    "\n"
    "poll  other.example.com with proto POP3\n"
    "  user 'pop3userid0' there with password 'pop3password0' is "
    "virtualuser0@example.com\n";

static void begin(struct config *c)
{
	*c = (struct config){ .rc_dir = "/dir" };
	c->end = &c->records;
}

/* "set" options of o as "keyword=value;", in the order of the rows. */
static void show_options(const struct options *o, struct buf *out)
{
	const struct option_item *i;
	size_t n;

	for (n = 0; n < OPT_COUNT; n++) {
		enum option_id id = (enum option_id)n;

		if (!opt_is_set(o, id))
			continue;
		buf_addf(out, "%s=", option_row(id)->keyword);
		if (opt_list(o, id) != NULL)
			for (i = opt_list(o, id); i != NULL; i = i->next)
				buf_addf(out, "%s%s%s%s",
				    i == opt_list(o, id) ? "" : " ", i->remote,
				    i->remote[0] != '\0' ? ">" : "", i->text);
		else if (opt_text(o, id) != NULL)
			buf_addc(out, opt_text(o, id));
		else
			buf_addf(out, "%lld", (long long)opt_num(o, id));
		buf_addch(out, ';');
	}
}

static void show_record(const struct record *r, struct buf *out)
{
	const struct user *u;

	buf_addf(out, "%s%s{", r->skip ? "!" : "",
	    r->label != NULL ? r->label : "defaults");
	show_options(&r->opts, out);
	for (u = r->users; u != NULL; u = u->next) {
		buf_addf(out, "[%s:", u->remote != NULL ? u->remote : "");
		show_options(&u->opts, out);
		buf_addch(out, ']');
	}
	buf_addch(out, '}');
}

static void show(const struct config *c, struct buf *out)
{
	const struct record *r;

	buf_reset(out);
	show_options(&c->global, out);
	if (c->defaults != NULL)
		show_record(c->defaults, out);
	for (r = c->records; r != NULL; r = r->next)
		show_record(r, out);
}

static const struct {
	const char *in, *want;
} good[] = {
	{ "", "" },
	/* Words of ours where fetchmail has strings. */
	{ "poll move via tls user u folder track is passwordeval here keep 2 "
	  "days",
	    "move{via=tls;[u:is=passwordeval;folder=track;keep=3;]}" },
	{ seed,
	    "postmaster=postmaster@example.com;bouncemail=0;syslog=1;"
	    "defaults{timeout=300;[:antispam=-1;batchlimit=100;]}"
	    "pop.example.com{protocol=1;"
	    "[pop3userid1:is=virtualuser1@example.com;password=pop3password1;"
	    "smtphost=127.0.0.1/2525;fetchall=1;]"
	    "[pop3userid2:is=virtualuser2@example.com;password=pop3password2;"
	    "fetchall=1;]}"
	    "other.example.com{protocol=1;"
	    "[pop3userid0:is=virtualuser0@example.com;"
	    "password=pop3password0;]}" },
	/* Labels, skip, synonyms. */
	{ "poll a server b skip c", "a{}b{}!c{}" },
	{ "poll 127.0.0.1 via 10.0.0.1 port 1110",
	    "127.0.0.1{via=10.0.0.1;service=1110;}" },
	{ "poll 'keep' via \"skip\"", "keep{via=skip;}" },
	{ "poll a proto Pop3 service pop3s auth cram preauth ssh",
	    "a{protocol=1;service=pop3s;auth=8;}" },
	{ "poll a aka b c local d,e", "a{aka=b c;localdomains=d e;}" },
	/* The last of a scalar wins, lists grow. */
	{ "poll a timeout 1 timeout = 2 aka x aka y", "a{aka=x y;timeout=2;}" },
	{ "set daemon 300 set daemon = 0", "daemon=0;" },
	{ "set postmaster = postmaster", "postmaster=postmaster;" },
	{ "set postmaster \"\"", "postmaster=;" },
	{ "set no syslog set nobouncemail set nosyslog set invisible",
	    "bouncemail=0;syslog=0;invisible=1;" },
	{ "poll a keep set syslog poll b", "syslog=1;a{[:keep=1;]}b{}" },
	/* Negation, in both forms, of every flag. */
	{ "poll a no dns nouidl no envelope user u no keep nosslcertck no ssl",
	    "a{envelope=;dns=0;uidl=0;[u:keep=0;ssl=0;sslcertck=0;]}" },
	/* Users. */
	{ "poll a keep", "a{[:keep=1;]}" },
	{ "poll a user x pass y user z", "a{[x:password=y;][z:]}" },
	{ "poll a user keep password 12345 user pass password password",
	    "a{[keep:password=12345;][pass:password=password;]}" },
	{ "poll a user x there is y here", "a{[x:is=y;]}" },
	{ "poll a user y here is x there pass z", "a{[x:is=y;password=z;]}" },
	{ "poll a user x is b c d=e \"f g\"='h' * here",
	    "a{[x:is=b c d>e f g>h *;]}" },
	{ "poll a user x is b is c", "a{[x:is=b c;]}" },
	{ "poll a user x to 12 is -1", "a{[x:is=12 -1;]}" },
	{ "poll a user x folder i,j smtp h1 h2/25",
	    "a{[x:folder=i j;"
	    "smtphost=h1 h2/25;]}" },
	{ "poll a user x antispam 571 550, 501",
	    "a{[x:antispam=571 550 501;]}" },
	/* Paths are relative to the file. */
	{ "set logfile log set idfile /ids", "logfile=/dir/log;idfile=/ids;" },
	{ "poll a bsmtp - sslcert \"c d\"", "a{[:bsmtp=-;sslcert=/dir/c d;]}" },
	{ "poll a envelope X-To: bad-header accept",
	    "a{envelope=X-To;bad-header=1;}" },
	{ "poll a envelope 2 \"Delivered-To\"", "a{envelope=Delivered-To;}" },
	{ "poll a sslproto auto", "a{[:sslproto=auto;]}" },
	{ "poll a sslproto ''", "a{[:sslproto=;]}" },
};

static void test_good(void **state)
{
	AUTO_BUF got = BUF_MAX(10000);
	struct config c;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(good); i++) {
		begin(&c);
		if (rc_parse(&c, "rc", str_c(good[i].in), &e) != ST_OK)
			fail_msg("%s: %s", good[i].in, e.text);
		show(&c, &got);
		if (strcmp(buf_c(&got), good[i].want) != 0)
			fail_msg("%s: got %s, want %s", good[i].in, buf_c(&got),
			    good[i].want);
		arena_clear(&c.arena);
	}
}

#define AT(line, token) "rc:" #line ": syntax error at " token

static const struct {
	const char *in, *want;
} bad[] = {
	{ "foo", AT(1, "foo") },
	{ "poll a keep 3", AT(1, "end of input") },
	{ "poll a keep 0 days", AT(1, "0") },
	{ "poll a keep -1 days", AT(1, "-1") },
	{ "poll a keep 3 weeks", AT(1, "weeks") },
	{ "poll a tls maybe", AT(1, "maybe") },
	{ "poll", AT(1, "end of input") },
	{ "\n\npoll\n# x\n", AT(5, "end of input") },
	{ "poll a\nproto pop9", AT(2, "pop9") },
	{ "Poll a", AT(1, "Poll") },
	{ "poll a keep\n\nfrobnicate", AT(3, "frobnicate") },
	{ "poll a \"keep\"", AT(1, "keep") },
	{ "poll 4711", AT(1, "4711") },
	{ "poll a timeout x", AT(1, "x") },
	{ "poll a timeout 99999999999", AT(1, "99999999999") },
	{ "poll a keep\nuser x", AT(2, "user") },
	{ "poll a smtphost keep", AT(1, "keep") },
	{ "set postmaster postmaster", AT(1, "postmaster") },
	{ "set", AT(1, "end of input") },
	{ "set keep", AT(1, "keep") },
	{ "set no postmaster", AT(1, "postmaster") },
	{ "poll a no timeout", AT(1, "timeout") },
	{ "poll a user x is y there", NULL },
	{ "poll a user x is", AT(1, "end of input") },
	{ "poll a user x is b=", AT(1, "end of input") },
	{ "poll a user x is b c there", AT(1, "there") },
	{ "poll a user x y\nkeep", AT(2, "keep") },
	{ "poll a antispam x", AT(1, "x") },
	{ "poll a keep timeout 3",
	    "rc:1: server option after user options at timeout" },
	{ "poll a\ndefaults keep", "rc:2: defaults must come first, and once" },
	{ "defaults keep\ndefaults",
	    "rc:2: defaults must come first, and once" },
	{ "poll a\nuser \"open\n\n", "rc:2: quote is not closed" },
};

static void test_bad(void **state)
{
	struct config c;
	struct err e;
	enum st st;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(bad); i++) {
		begin(&c);
		st = rc_parse(&c, "rc", str_c(bad[i].in), &e);
		if (bad[i].want == NULL)
			assert_int_equal(st, ST_OK);
		else if (st != ST_TEMP || strcmp(e.text, bad[i].want) != 0)
			fail_msg("%s: got %s, want %s", bad[i].in,
			    st == ST_OK ? "no error" : e.text, bad[i].want);
		arena_clear(&c.arena);
	}
}

/* A server option that is late ends nothing: more may be wrong. */
static void test_two_mistakes(void **state)
{
	struct config c;
	struct err e;

	(void)state;
	begin(&c);
	assert_int_equal(rc_parse(&c, "rc",
			     STR("poll a keep uidl\nuidl frob\n"), &e),
	    ST_TEMP);
	assert_string_equal(e.text,
	    "rc:1: server option after user options at uidl");
	assert_string_equal(c.also_wrong, AT(2, "frob"));
	arena_clear(&c.arena);
	begin(&c);
	assert_int_equal(rc_parse(&c, "rc", STR("poll a keep uidl flush\n"),
			     &e),
	    ST_TEMP);
	assert_null(c.also_wrong);
	arena_clear(&c.arena);
}

/* The password is not what an error shows. */
static void test_no_secrets(void **state)
{
	struct config c;
	struct err e;

	(void)state;
	begin(&c);
	assert_int_equal(rc_parse(&c, "rc",
			     STR("poll a user u pass \"secret\nmore\n"), &e),
	    ST_TEMP);
	assert_null(strstr(e.text, "secret"));
	arena_clear(&c.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_two_mistakes),
		cmocka_unit_test(test_no_secrets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
