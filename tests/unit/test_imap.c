/* test_imap - sessions, answers and texts against a scripted server. */

#include "tests/unit/script.h"

#include <stdlib.h>

#include "base/macros.h"
#include "fetcher/imap.h"
#include "fetcher/poll.h"
#include "fetcher/report.h"

static const struct options no_options;

struct peer {
	struct script s;
	struct account a;
	struct poll_how how;
	struct imap *p;
	struct err e;
};

static void begin(struct peer *t, const char *says, enum script_end end)
{
	script_begin(&t->s, str_c(says), end);
	t->a = (struct account){ .label = "l",
		.host = "h",
		.user = "me",
		.password = "se\"cret",
		.global = &no_options };
	/* Nobody wants TLS on a line of a test. */
	t->a.o.v[OPT_SSLPROTO] =
	    (struct option_value){ .set = true, .text = "" };
	t->how = (struct poll_how){ .ids_out = -1 };
	t->e = (struct err){ "", "" };
	t->p = (struct imap *)proto_new(&imap_ops, &t->a, &t->how);
	t->p->base.conn = t->s.conn;
}

/* What was sent. */
static const char *sent(struct peer *t)
{
	t->p->base.conn = NULL;
	return script_sent(&t->s);
}

static void end(struct peer *t)
{
	t->p->base.conn = NULL;
	proto_free(&t->p->base);
	script_end(&t->s);
}

/* --- greetings ---------------------------------------------------------------- */

static const struct {
	const char *says;
	enum status st;
	bool preauth;
	const char *text;
} greetings[] = {
	{ "* OK ready\r\n", PS_SUCCESS, false, NULL },
	{ "* OK\n", PS_SUCCESS, false, NULL },
	{ "* ok [CAPABILITY IMAP4rev1] x\r\n", PS_SUCCESS, false, NULL },
	{ "* PREAUTH hi\r\n", PS_SUCCESS, true, NULL },
	{ "* BYE too busy\r\n", PS_SOCKET, false,
	    "Received BYE response from IMAP server: too busy" },
	{ "* NO\r\n", PS_PROTOCOL, false, "no IMAP greeting" },
	{ "+OK POP3\r\n", PS_PROTOCOL, false, "'+' instead" },
	{ "220 ESMTP\r\n", PS_PROTOCOL, false, "no IMAP answer" },
	{ "\r\n", PS_PROTOCOL, false, NULL },
	{ "* ", PS_SOCKET, false, "closed" },
	{ "", PS_SOCKET, false, "closed" },
};

static void test_greeting(void **state)
{
	struct peer t;
	enum status st;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(greetings); i++) {
		begin(&t, greetings[i].says, SCRIPT_CLOSES);
		st = imap_greet(&t.p->base, &t.e);
		if (st != greetings[i].st)
			fail_msg("case %zu: %d %s", i, (int)st, t.e.text);
		assert_int_equal(t.p->base.logged_in, greetings[i].preauth);
		if (greetings[i].text != NULL &&
		    strstr(t.e.text, greetings[i].text) == NULL)
			fail_msg("case %zu: %s", i, t.e.text);
		end(&t);
	}
}

static void test_greeting_without_end(void **state)
{
	struct peer t;
	AUTO_BUF says = BUF_MAX(1 << 20);
	size_t i;

	(void)state;
	buf_addc(&says, "* OK ");
	for (i = 0; i < 100000; i++)
		buf_addch(&says, 'x');
	begin(&t, buf_c(&says), SCRIPT_CLOSES);
	assert_int_equal(imap_greet(&t.p->base, &t.e), PS_PROTOCOL);
	assert_non_null(strstr(t.e.text, "does not end"));
	end(&t);
}

/* --- logging in ----------------------------------------------------------------- */

