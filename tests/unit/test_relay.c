/* test_relay - what goes to relayhost, what its answers mean. */

#include "tests/unit/script.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/macros.h"
#include "vdeliver/permission.h"
#include "vdeliver/relay_qp.h"
#include "vdeliver/relay_reply.h"
#include "vdeliver/relay_talk.h"
#include "vdeliver/relay_text.h"
#include "vdeliver/relayhost.h"
#include "vdeliver/wire.h"

/* --- relayhost ----------------------------------------------------------- */

static const struct {
	const char *list;
	const char *want; /* "host port bare|"... or "bad" at the end */
} lists[] = {
	{ "", "" },
	{ "mx.test", "mx.test 25 1|" },
	{ "mx.test:587", "mx.test 587 1|" },
	{ "[mx.test]", "mx.test 25 0|" },
	{ "[mx.test]:submission", "mx.test submission 0|" },
	{ "[::1]:25", "::1 25 0|" },
	{ "[IPv6:::1]", "::1 25 0|" },
	{ "[a]:1, b:2  [c]", "a 1 0|b 2 1|c 25 0|" },
	{ "[a", "bad" },
	{ "[]", "bad" },
	{ "[a]b", "bad" },
	{ "[a]:", "bad" },
	{ ":25", "bad" },
	{ "a:", "bad" },
	{ "::1", "bad" },
	{ "a]", "bad" },
	{ "[a], [b", "a 25 0|bad" },
};

static void test_relayhost(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(lists); i++) {
		AUTO_BUF got = BUF_MAX(1000);
		struct str list = str_c(lists[i].list);
		struct relayhost r;
		struct err e;
		enum st st;

		while ((st = relayhost_next(&list, &r, &e)) == ST_OK)
			buf_addf(&got, "%.*s %.*s %d|", STR_ARG(r.host),
			    STR_ARG(r.port), r.bare);
		if (st == ST_TEMP)
			buf_addc(&got, "bad");
		assert_string_equal(buf_c(&got), lists[i].want);
	}
}

static void test_places(void **state)
{
	AUTO_BUF got = BUF_MAX(RELAYHOST_PLACES_MAX);
	struct err e;

	(void)state;
	assert_int_equal(relayhost_places("[127.0.0.1]:26, [::1]", "all", NULL,
			     &got, &e),
	    ST_OK);
	assert_string_equal(buf_c(&got),
	    "127.0.0.1 127.0.0.1 26\n::1 ::1 25\n");
	buf_reset(&got);
	assert_int_equal(relayhost_places("[::1]", "ipv4", NULL, &got, &e),
	    ST_TEMP);
	assert_string_equal(e.dsn, "4.4.3");
}

/* --- who may ------------------------------------------------------------- */

static const struct {
	const char *list;
	bool trusted, unknown;
	enum permission want;
} permissions[] = {
	{ "permit_mynetworks, defer_unauth_destination", true, false,
	    PERMISSION_GIVEN },
	{ "permit_mynetworks, defer_unauth_destination", false, false,
	    PERMISSION_DEFERRED },
	{ "permit_mynetworks, defer_unauth_destination", false, true,
	    PERMISSION_UNKNOWN },
	{ "reject_unauth_destination permit_mynetworks", true, true,
	    PERMISSION_DENIED },
	{ "permit_sasl_authenticated permit_auth_destination reject", true,
	    false, PERMISSION_REJECT },
	{ "defer", true, false, PERMISSION_DEFER },
	{ "PERMIT, reject", false, false, PERMISSION_GIVEN },
	{ "permit_mynetworks", false, false, PERMISSION_DEFERRED },
	{ "", true, false, PERMISSION_DEFERRED },
};

static void test_permission(void **state)
{
	struct err e;
	size_t i;

	(void)state;
	log_to_stderr(false);
	for (i = 0; i < NELEM(permissions); i++)
		assert_int_equal(permission_of(permissions[i].list,
				     permissions[i].trusted,
				     permissions[i].unknown),
		    permissions[i].want);
	assert_int_equal(
	    permission_check("permit_mynetworks permit_tls_all_clientcerts "
			     "reject_unauth_destination",
		&e),
	    ST_OK);
	assert_int_equal(permission_check("permit_mynetworks", &e), ST_TEMP);
	assert_int_equal(permission_check("reject_rbl_client x, reject", &e),
	    ST_TEMP);
	assert_string_equal(e.text,
	    "smtpd_relay_restrictions: reject_rbl_client is not supported");
}

