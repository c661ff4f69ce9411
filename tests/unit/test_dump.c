/* test_dump - the settings for programs and people, and mistakes in them. */

#include "tests/unit/unit.h"

#include "base/buf.h"
#include "base/macros.h"
#include "fetcher/account.h"
#include "fetcher/dump.h"
#include "fetcher/rc_parse.h"
#include "fetcher/settings.h"
#include "fetcher/show.h"

static const struct dump_files files = { "'pop3',", "/h/.fetchids", "pm", "me",
	"host.example" };

/* All accounts of an rc; c stays for the caller to clear. */
static struct account *accounts(struct config *c, const char *rc)
{
	struct cli cli = { 0 };
	struct account *first;
	struct err e;

	*c = (struct config){ .rc_dir = "/dir" };
	c->end = &c->records;
	if (rc_parse(c, "rc", str_c(rc), &e) != ST_OK)
		fail_msg("%s: %s", rc, e.text);
	assert_int_equal(accounts_list(c, &cli, &first), ST_OK);
	return first;
}

/* --- dump ----------------------------------------------------------------- */

#define P "poll a proto pop3 "

/* What the dump of an rc has, in Python and in JSON. */
static const struct {
	const char *rc, *python, *json;
} dumped[] = {
	{ P "user u", "\n    'poll_interval':0,\n    \"logfile\":None,\n",
	    "\n    \"poll_interval\":0,\n    \"logfile\":null,\n" },
	{ P "user u", "\n    \"idfile\":\"/h/.fetchids\",\n", NULL },
	{ P "user u", "\n    'softbounce':TRUE,\n", "\"softbounce\":true," },
	{ "set no softbounce " P, "\n    'softbounce':FALSE,\n", NULL },
	{ P "user u", "\t{\n\t    \"pollname\":\"a\",\n",
	    "\t{\n\t    \"pollname\":\"a\",\n" },
	{ "skip a user u", "\t    'active':FALSE,\n", "\"active\":false," },
	{ P "user u", "\t    \"protocol\":\"POP3\",\n", NULL },
	{ "poll a user u", "\t    \"protocol\":\"auto\",\n", NULL },
	{ P "port 1110", "\t    \"service\":\"1110\",\n", NULL },
	{ P "user u", "\"envelope\":\"Received\",\n\t    'envskip':0,\n",
	    NULL },
	{ P "envelope 2 X", "\"envelope\":\"X\",\n\t    'envskip':2,\n", NULL },
	{ P "no envelope", "\"envelope\":None,\n", "\"envelope\":null," },
	{ P "auth cram", "\t    \"auth\":\"cram-md5\",\n", NULL },
	{ P "aka x y", "\t    \"aka\":[\"x\", \"y\"],\n",
	    "\"aka\":[\"x\", \"y\"]," },
	{ P "user u", "\t    \"esmtpname\":\"me\",\n\t    'tracepolls'", NULL },
	{ P "esmtppassword z", "\t    \"esmtppassword\":\"z\",\n",
	    "\"esmtppassword\":\"*\"," },
	{ P "bad-header accept", "\t    'badheader':TRUE,\n", NULL },
	{ P "user u pass w", "\"remote\":\"u\",\n\t\t    \"password\":\"w\",\n",
	    "\"password\":\"*\"," },
	{ P "user u", "\t\t    \"password\":None,\n", "\"password\":null," },
	{ P "pass '\\001\"\\\\\n\xff'",
	    "\"password\":\"\\x01\\\"\\\\\\n\\xff\"", NULL },
	{ P "mda 'a\xff\\001'", NULL, "\"mda\":\"a\\u00ff\\u0001\"," },
	{ P "mda '\xc3\xa9'", "\"mda\":\"\xc3\xa9\",",
	    "\"mda\":\"\xc3\xa9\"," },
	{ P "user u", "\t\t    'localnames':[\"me\"],\n", NULL },
	{ P "user u is * a=b c here",
	    "\t\t    'localnames':[(\"a\", \"b\"), \"c\", '*'],\n",
	    "\"localnames\":[[\"a\", \"b\"], \"c\", \"*\"]," },
	{ P "user u", "\t\t    'stripcr':FALSE,\n", NULL },
	{ P "mda m", "\t\t    'stripcr':TRUE,\n", NULL },
	{ P "mda m no stripcr", "\t\t    'stripcr':FALSE,\n", NULL },
	{ P "user u", "\t\t    \"smtphunt\":[\"localhost\"],\n", NULL },
	{ P "smtp h/2 i", "\t\t    \"smtphunt\":[\"h/2\", \"i\"],\n", NULL },
	{ P "user u", "\t\t    \"fetchdomains\":[],\n", NULL },
	{ "poll a proto etrn", "\"fetchdomains\":[\"host.example\"],\n", NULL },
	{ P "antispam 571 550", "\t\t    'antispam':'571 550',\n",
	    "\"antispam\":\"571 550\"," },
	{ P "sslcert c", "\t\t    \"sslcert\":\"/dir/c\",\n", NULL },
	{ "defaults proto imap keep poll a user u poll b no keep", NULL,
	    "\"keep\":true," },
	{ "defaults proto imap keep poll a user u poll b no keep", NULL,
	    "\"keep\":false," },
	{ P "user u user v", "\t\t},\n\t\t{\n\t\t    \"remote\":\"v\",\n",
	    "\n\t\t},\n\t\t{\n\t\t    \"remote\":\"v\",\n" },
	{ P "user u", "\t\t},\n\t    ]\n\t},\n    ]\n}\n",
	    "\n\t\t}\n\t    ]\n\t}\n    ]\n}\n" },
};