#define CAPA(words) "* CAPABILITY IMAP4rev1 " words "\r\nA0001 OK\r\n"
static const struct {
	enum auth auth;
	const char *says;
	enum status st;
	const char *sent; /* after CAPABILITY; NULL: nothing */
} logins[] = {
	{ AUTH_ANY, CAPA("") "A0002 OK\r\n", PS_SUCCESS,
	    "A0002 LOGIN \"me\" \"se\\\"cret\"\r\n" },
	{ AUTH_ANY, CAPA("") "A0002 NO wrong\r\n", PS_AUTHFAIL,
	    "A0002 LOGIN \"me\" \"se\\\"cret\"\r\n" },
	{ AUTH_ANY, CAPA("") "A0002 NO [UNAVAILABLE] x\r\n", PS_SERVBUSY,
	    "A0002 LOGIN \"me\" \"se\\\"cret\"\r\n" },
	{ AUTH_ANY, CAPA("") "A0002 NO [INUSE] x\r\n", PS_LOCKBUSY,
	    "A0002 LOGIN \"me\" \"se\\\"cret\"\r\n" },
	{ AUTH_ANY, CAPA("LOGINDISABLED"), PS_AUTHFAIL, NULL },
	{ AUTH_ANY, CAPA("LOGINDISABLED AUTH=PLAIN SASL-IR") "A0002 OK\r\n",
	    PS_SUCCESS, "A0002 AUTHENTICATE PLAIN AG1lAHNlImNyZXQ=\r\n" },
	{ AUTH_ANY, CAPA("LOGINDISABLED AUTH=PLAIN") "+ \r\nA0002 OK\r\n",
	    PS_SUCCESS, "A0002 AUTHENTICATE PLAIN\r\nAG1lAHNlImNyZXQ=\r\n" },
	{ AUTH_ANY,
	    CAPA("LOGINDISABLED AUTH=LOGIN") "+ VXNlcjo=\r\n+ UGFzczo=\r\n"
					     "A0002 OK\r\n",
	    PS_SUCCESS,
	    "A0002 AUTHENTICATE LOGIN\r\nbWU=\r\nc2UiY3JldA==\r\n" },
	/* What CRAM-MD5 is refused, LOGIN may have. */
	{ AUTH_ANY,
	    CAPA("AUTH=CRAM-MD5") "+ PDFAeD4=\r\nA0002 NO x\r\nA0003 OK\r\n",
	    PS_SUCCESS, NULL },
	{ AUTH_CRAM_MD5, CAPA("AUTH=CRAM-MD5") "+ PDFAeD4=\r\nA0002 NO x\r\n",
	    PS_AUTHFAIL, NULL },
	{ AUTH_CRAM_MD5, CAPA("AUTH=PLAIN"), PS_AUTHFAIL, NULL },
	{ AUTH_PASSWORD, CAPA("AUTH=CRAM-MD5") "A0002 OK\r\n", PS_SUCCESS,
	    "A0002 LOGIN \"me\" \"se\\\"cret\"\r\n" },
	{ AUTH_EXTERNAL, CAPA("AUTH=EXTERNAL SASL-IR") "A0002 OK\r\n",
	    PS_SUCCESS, "A0002 AUTHENTICATE EXTERNAL bWU=\r\n" },
	{ AUTH_EXTERNAL, CAPA(""), PS_AUTHFAIL, NULL },
	{ AUTH_XOAUTH2,
	    CAPA("AUTH=XOAUTH2 SASL-IR") "+ eyJzdGF0dXMiOiI0MDEifQ==\r\n"
					 "A0002 NO x\r\n",
	    PS_AUTHFAIL,
	    "A0002 AUTHENTICATE XOAUTH2 "
	    "dXNlcj1tZQFhdXRoPUJlYXJlciBzZSJjcmV0AQE=\r\n\r\n" },
	{ AUTH_XOAUTH2, CAPA("AUTH=PLAIN"), PS_AUTHFAIL, NULL },
	{ AUTH_PLAIN, CAPA("AUTH=PLAIN SASL-IR") "A0002 OK\r\n", PS_SUCCESS,
	    "A0002 AUTHENTICATE PLAIN AG1lAHNlImNyZXQ=\r\n" },
	/* It must prove something before it says yes. */
	{ AUTH_SCRAM_SHA_1, CAPA("AUTH=SCRAM-SHA-1 SASL-IR") "A0002 OK\r\n",
	    PS_PROTOCOL, NULL },
	{ AUTH_SSH, CAPA(""), PS_AUTHFAIL, NULL },
	/* A challenge that nobody asked for, a foreign tag, silence. */
	{ AUTH_PASSWORD, CAPA("") "+ go\r\n", PS_PROTOCOL, NULL },
	{ AUTH_PASSWORD, CAPA("") "A0001 OK\r\n", PS_PROTOCOL, NULL },
	{ AUTH_PASSWORD, CAPA("") "A0002 YES\r\n", PS_PROTOCOL, NULL },
	{ AUTH_PASSWORD, CAPA("") "* BYE\r\n", PS_SOCKET, NULL },
	{ AUTH_PASSWORD, CAPA(""), PS_SOCKET, NULL },
};