/* --- the text ------------------------------------------------------------ */

static const struct {
	size_t max;
	const char *text, *want;
	bool folded;
} folds[] = {
	{ 4, "abcd\nef\n", "abcd\nef\n", false },
	{ 4, "abcde\n", "abcd\n e\n", true },
	{ 4, "abcdefgh\n", "abcd\n efg\n h\n", true },
	{ 4, "abcdefg\n", "abcd\n efg\n", true },
	{ 4, "abcde", "abcd\n e", true },
	{ 0, "abcdefgh\n", "abcdefgh\n", false },
	{ 4, "\n\n", "\n\n", false },
	{ 4, "", "", false },
};

/* The same in one piece and octet by octet. */
static void test_fold(void **state)
{
	size_t i, piece;

	(void)state;
	for (i = 0; i < 2 * NELEM(folds); i++) {
		struct relay_fold f = { .max = folds[i / 2].max };
		struct str rest = str_c(folds[i / 2].text), in, part;
		AUTO_BUF got = BUF_MAX(100);

		piece = i % 2 == 0 ? rest.n : 1;
		while (rest.n != 0) {
			in = str_head(rest, piece);
			rest = str_skip(rest, piece);
			while (relay_fold_next(&f, &in, &part))
				buf_add(&got, part);
		}
		assert_string_equal(buf_c(&got), folds[i / 2].want);
		assert_int_equal(f.folded, folds[i / 2].folded);
	}
}