static void has(const struct account *first, const struct config *c,
    enum dump_form form, const char *want)
{
	AUTO_BUF out = BUF_MAX(DUMP_MAX);

	if (want == NULL)
		return;
	dump_config(&out, form, first, &c->global, &files);
	if (strstr(buf_c(&out), want) == NULL)
		fail_msg("no <%s> in <%s>", want, buf_c(&out));
}

static void test_dump(void **state)
{
	struct account *first;
	struct config c;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(dumped); i++) {
		first = accounts(&c, dumped[i].rc);
		has(first, &c, DUMP_PYTHON, dumped[i].python);
		has(first, &c, DUMP_JSON, dumped[i].json);
		arena_clear(&c.arena);
	}
}

/* --- settings -------------------------------------------------------------- */

static const struct {
	const char *rc, *want;
} shown[] = {
	{ P "user u", "  protocol pop3\n" },
	{ "skip a user u", "  # polled only when it is named\n" },
	{ P "no envelope user 'a\"\\\\' pass secret is r=l * here no rewrite",
	    "  protocol pop3\n  no envelope\n  is \"r\"=\"l\" \"*\"\n"
	    "  password *\n  no rewrite\n" },
	{ P "envelope 2 X auth otp bad-header accept esmtppassword p",
	    "  protocol pop3\n  auth otp\n  envelope 2 \"X\"\n"
	    "  esmtppassword *\n  bad-header accept\n" },
	{ P "antispam 571 550 limit 9 mda 'a\"\\\\\\n'",
	    "  protocol pop3\n  antispam 571 550\n"
	    "  mda \"a\\x22\\x5c\\x0a\"\n  limit 9\n" },
};

static void test_settings(void **state)
{
	const struct account *a;
	struct config c;
	const char *got;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(shown); i++) {
		AUTO_BUF out = BUF_MAX(10000);

		a = accounts(&c, shown[i].rc);
		settings_account(&out, a, false);
		got = strchr(buf_c(&out), '\n') + 1;
		assert_string_equal(got, shown[i].want);
		arena_clear(&c.arena);
	}
}

/* What is shown says the same when it is read again. */
static void test_settings_are_rc(void **state)
{
	AUTO_BUF out = BUF_MAX(100000), rc = BUF_MAX(100000),
		 again = BUF_MAX(100000);
	struct config c;
	const char *got;

	(void)state;
	settings_account(&out,
	    accounts(&c,
		P "aka x user u is a=b c here mda 'q\"\\n' keep "
		  "antispam 5 folder 'a b' no sslcertck"),
	    true);
	arena_clear(&c.arena);
	got = strchr(buf_c(&out), '\n');
	buf_setf(&rc, "poll a %s", got);
	settings_account(&again, accounts(&c, buf_c(&rc)), true);
	arena_clear(&c.arena);
	assert_string_equal(strchr(buf_c(&again), '\n'), got);
}

/* --- mistakes ---------------------------------------------------------------- */

#define OK "poll a proto pop3 user u is v here "

static const struct {
	const char *rc, *want; /* beginnings of the warnings */
} wrong[] = {
	{ OK, "" },
	{ "poll a user u is v", "no protocol is named|" },
	{ "poll a proto pop3 port 995 user u is v", "this port has TLS|" },
	{ "poll a proto pop3 port 995 user u is v ssl", "" },
	{ "poll a proto pop3 port 110 user u is v ssl", "ssl wants TLS|" },
	{ OK "sslproto ''", "sslproto '' sends|" },
	{ OK "sslproto '' ssl", "" },
	{ OK "no sslcertck", "no sslcertck:|" },
	{ OK "no sslcertck sslfingerprint x", "" },
	{ OK "sslproto ssl3", "this sslproto|" },
	{ OK "to w", "multidrop without|" },
	{ "poll a proto pop3 envelope X user u is v w", "" },
	{ OK "fetchall keep", "fetchall with keep|" },
	{ OK "flush keep", "flush deletes|" },
	{ OK "limitflush limit 5", "limitflush deletes|" },
	{ "poll a proto pop3 user u", "no local name|" },
	{ OK "password \"'x'\"", "the password has quotes|" },
	{ OK "password 'x '", "the password begins|" },
	{ OK "mda m smtphost h", "smtphost has no effect|" },
	{ "set no softbounce set no bouncemail " OK, "with no bouncemail|" },
	{ OK "smtphost 'h:25'", "a port of smtphost|" },
	{ OK "smtphost '::1'", "" },
};

static void test_mistakes(void **state)
{
	const struct account *a;
	struct config c;
	const char *text;
	size_t i, n;

	(void)state;
	for (i = 0; i < NELEM(wrong); i++) {
		struct str rest = str_c(wrong[i].want), want;

		a = accounts(&c, wrong[i].rc);
		for (n = 0; (text = mistake(a, n)) != NULL; n++) {
			if (text[0] == '\0')
				continue;
			str_cut(&rest, '|', &want);
			if (want.n == 0 || !str_starts(str_c(text), want))
				fail_msg("%s: %s", wrong[i].rc, text);
		}
		assert_int_equal(n, mistake_count());
		assert_int_equal(rest.n, 0);
		arena_clear(&c.arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dump),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_settings_are_rc),
		cmocka_unit_test(test_mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