/* What shows the secret goes over no open line where TLS is wanted. */
static void test_open_line(void **state)
{
	static const enum auth auths[] = { AUTH_PLAIN, AUTH_LOGIN,
		AUTH_OAUTHBEARER, AUTH_XOAUTH2 };
	struct peer t;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(auths); i++) {
		begin(&t,
		    CAPA("SASL-IR AUTH=PLAIN AUTH=LOGIN AUTH=XOAUTH2 "
			 "AUTH=OAUTHBEARER") "A0002 OK\r\n",
		    SCRIPT_CLOSES);
		t.a.o.v[OPT_SSLPROTO].set = false;
		options_set_num(&t.a.o, OPT_AUTH, auths[i]);
		assert_int_equal(imap_capa(&t.p->base, &t.e), PS_SUCCESS);
		assert_int_equal(imap_login(&t.p->base, &t.e), PS_AUTHFAIL);
		assert_non_null(strstr(t.e.text, "the line is not encrypted"));
		assert_string_equal(sent(&t), "A0001 CAPABILITY\r\n");
		end(&t);
	}
}

static void test_login(void **state)
{
	static const char asked[] = "A0001 CAPABILITY\r\n";
	struct peer t;
	enum status st;
	const char *out;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(logins); i++) {
		begin(&t, logins[i].says, SCRIPT_CLOSES);
		options_set_num(&t.a.o, OPT_AUTH, logins[i].auth);
		assert_int_equal(imap_capa(&t.p->base, &t.e), PS_SUCCESS);
		st = imap_login(&t.p->base, &t.e);
		if (st != logins[i].st)
			fail_msg("case %zu: %d %s", i, (int)st, t.e.text);
		out = sent(&t);
		assert_int_equal(strncmp(out, asked, strlen(asked)), 0);
		if (logins[i].sent != NULL)
			assert_string_equal(out + strlen(asked),
			    logins[i].sent);
		end(&t);
	}
}

/* What cannot be quoted is a literal. */
static void test_login_literal(void **state)
{
	struct peer t;

	(void)state;
	begin(&t, "+ go\r\nA0001 OK\r\n", SCRIPT_CLOSES);
	t.a.password = "p\xc3\xa4ss";
	assert_int_equal(imap_login(&t.p->base, &t.e), PS_SUCCESS);
	assert_string_equal(sent(&t),
	    "A0001 LOGIN \"me\" {5}\r\np\xc3\xa4ss\r\n");
	end(&t);
	begin(&t, CAPA("LITERAL+") "A0002 OK\r\n", SCRIPT_CLOSES);
	t.a.password = "p\xc3\xa4ss";
	assert_int_equal(imap_capa(&t.p->base, &t.e), PS_SUCCESS);
	assert_int_equal(imap_login(&t.p->base, &t.e), PS_SUCCESS);
	assert_string_equal(sent(&t),
	    "A0001 CAPABILITY\r\nA0002 LOGIN \"me\" {5+}\r\np\xc3\xa4ss\r\n");
	end(&t);
	begin(&t, "", SCRIPT_CLOSES);
	t.a.password = "x\r\nA0002 DELETE INBOX";
	assert_int_equal(imap_login(&t.p->base, &t.e), PS_AUTHFAIL);
	assert_string_equal(sent(&t), "");
	end(&t);
}

/* --- what a folder has ------------------------------------------------------------ */