static void test_facts(void **state)
{
	static const struct {
		const char *text;
		uint64_t lines;
		bool header_8bit;
	} cases[] = {
		{ "A: b\n\n\xc3\xa9\n", 3, false },
		{ "A: \xc3\xa9\n\nx\n", 3, true },
		{ "\n\xc3\xa9\n", 2, false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		struct relay_facts f = { .empty = true };
		struct err e;

		assert_int_equal(relay_text_read(str_c(cases[i].text), -1,
				     relay_facts_add, &f, &e),
		    ST_OK);
		assert_int_equal(f.lines, cases[i].lines);
		assert_int_equal(f.header_8bit, cases[i].header_8bit);
	}
}

/* --- quoted-printable --------------------------------------------------- */

#define C8  "Content-Transfer-Encoding: 8bit\n"
#define CQP "Content-Transfer-Encoding: quoted-printable\n"
#define C7  "Content-Transfer-Encoding: 7bit\n"
#define MIX "Content-Type: multipart/mixed;\n boundary=\"a b\"\n"
#define A40 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
	const char *text, *want;
} encodings[] = {
	{ C8 "A: \xc3\xa9\n\ncaf\xc3\xa9 =\n",
	    "A: \xc3\xa9\n" CQP "\ncaf=C3=A9 =3D\n" },
	/* What does not say 8bit passes. */
	{ "A: b\n\ncaf\xc3\xa9\n", "A: b\n\ncaf\xc3\xa9\n" },
	{ C7 "\n\xc3\xa9\n", C7 "\n\xc3\xa9\n" },
	{ "Content-Transfer-Encoding: base64\n\nYQ==\n",
	    "Content-Transfer-Encoding: base64\n\nYQ==\n" },
	/* Blanks at the end, controls, tabs, long lines. */
	{ C8 "\na \nb\t\n \n\x01\tc\n", CQP "\na=20\nb=09\n=20\n=01\tc\n" },
	{ C8 "\n" A40 A40 "\n",
	    CQP "\n" A40 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=\naaaaaaa\n" },
	/* Parts, each as it says, and what is around them. */
	{ MIX C8 "\n\xc3\n--a b\n" C8 "\n\xc3\n--a b\n\n\xc3\n--a b--\n\xc3\n",
	    MIX C7 "\n\xc3\n--a b\n" CQP "\n=C3\n--a b\n\n\xc3\n--a b--\n"
		   "\xc3\n" },
	{ MIX "\n--a b \nB: c\n" C8 "\n--a bc\n--a b--\n=\n",
	    MIX "\n--a b \nB: c\n" CQP "\n--a bc\n--a b--\n=\n" },
	{ "Content-Type: message/rfc822\n" C8 "\nB: \xc3\n" C8 "\n\xc3\n",
	    "Content-Type: message/rfc822\n" C7 "\nB: \xc3\n" CQP "\n=C3\n" },
	{ "Content-Type: multipart/digest; x=\"; boundary=n\"; Boundary = d\n"
	  "\n--d\n\n" C8 "\n=\n--d--\n",
	    "Content-Type: multipart/digest; x=\"; boundary=n\"; Boundary = d\n"
	    "\n--d\n\n" CQP "\n=3D\n--d--\n" },
	/* No boundary: it stays what it was. */
	{ "Content-Type: multipart/mixed\n" C8 "\n\xc3\n",
	    "Content-Type: multipart/mixed\n" C8 "\n\xc3\n" },
	/* A header alone; a body without its empty line. */
	{ C8, CQP },
	{ MIX "\n--a b\n" C8 "no field =\n--a b--\n",
	    MIX "\n--a b\n" CQP "\nno field =3D\n--a b--\n" },
};

static void encode_in_pieces(const char *text, size_t piece, struct buf *out)
{
	struct str s = str_c(text);
	struct relay_qp q;

	relay_qp_begin(&q);
	for (; s.n != 0; s = str_skip(s, piece))
		relay_qp_add(&q, str_head(s, piece), out);
	relay_qp_end(&q, out);
	relay_qp_clear(&q);
}

static void test_quoted_printable(void **state)
{
	size_t i, piece;

	(void)state;
	for (i = 0; i < NELEM(encodings); i++)
		for (piece = 1; piece <= strlen(encodings[i].text); piece++) {
			AUTO_BUF out = BUF_MAX(10000);

			encode_in_pieces(encodings[i].text, piece, &out);
			assert_string_equal(buf_c(&out), encodings[i].want);
		}
}

/* Fields and lines that no buffer holds pass, and so does too deep a nest. */
static void test_quoted_printable_limits(void **state)
{
	AUTO_BUF in = BUF_MAX(1000000);
	AUTO_BUF out = BUF_MAX(1000000);
	size_t i;

	(void)state;
	buf_addc(&in, "A: ");
	for (i = 0; i < 70000; i++)
		buf_addc(&in, i % 100 != 0 ? "x" : "\n ");
	buf_addc(&in, "\n");
	for (i = 0; i < RELAY_QP_DEPTH + 5; i++)
		buf_addf(&in,
		    "Content-Type: multipart/mixed; boundary=b%zu\n\n--b%zu\n",
		    i, i);
	buf_addc(&in, "\n--");
	for (i = 0; i < 70000; i++)
		buf_addch(&in, '\xc3');
	for (i = 1; i < 40000; i *= 8) {
		buf_reset(&out);
		encode_in_pieces(buf_c(&in), i, &out);
		assert_true(str_eq(buf_str(&out), buf_str(&in)));
	}
}

/* --- what replies mean --------------------------------------------------- */

static void test_outcome(void **state)
{
	static const struct {
		int code;
		const char *text;
		enum st st;
		const char *dsn, *want;
	} cases[] = {
		{ 550, "5.1.1 no such user", ST_PERM, "5.1.1",
		    "host h[1] said: 550 5.1.1 no such user (in reply to RCPT "
		    "TO command)" },
		{ 451, "4.7.1 later", ST_TEMP, "4.7.1",
		    "host h[1] said: 451 4.7.1 later (in reply to RCPT TO "
		    "command)" },
		{ 550, "no", ST_PERM, "5.0.0",
		    "host h[1] said: 550 no (in reply to RCPT TO command)" },
		{ 451, "5.1.1 liar", ST_TEMP, "4.0.0",
		    "host h[1] said: 451 5.1.1 liar (in reply to RCPT TO "
		    "command)" },
		{ 354, "odd", ST_TEMP, "4.0.0",
		    "host h[1] said: 354 odd (in reply to RCPT TO command)" },
		{ 554, "5.7.1 one\n5.7.1 two\x07", ST_PERM, "5.7.1",
		    "host h[1] said: 554 5.7.1 one 5.7.1 two? (in reply to "
		    "RCPT TO command)" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		struct smtp_reply r = SMTP_REPLY;
		struct err e;

		r.code = cases[i].code;
		buf_addc(&r.text, cases[i].text);
		assert_int_equal(relay_outcome(&r, "h[1]", "RCPT TO", &e),
		    cases[i].st);
		assert_string_equal(e.dsn, cases[i].dsn);
		assert_string_equal(e.text, cases[i].want);
		smtp_reply_clear(&r);
	}
}

/* --- whole sessions ------------------------------------------------------ */

#define HELLO                                                               \
	"220 hi\r\n250-r\r\n250-PIPELINING\r\n250-SIZE\r\n250-8BITMIME\r\n" \
	"250-SMTPUTF8\r\n250 DSN\r\n"
#define OK "250 2.0.0 Ok\r\n"

/* Three targets: a in group 1, b and c in group 2. */
static const struct {
	const char *says;
	unsigned flags;
	enum st st;         /* of the session's start */
	const char *states; /* a, b, c: o p t, or - for "not settled" */
	unsigned codes[3];
	const char *sent; /* a part of it */
	const char *text; /* a part of the last target's, or of the error's */
} sessions[] = {
	{ HELLO OK OK OK OK "354 go\r\n250 2.5.0 mine\r\n", WF_8BIT | WF_UTF8,
	    ST_OK, "ooo", { 0, 0, 0 },
	    "EHLO me.test\r\n"
	    "MAIL FROM:<s@x.test> SIZE=12 BODY=8BITMIME SMTPUTF8 ENVID=id "
	    "RET=HDRS\r\n"
	    "RCPT TO:<a@y.test> ORCPT=rfc822;a+2Bb+3D@x NOTIFY=NEVER\r\n"
	    "RCPT TO:<b@y.test>\r\n"
	    "RCPT TO:<c@y.test>\r\n"
	    "DATA\r\n"
	    "A: b\r\n\r\n..x\r\n"
	    ".\r\n"
	    "QUIT\r\n",
	    "250 2.5.0 mine" },
	/* No 8BITMIME there: see test_quoted_printable. */
	{ "220 hi\r\n250 r\r\n" OK OK OK OK "354 go\r\n250 a\r\n", WF_8BIT,
	    ST_OK, "ooo", { 0, 0, 0 },
	    "DATA\r\nA: b\r\n\r\n..x\r\n.\r\nQUIT\r\n", "250 a" },
	{ "220 hi\r\n500 what\r\n250 r\r\n" OK OK OK OK "354 go\r\n250 a\r\n",
	    0, ST_OK, "ooo", { 0, 0, 0 },
	    "EHLO me.test\r\nHELO me.test\r\nMAIL FROM:<s@x.test>\r\n"
	    "RCPT TO:<a@y.test>\r\n",
	    "250 a" },
	{ "554 5.3.2 go away\r\n", 0, ST_TEMP, "---", { 0, 0, 0 }, "",
	    "refused to talk to me: 554 5.3.2 go away" },
	{ "", 0, ST_TEMP, "---", { 0, 0, 0 }, "",
	    "lost connection with relay.test[] while receiving the initial "
	    "server greeting" },
	{ HELLO "550 5.1.8 no\r\n", 0, ST_OK, "ppp", { 550, 550, 550 },
	    "QUIT\r\n", "550 5.1.8 no (in reply to MAIL FROM command)" },
	/* One of b and c is refused: then both are, and a goes alone. */
	{ HELLO OK OK OK "550 5.1.1 no\r\n" OK OK OK "354 go\r\n" OK, 0, ST_OK,
	    "opp", { 0, 550, 550 },
	    "RCPT TO:<c@y.test>\r\nRSET\r\nMAIL FROM:<s@x.test> SIZE=12 "
	    "ENVID=id RET=HDRS\r\n"
	    "RCPT TO:<a@y.test> ORCPT=rfc822;a+2Bb+3D@x NOTIFY=NEVER\r\n"
	    "DATA\r\n",
	    "550 5.1.1 no" },
	/* All of them: there is nothing to send. */
	{ HELLO OK "450 4.2.1 a\r\n" OK "550 5.1.1 no\r\n", 0, ST_OK, "tpp",
	    { 450, 550, 550 }, "RCPT TO:<c@y.test>\r\nQUIT\r\n",
	    "550 5.1.1 no" },
	{ HELLO OK OK OK OK "250 odd\r\n", 0, ST_OK, "ttt", { 0, 0, 0 },
	    "DATA\r\nQUIT\r\n", "250 odd (in reply to DATA command)" },
	{ HELLO OK OK OK OK "354 go\r\n421 4.3.2 bye\r\n", 0, ST_OK, "ttt",
	    { 0, 0, 0 }, "DATA\r\n",
	    "421 4.3.2 bye (in reply to end of DATA command)" },
	{ HELLO OK OK OK OK "354 go\r\n", 0, ST_OK, "ttt", { 0, 0, 0 },
	    "DATA\r\n",
	    "while sending end of data -- message may be sent more than "
	    "once" },
	{ HELLO OK OK OK, 0, ST_OK, "ttt", { 0, 0, 0 }, "RCPT",
	    "while sending RCPT TO" },
	{ HELLO OK OK OK "nonsense\r\n", 0, ST_OK, "ttt", { 0, 0, 0 }, "RCPT",
	    "this is no SMTP reply" },
};

static char letter(const struct relay_target *g)
{
	if (!g->settled)
		return '-';
	return g->st == ST_OK ? 'o' : g->st == ST_PERM ? 'p' : 't';
}

static void targets_init(struct relay_target g[3])
{
	g[0] = (struct relay_target){ .address = STR("a@y.test"),
		.orcpt = STR("a+b=@x"),
		.notify = STR("NEVER"),
		.group = 1 };
	g[1] = (struct relay_target){ .address = STR("b@y.test"), .group = 2 };
	g[2] = (struct relay_target){ .address = STR("c@y.test"), .group = 2 };
}

/* --- logging in ---------------------------------------------------------- */

#define OFFER(m) "220 hi\r\n250-r\r\n250 AUTH " m "\r\n"
#define NONE     "offered no compatible authentication mechanisms"

static const struct {
	const char *options, *filter, *login, *says;
	enum st st;
	const char *sent, *text;
} logins[] = {
	{ "noanonymous", "", "u:p:w", OFFER("LOGIN PLAIN") "235 2.7.0 in\r\n",
	    ST_OK, "AUTH PLAIN AHUAcDp3\r\nMAIL", "" },
	{ "noplaintext, noanonymous", "", "u:p",
	    OFFER("PLAIN CRAM-MD5") "334 PHg+\r\n235 in\r\n", ST_OK,
	    "AUTH CRAM-MD5\r\n", "" },
	{ "noplaintext", "", "u:p", OFFER("PLAIN LOGIN"), ST_TEMP,
	    "EHLO me.test\r\n", NONE },
	{ "mutual_auth", "", "u:p", OFFER("PLAIN CRAM-MD5"), ST_TEMP,
	    "EHLO me.test\r\n", NONE },
	{ "", "!plain, static:rest", "u:p",
	    OFFER("PLAIN LOGIN") "334 VXNlcjo=\r\n334 UGFzczo=\r\n235 in\r\n",
	    ST_OK, "AUTH LOGIN\r\ndQ==\r\ncA==\r\nMAIL", "" },
	{ "", "cram-md5", "u:p", OFFER("PLAIN"), ST_TEMP, "EHLO me.test\r\n",
	    NONE },
	{ "", "", "u:p", OFFER("PLAIN") "535 5.7.8 bad password\r\n", ST_TEMP,
	    "AUTH PLAIN AHUAcA==\r\n",
	    "SASL authentication failed; server relay.test[] said: 535 5.7.8 "
	    "bad password" },
	{ "", "", "u:p", OFFER("PLAIN"), ST_TEMP, "AUTH PLAIN AHUAcA==\r\n",
	    "while performing SASL authentication" },
	/* Without a login, or a server that wants one. */
	{ "", "", "", OFFER("PLAIN"), ST_OK, "EHLO me.test\r\nMAIL", "" },
	{ "", "", "u:p", "220 hi\r\n250 r\r\n", ST_OK, "EHLO me.test\r\nMAIL",
	    "" },
};

static void test_login(void **state)
{
	size_t i;

	(void)state;
	log_to_stderr(false);
	for (i = 0; i < NELEM(logins); i++) {
		struct relay_target target = { .address = STR("a@y.test") };
		struct relay_mail m = { .body = STR("A: b\n"),
			.fd = -1,
			.deadline = clock_deadline(5000),
			.login = logins[i].login,
			.targets = &target,
			.n = 1 };
		struct settings set = { .smtp_helo_name = "me.test",
			.smtp_helo_timeout = 1,
			.smtp_mail_timeout = 1,
			.smtp_sasl_security_options = logins[i].options,
			.smtp_sasl_mechanism_filter = logins[i].filter };
		struct err e = { "", "" };
		struct script s;

		script_begin(&s, str_c(logins[i].says), SCRIPT_CLOSES);
		assert_int_equal(relay_mail_over(&set, NULL, s.conn, &m, &e),
		    logins[i].st);
		assert_non_null(strstr(script_sent(&s), logins[i].sent));
		assert_int_equal(strstr(buf_c(&s.sent), "MAIL") != NULL,
		    logins[i].st == ST_OK);
		if (logins[i].st != ST_OK) {
			assert_non_null(strstr(e.text, logins[i].text));
			assert_int_equal(e.dsn[0], '4');
		}
		script_end(&s);
	}
}

static void test_sessions(void **state)
{
	static const struct settings set = { .smtp_helo_name = "me.test",
		.smtp_line_length_limit = 998,
		.smtp_helo_timeout = 1,
		.smtp_mail_timeout = 1,
		.smtp_rcpt_timeout = 1,
		.smtp_data_init_timeout = 1,
		.smtp_data_xfer_timeout = 1,
		.smtp_data_done_timeout = 1 };
	size_t i, k;

	(void)state;
	log_to_stderr(false);
	for (i = 0; i < NELEM(sessions); i++) {
		struct relay_target g[3];
		struct relay_mail m = { .qid = STR("Q"),
			.sender = STR("s@x.test"),
			.ret = STR("HDRS"),
			.envid = STR("id"),
			.flags = sessions[i].flags,
			.body = STR("A: b\n\n.x\n"),
			.fd = -1,
			.size = 9,
			.deadline = clock_deadline(5000),
			.targets = g,
			.n = 3 };
		struct script s;
		struct err e = { "", "" };
		const char *text;

		targets_init(g);
		script_begin(&s, str_c(sessions[i].says), SCRIPT_CLOSES);
		assert_int_equal(relay_mail_over(&set, NULL, s.conn, &m, &e),
		    sessions[i].st);
		for (k = 0; k < 3; k++) {
			if (letter(&g[k]) != sessions[i].states[k] ||
			    g[k].code != sessions[i].codes[k])
				fail_msg("session %zu, target %zu: %c %u %s", i,
				    k, letter(&g[k]), g[k].code, g[k].err.text);
		}
		text = g[2].settled ? g[2].err.text : e.text;
		if (strstr(text, sessions[i].text) == NULL)
			fail_msg("session %zu: %s", i, text);
		if (strstr(script_sent(&s), sessions[i].sent) == NULL)
			fail_msg("session %zu sent %s", i, buf_c(&s.sent));
		script_end(&s);
	}
}

/* What has to be said in UTF-8 is not sent without it. */
static void test_utf8(void **state)
{
	static const struct settings set = { .smtp_helo_name = "me.test",
		.smtp_helo_timeout = 1 };
	struct relay_target g = { .address = STR("\xc3\xa9@y.test") };
	struct relay_mail m = { .sender = STR("s@x.test"),
		.flags = WF_UTF8,
		.body = STR("A: b\n"),
		.fd = -1,
		.size = 5,
		.deadline = CLOCK_NEVER,
		.targets = &g,
		.n = 1 };
	struct script s;
	struct err e;

	(void)state;
	script_begin(&s, STR("220 hi\r\n250 r\r\n"), SCRIPT_CLOSES);
	assert_int_equal(relay_mail_over(&set, NULL, s.conn, &m, &e), ST_OK);
	assert_int_equal(g.st, ST_PERM);
	assert_string_equal(g.err.dsn, "5.6.7");
	assert_null(strstr(script_sent(&s), "MAIL"));
	script_end(&s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_relayhost),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_permission),
		cmocka_unit_test(test_fold),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_quoted_printable),
		cmocka_unit_test(test_quoted_printable_limits),
		cmocka_unit_test(test_outcome),
		cmocka_unit_test(test_login),
		cmocka_unit_test(test_sessions),
		cmocka_unit_test(test_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