#define SELECT(n)                                       \
	"* " n " EXISTS\r\n* OK [UIDVALIDITY 42] x\r\n" \
	"A0001 OK [READ-WRITE] done\r\n"
static const struct {
	const char *says;
	enum status st;
	uint64_t count;
	const char *states; /* a letter each: N new, o old */
	const char *uids;   /* of them */
} lists[] = {
	{ SELECT("0"), PS_SUCCESS, 0, "", "" },
	{ SELECT("3") "A0002 OK\r\n* SEARCH 3 1\r\nA0003 OK\r\n"
		      "* 1 FETCH (UID 11 RFC822.SIZE 5)\r\n"
		      "* 3 FETCH (RFC822.SIZE 6 UID 13)\r\nA0004 OK\r\n",
	    PS_SUCCESS, 3, "NoN", "11 0 13" },
	/* In any order, with all kinds of things between. */
	{ SELECT("2") "* 1 EXPUNGE\r\nA0002 OK\r\n* SEARCH\r\n* SEARCH 1\r\n"
		      "* FLAGS (\\Seen)\r\n* 1 FETCH (FLAGS (\\Recent))\r\n"
		      "* LIST () \"/\" {3}\r\na)b\r\nA0003 OK\r\n"
		      "* 1 FETCH (BODY[] {5}\r\n))\r\n( X (a \"b)\" NIL) "
		      "UID 7 RFC822.SIZE 1)\r\nA0004 OK\r\n",
	    PS_SUCCESS, 1, "N", "7" },
	/* Numbers that are none of its messages. */
	{ SELECT("1") "A0002 OK\r\n* SEARCH 0 2 99 4294967295\r\nA0003 OK\r\n"
		      "A0004 OK\r\n",
	    PS_SUCCESS, 1, "o", "0" },
	{ SELECT("1") "A0002 OK\r\n* SEARCH -1\r\n", PS_PROTOCOL, 0, NULL,
	    NULL },
	{ SELECT("1") "A0002 OK\r\n* SEARCH 99999999999999999999\r\n",
	    PS_PROTOCOL, 0, NULL, NULL },
	/* No SEARCH: flags. */
	{ SELECT("2") "A0002 OK\r\nA0003 BAD x\r\n"
		      "* 1 FETCH (FLAGS (\\Seen))\r\n* 2 FETCH (FLAGS ())\r\n"
		      "A0004 OK\r\n* 2 FETCH (UID 9 RFC822.SIZE 0)\r\n"
		      "A0005 OK\r\n",
	    PS_SUCCESS, 2, "oN", "0 9" },
	{ SELECT("2") "A0002 OK\r\nA0003 NO x\r\nA0004 NO y\r\n", PS_ERROR, 0,
	    NULL, NULL },
	{ SELECT("4000001"), PS_PROTOCOL, 0, NULL, NULL },
	{ SELECT("1") "* BYE gone\r\n", PS_SOCKET, 0, NULL, NULL },
	{ SELECT("1") "A0002 OK\r\n* 1 FETCH (FLAGS (\\Seen\r\n", PS_PROTOCOL,
	    0, NULL, NULL },
	{ SELECT("1") "A0002 OK\r\n* 1 FETCH (X {-5}\r\n", PS_PROTOCOL, 0, NULL,
	    NULL },
	{ SELECT("1") "A0002 OK\r\n* 1 FETCH (X {99999999999999}\r\n",
	    PS_PROTOCOL, 0, NULL, NULL },
	{ SELECT("1") "A0002 OK\r\n* 1 FETCH (X {5}\r\nab", PS_SOCKET, 0, NULL,
	    NULL },
	{ SELECT("1") "A0002 OK\r\n* 1 FETCH (X \"abc\r\n", PS_PROTOCOL, 0,
	    NULL, NULL },
};

static enum status select_and_list(struct peer *t, struct box *x)
{
	enum status st = imap_ops.select(&t->p->base, x, &t->e);

	return st == PS_SUCCESS ? imap_ops.list(&t->p->base, x, &t->e) : st;
}

static void test_list(void **state)
{
	struct peer t;
	struct box x;
	enum status st;
	uint64_t n;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(lists); i++) {
		AUTO_BUF states = BUF_MAX(64);
		AUTO_BUF uids = BUF_MAX(64);

		begin(&t, lists[i].says, SCRIPT_CLOSES);
		x = (struct box){ 0 };
		st = select_and_list(&t, &x);
		if (st != lists[i].st)
			fail_msg("case %zu: %d %s", i, (int)st, t.e.text);
		if (lists[i].states != NULL)
			assert_int_equal(x.count, lists[i].count);
		for (n = 1; lists[i].states != NULL && n <= x.count; n++) {
			buf_addch(&states, x.state[n] == MSG_NEW ? 'N' : 'o');
			buf_addf(&uids, n > 1 ? " %u" : "%u", t.p->uids[n]);
		}
		if (lists[i].states != NULL) {
			assert_string_equal(buf_c(&states), lists[i].states);
			assert_string_equal(buf_c(&uids), lists[i].uids);
		}
		end(&t);
	}
}

static void test_read_only(void **state)
{
	struct peer t;
	struct box x = { 0 };

	(void)state;
	begin(&t, "* 1 EXISTS\r\nA0001 OK [READ-ONLY] x\r\n", SCRIPT_CLOSES);
	assert_int_equal(imap_ops.select(&t.p->base, &x, &t.e), PS_ERROR);
	end(&t);
	begin(&t, "* 1 EXISTS\r\nA0001 OK [READ-ONLY] x\r\n", SCRIPT_CLOSES);
	options_set_num(&t.a.o, OPT_KEEP, 1);
	assert_int_equal(imap_ops.select(&t.p->base, &x, &t.e), PS_SUCCESS);
	assert_true(x.read_only);
	end(&t);
}

/* --- texts ------------------------------------------------------------------------ */

static const struct {
	const char *says;
	enum status open, end;
	uint64_t octets;
	const char *text;
} texts[] = {
	{ "* 1 FETCH (UID 7 BODY[TEXT] {5}\r\na\r\nb\n)\r\nA0001 OK\r\n",
	    PS_SUCCESS, PS_NOMAIL, 5, "a\r\nb\n" },
	{ "* 1 FETCH (BODY[TEXT] {2}\r\nab UID 7)\r\n* 9 EXISTS\r\n"
	  "A0001 OK\r\n",
	    PS_SUCCESS, PS_NOMAIL, 2, "ab" },
	{ "* 1 FETCH (UID 7 BODY[TEXT] {0}\r\n)\r\nA0001 OK\r\n", PS_SUCCESS,
	    PS_NOMAIL, 0, "" },
	{ "* 1 FETCH (UID 7 BODY[TEXT] NIL)\r\nA0001 OK\r\n", PS_SUCCESS,
	    PS_NOMAIL, 0, "" },
	{ "* 1 FETCH (UID 7 BODY[TEXT] \"a\\\"b\")\r\nA0001 OK\r\n", PS_SUCCESS,
	    PS_NOMAIL, 3, "a\"b" },
	/* What looks like an answer is text; what looks like an end, too. */
	{ "* 1 FETCH (UID 7 BODY[TEXT] {18}\r\n)\r\nA0001 OK\r\n.\r\n\r\n)\r\n"
	  "A0001 OK\r\n",
	    PS_SUCCESS, PS_NOMAIL, 18, ")\r\nA0001 OK\r\n.\r\n\r\n" },
	{ "A0001 NO broken\r\n", PS_ERROR, PS_ERROR, 0, "" },
	{ "A0001 OK\r\n", PS_ERROR, PS_ERROR, 0, "" },
	{ "* 1 FETCH (FLAGS ())\r\nA0001 OK\r\n", PS_ERROR, PS_ERROR, 0, "" },
	/* Another message, none, half of one, and then a NO. */
	{ "* 1 FETCH (UID 8 BODY[TEXT] {1}\r\na)\r\nA0001 OK\r\n", PS_SUCCESS,
	    PS_PROTOCOL, 1, "a" },
	{ "* 1 FETCH (BODY[TEXT] {1}\r\na)\r\nA0001 OK\r\n", PS_SUCCESS,
	    PS_PROTOCOL, 1, "a" },
	{ "* 1 FETCH (UID 7 BODY[TEXT] {9}\r\na\r\n", PS_SUCCESS, PS_SOCKET, 9,
	    "a\r\n" },
	{ "* 1 FETCH (UID 7 BODY[TEXT] {1}\r\na)\r\nA0001 NO x\r\n", PS_SUCCESS,
	    PS_ERROR, 1, "a" },
	{ "* 1 FETCH (UID 7 BODY[TEXT] {1}\r\na)\r\n", PS_SUCCESS, PS_SOCKET, 1,
	    "a" },
	{ "* 1 FETCH (UID 7 BODY[TEXT] {1}\r\nabc)\r\n", PS_SUCCESS,
	    PS_PROTOCOL, 1, "a" },
	{ "* 1 FETCH (UID 7 BODY[TEXT] {-1}\r\n", PS_PROTOCOL, PS_PROTOCOL, 0,
	    "" },
	{ "* 1 FETCH (UID 7 BODY[TEXT] {4294967296}\r\n", PS_PROTOCOL,
	    PS_PROTOCOL, 0, "" },
	{ "* 1 FETCH (UID 7 BODY[TEXT] {1\r\n", PS_PROTOCOL, PS_PROTOCOL, 0,
	    "" },
};

static void test_text(void **state)
{
	struct peer t;
	struct str line;
	enum status st;
	uint64_t octets;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(texts); i++) {
		AUTO_BUF text = BUF_MAX(1024);

		begin(&t, texts[i].says, SCRIPT_CLOSES);
		st = imap_open(t.p, 7, IMAP_BODY, &octets, &t.e);
		if (st != texts[i].open)
			fail_msg("case %zu: %d %s", i, (int)st, t.e.text);
		while (st == PS_SUCCESS &&
		    (st = imap_line(&t.p->base, &line, &t.e)) == PS_SUCCESS)
			buf_add(&text, line);
		if (st != texts[i].end)
			fail_msg("case %zu: %d %s", i, (int)st, t.e.text);
		assert_int_equal(octets, texts[i].octets);
		assert_string_equal(buf_c(&text), texts[i].text);
		end(&t);
	}
}

/* --- removing --------------------------------------------------------------------- */

static const struct {
	int64_t every; /* -1: not said */
	const char *capa, *sent;
} removals[] = {
	{ -1, "UIDPLUS",
	    "A0001 UID STORE 5:6 +FLAGS.SILENT (\\Seen \\Deleted)\r\n"
	    "A0002 UID EXPUNGE 5:6\r\n" },
	{ 1, "UIDPLUS",
	    "A0001 UID STORE 5 +FLAGS.SILENT (\\Seen \\Deleted)\r\n"
	    "A0002 UID EXPUNGE 5\r\n"
	    "A0003 UID STORE 6 +FLAGS.SILENT (\\Seen \\Deleted)\r\n"
	    "A0004 UID EXPUNGE 6\r\n" },
	{ 2, "UIDPLUS",
	    "A0001 UID STORE 5:6 +FLAGS.SILENT (\\Seen \\Deleted)\r\n"
	    "A0002 UID EXPUNGE 5:6\r\n" },
	{ 0, "",
	    "A0001 UID STORE 5:6 +FLAGS.SILENT (\\Seen \\Deleted)\r\n"
	    "A0002 EXPUNGE\r\n" },
};

static void count_deed(void *arg, uint64_t n, enum deed deed, enum status st)
{
	unsigned *seen = arg;

	assert_int_equal(deed, DEED_REMOVE);
	assert_int_equal(st, n == 3 ? PS_ERROR : PS_SUCCESS);
	*seen |= 1u << n;
}

static void test_remove(void **state)
{
	static uint32_t uids[] = { 0, 5, 6, 0 };
	struct peer t;
	unsigned seen;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(removals); i++) {
		begin(&t, "A0001 OK\r\nA0002 OK\r\nA0003 OK\r\nA0004 OK\r\n",
		    SCRIPT_CLOSES);
		if (removals[i].every >= 0)
			options_set_num(&t.a.o, OPT_EXPUNGE, removals[i].every);
		t.p->uidplus = removals[i].capa[0] != '\0';
		t.p->uids = uids;
		t.p->count = 3;
		t.p->base.done = count_deed;
		t.p->base.arg = &seen;
		seen = 0;
		assert_int_equal(imap_ops.remove(&t.p->base, 1, &t.e),
		    PS_SUCCESS);
		assert_int_equal(imap_ops.remove(&t.p->base, 2, &t.e),
		    PS_SUCCESS);
		assert_int_equal(imap_ops.leave(&t.p->base, &t.e), PS_SUCCESS);
		assert_int_equal(seen, 6);
		assert_int_equal(imap_ops.remove(&t.p->base, 3, &t.e),
		    PS_SUCCESS);
		assert_int_equal(seen, 14);
		assert_string_equal(sent(&t), removals[i].sent);
		end(&t);
	}
}

/* --- waiting ---------------------------------------------------------------------- */

static void test_idle(void **state)
{
	struct peer t;

	(void)state;
	begin(&t, "+ idling\r\n* 0 RECENT\r\n* 2 EXISTS\r\nA0001 OK\r\n",
	    SCRIPT_CLOSES);
	t.p->idle = true;
	assert_int_equal(imap_ops.wait(&t.p->base, &t.e), PS_SUCCESS);
	assert_string_equal(sent(&t), "A0001 IDLE\r\nDONE\r\n");
	end(&t);
	begin(&t, "+ idling\r\n* BYE shutdown\r\n", SCRIPT_CLOSES);
	t.p->idle = true;
	assert_int_equal(imap_ops.wait(&t.p->base, &t.e), PS_SOCKET);
	end(&t);
	begin(&t, "+ idling\r\n", SCRIPT_CLOSES);
	t.p->idle = true;
	assert_int_equal(imap_ops.wait(&t.p->base, &t.e), PS_SOCKET);
	end(&t);
	begin(&t, "A0001 BAD what\r\n", SCRIPT_CLOSES);
	t.p->idle = true;
	assert_int_equal(imap_ops.wait(&t.p->base, &t.e), PS_ERROR);
	end(&t);
}

/* --- names ------------------------------------------------------------------------ */

static const struct {
	const char *name, *want; /* NULL: refused */
} names[] = {
	{ "INBOX", "\"INBOX\"" },
	{ "B c", "\"B c\"" },
	{ "a\"b\\c", "\"a\\\"b\\\\c\"" },
	{ "../../etc/passwd", "\"../../etc/passwd\"" },
	{ "Entw&APw-rfe", "\"Entw&APw-rfe\"" }, /* as rc files have it */
	{ "Entw\xc3\xbcrfe", "\"Entw&APw-rfe\"" },
	{ "a&b\xc3\xa9", "\"a&-b&AOk-\"" },
	{ "~peter/mail/\xe5\x8f\xb0\xe5\x8c\x97/\xe6\x97\xa5\xe6\x9c\xac"
	  "\xe8\xaa\x9e",
	    "\"~peter/mail/&U,BTFw-/&ZeVnLIqe-\"" }, /* RFC 3501 5.1.3 */
	{ "\xf0\x9f\x93\xa7", "\"&2D3c5w-\"" },
	{ "a\r\nA2 DELETE INBOX", NULL },
	{ "a\x7f", NULL },
	{ "\xff", NULL },
	{ "\xc3\xbc\n", NULL },
};

static void test_names(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(names); i++) {
		AUTO_BUF out = BUF_MAX(4096);
		bool ok = imap_quote_folder(&out, str_c(names[i].name));

		if (ok != (names[i].want != NULL))
			fail_msg("%s: %s", names[i].name, buf_c(&out));
		if (ok)
			assert_string_equal(buf_c(&out), names[i].want);
	}
}

int main(void)
{
	static const struct report_how how = { .prog = "test",
		.verbosity = REPORT_NORMAL,
		.logfile = -1 };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_greeting),
		cmocka_unit_test(test_greeting_without_end),
		cmocka_unit_test(test_login),
		cmocka_unit_test(test_open_line),
		cmocka_unit_test(test_login_literal),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_read_only),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_remove),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_names),
	};

	report_init(&how);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
