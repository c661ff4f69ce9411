/* test_session - SMTP and LMTP dialogues, with a scripted router. */

#include "tests/unit/talk.h"

#define NO_LHLO "500 5.5.1 Error: this is LMTP: LHLO\r\n"

/* The states, and how one comes there. */
static const char *const preludes[] = {
	"",                          /* nothing said */
	"HELO c.test\r\n",           /* the rest pipelines not */
	"EHLO c.test\r\n",           /* ready */
	"EHLO c.test\r\n" MAIL,      /* in a transaction */
	"EHLO c.test\r\n" MAIL RCPT, /* with a recipient */
};
enum {
	NEW,
	OLD,
	READY,
	MAILED,
	ADDRESSED,
	STATES
};

#define SAME(r)               \
	{                     \
		r, r, r, r, r \
	}
#define NEED_MAIL "503 5.5.1 Error: need MAIL command\r\n"
#define NEED_RCPT "503 5.5.1 Error: need RCPT command\r\n"
#define NESTED    "503 5.5.1 Error: nested MAIL command\r\n"
#define NO_VALID  "554 5.5.1 Error: no valid recipients\r\n"

static const struct {
	const char *line, *replies[STATES];
} commands[] = {
	{ "HELO x", SAME(HELO_OK) },
	{ "HELO", SAME("501 Syntax: HELO hostname\r\n") },
	{ "ehlo x", SAME(EHLO_OK) },
	{ "EHLO ", SAME("501 Syntax: EHLO hostname\r\n") },
	{ "LHLO x", SAME(UNKNOWN) },
	{ "MAIL FROM:<a@b.test>", { MAILOK, MAILOK, MAILOK, NESTED, NESTED } },
	{ "MAIL FROM:<>", { MAILOK, MAILOK, MAILOK, NESTED, NESTED } },
	{ "MAIL <a>",
	    { "501 5.5.4 Syntax: MAIL FROM:<address>\r\n",
		"501 5.5.4 Syntax: MAIL FROM:<address>\r\n",
		"501 5.5.4 Syntax: MAIL FROM:<address>\r\n", NESTED, NESTED } },
	{ "RCPT TO:<a@b.test>",
	    { NEED_MAIL, NEED_MAIL, NEED_MAIL, RCPTOK, RCPTOK } },
	{ "RCPT TO:<no@b.test>",
	    { NEED_MAIL, NEED_MAIL, NEED_MAIL,
		"550 5.1.1 <no>: User unknown\r\n",
		"550 5.1.1 <no>: User unknown\r\n" } },
	{ "RCPT TO:<>",
	    { NEED_MAIL, NEED_MAIL, NEED_MAIL,
		"501 5.1.3 Bad recipient address syntax\r\n",
		"501 5.1.3 Bad recipient address syntax\r\n" } },
	{ "RCPT x",
	    { NEED_MAIL, NEED_MAIL, NEED_MAIL,
		"501 5.5.4 Syntax: RCPT TO:<address>\r\n",
		"501 5.5.4 Syntax: RCPT TO:<address>\r\n" } },
	{ "DATA", { NEED_RCPT, NEED_RCPT, NEED_RCPT, NO_VALID, GO } },
	{ "DATA x",
	    { NEED_RCPT, NEED_RCPT, NEED_RCPT, NO_VALID,
		"501 5.5.4 Syntax: DATA\r\n" } },
	{ "RSET", SAME(OK) },
	{ "RSET x", SAME("501 5.5.4 Syntax: RSET\r\n") },
	{ "NOOP", SAME(OK) },
	{ "NOOP x y", SAME(OK) },
	{ "VRFY a@b.test", SAME("252 2.0.0 a@b.test\r\n") },
	{ "VRFY a SMTPUTF8", SAME("252 2.0.0 a\r\n") },
	{ "VRFY no@b.test", SAME("550 5.1.1 <no>: User unknown\r\n") },
	{ "VRFY", SAME("501 5.5.4 Syntax: VRFY address [SMTPUTF8]\r\n") },
	{ "VRFY a b", SAME("501 5.1.3 Bad recipient address syntax\r\n") },
	{ "QUIT", SAME("221 2.0.0 Bye\r\n") },
	{ "QUIT x", SAME("221 2.0.0 Bye\r\n") },
	{ "STARTTLS", SAME("502 5.5.1 Error: command not implemented\r\n") },
	{ "AUTH PLAIN x",
	    SAME("503 5.5.1 Error: authentication not enabled\r\n") },
	{ "ETRN x", SAME(UNKNOWN) },
	{ "EXPN x", SAME(UNKNOWN) },
	{ "FOO", SAME(UNKNOWN) },
	{ "", SAME("500 5.5.2 Error: bad syntax\r\n") },
	{ "\xff\xfe", SAME("500 5.5.2 Error: bad UTF-8 syntax\r\n") },
	{ "GET / HTTP/1.0",
	    SAME("221 2.7.0 Error: I can break rules, too. Goodbye.\r\n") },
	{ "eater",
	    SAME("221 2.7.0 Error: I can break rules, too. Goodbye.\r\n") },
	{ "Eat", SAME("500 5.5.2 Error: command not recognized\r\n") },
	{ "Subject: x",
	    SAME("221 2.7.0 Error: I can break rules, too. Goodbye.\r\n") },
	{ "1x", SAME("221 2.7.0 Error: I can break rules, too. Goodbye.\r\n") },
};

static void enter(struct talk *t, const char *prelude)
{
	struct str rest = str_c(prelude), line;

	begin(t, SESSION_SMTP, "");
	while (rest.n != 0) {
		str_cut(&rest, '\n', &line);
		line.n++;
		arrive(t, line, SIZE_MAX);
	}
	buf_reset(&t->out);
}

static void test_states(void **state)
{
	size_t i, k;

	(void)state;
	for (i = 0; i < NELEM(commands); i++)
		for (k = 0; k < STATES; k++) {
			struct talk t;
			bool close, data;

			defaults();
			enter(&t, preludes[k]);
			say(&t, commands[i].line);
			say(&t, "\r\n");
			close = buf_str(&t.out).p[0] == '2' &&
			    str_starts(buf_str(&t.out), STR("221"));
			data = str_starts(buf_str(&t.out), STR("354"));
			expect(&t, commands[i].replies[k]);
			assert_int_equal(t.s->wish == WISH_CLOSE, close);
			assert_int_equal(t.s->expects_data, data);
			end(&t);
		}
}

/* Whatever was refused before, a whole transaction goes through after it. */
static void test_used_again(void **state)
{
	size_t i, k;

	(void)state;
	for (i = 0; i < NELEM(commands); i++)
		for (k = 0; k < STATES; k++) {
			struct talk t;

			defaults();
			enter(&t, preludes[k]);
			say(&t, commands[i].line);
			say(&t, "\r\n");
			if (t.s->wish == WISH_CLOSE) {
				end(&t);
				continue;
			}
			if (t.s->expects_data) {
				say(&t, "X: y\r\n.\r\n");
				buf_reset(&t.stored);
			}
			say(&t, "RSET\r\n");
			say(&t, "EHLO d.test\r\n");
			buf_reset(&t.out);
			say(&t, MAIL RCPT);
			say(&t, "DATA\r\n");
			say(&t, "A: b\r\n\r\nc\r\n.\r\n");
			expect(&t, MAILOK RCPTOK GO QUEUED);
			assert_string_equal(buf_c(&t.stored),
			    "[s@x.test>r@x.test, 11]");
			end(&t);
		}
}

/* Refusals at every stage of a message, and a good one behind it. */
static const struct {
	const char *mail, *rcpt, *body, *want;
} refused[] = {
	{ "MAIL FROM:<a@@>\r\n", "", "",
	    "501 5.1.7 Bad sender address syntax\r\n" },
	{ "MAIL FROM:<a@b.test> SIZE=1001\r\n", "", "",
	    "552 5.3.4 Message size exceeds fixed limit\r\n" },
	{ "MAIL FROM:<a@b.test> SIZE=99999999999999999999\r\n", "", "",
	    "552 5.3.4 Message size exceeds file system imposed limit\r\n" },
	{ "MAIL FROM:<a@b.test> SIZE=-1\r\n", "", "",
	    "501 5.5.4 Bad message size syntax\r\n" },
	{ "MAIL FROM:<a@b.test> BODY=BINARYMIME\r\n", "", "",
	    "555 5.5.4 Unsupported option: BODY=BINARYMIME\r\n" },
	{ "MAIL FROM:<a@b.test> FOO\r\n", "", "",
	    "555 5.5.4 Unsupported option: FOO\r\n" },
	{ "MAIL FROM:<a@b.test> NOTIFY=NEVER\r\n", "", "",
	    "555 5.5.4 Unsupported option: NOTIFY=NEVER\r\n" },
	{ "MAIL FROM:<a@b.test> RET=SOME\r\n", "", "",
	    "501 5.5.4 Bad RET parameter syntax\r\n" },
	{ "MAIL FROM:<a@b.test> ENVID=a=b\r\n", "", "",
	    "501 5.5.4 Bad ENVID parameter syntax\r\n" },
	{ MAIL, "RCPT TO:<no@x.test>\r\n", "",
	    MAILOK "550 5.1.1 <no>: User unknown\r\n" },
	{ MAIL, "RCPT TO:<later@x.test>\r\n", "",
	    MAILOK "451 4.3.0 <later>: Temporary lookup failure\r\n" },
	{ MAIL, "RCPT TO:<r@x.test> NOTIFY=NEVER,DELAY\r\n", "",
	    MAILOK "501 5.5.4 Error: Bad NOTIFY parameter syntax\r\n" },
	{ MAIL, "RCPT TO:<r@x.test> ORCPT=rfc822;a+0D+0AX:\r\n", "",
	    MAILOK "501 5.5.4 Error: Bad ORCPT parameter syntax\r\n" },
	{ MAIL, "RCPT TO:<r@x.test> ORCPT=x\r\n", "",
	    MAILOK "501 5.5.4 Error: Bad ORCPT parameter syntax\r\n" },
	{ MAIL, RCPT,
	    "Received: 1\r\nReceived: 2\r\nReceived: 3\r\n"
	    "Received: 4\r\n.\r\n",
	    MAILOK RCPTOK GO "554 5.4.0 Error: too many hops\r\n" },
	{ "MAIL FROM:<> SIZE=1000 BODY=8bitmime SMTPUTF8 AUTH=<> RET=HDRS "
	  "ENVID=x+2By\r\n",
	    "RCPT TO:<r@x.test> NOTIFY=success,FAILURE "
	    "ORCPT=rfc822;a+2Bb@c\r\n",
	    "A: b\r\n.\r\n", MAILOK RCPTOK GO QUEUED },
};

static void test_refused(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(refused); i++) {
		struct talk t;

		defaults();
		greet(&t, SESSION_SMTP);
		say(&t, refused[i].mail);
		say(&t, refused[i].rcpt);
		if (refused[i].body[0] != '\0')
			say(&t, "DATA\r\n");
		say(&t, refused[i].body);
		expect(&t, refused[i].want);
		say(&t, "RSET\r\n" MAIL RCPT "DATA\r\n");
		buf_reset(&t.stored);
		say(&t, "A: b\r\n.\r\n");
		expect(&t, OK MAILOK RCPTOK GO QUEUED);
		assert_string_equal(buf_c(&t.stored), "[s@x.test>r@x.test, 6]");
		end(&t);
	}
}

/* However the bytes arrive, the same is answered and stored. */
static void test_split(void **state)
{
	static const char *const turns[] = {
		"EHLO c.test\r\n",
		"MAIL FROM:<root> SIZE=10\r\nRCPT TO:<a>\r\n"
		"RCPT TO:<no@x.test>\r\nRCPT TO:<\"b c\"@x.test>\r\nFOO\r\n"
		"\r\nRSET x\r\nDATA\r\n",
		"A: b\r\n\r\n..x\r\n.y\r\n\r\n.\r\n" MAIL
		"RCPT TO:<no@x.test>\r\n" RCPT "DATA\r\n",
		".\r\nQUIT\r\n",
	};
	size_t piece, i;

	(void)state;
	for (piece = 1; piece < 200; piece++) {
		struct talk t;

		defaults();
		begin(&t, SESSION_SMTP, "");
		for (i = 0; i < NELEM(turns); i++)
			arrive(&t, str_c(turns[i]), piece);
		assert_int_equal(t.s->wish, WISH_CLOSE);
		assert_string_equal(buf_c(&t.stored),
		    "[root@org.test>a@org.test,b c@x.test, 17]"
		    "[s@x.test>r@x.test, 0]");
		expect(&t,
		    "220 mx.test ESMTP Postfix\r\n" EHLO_OK MAILOK RCPTOK
		    "550 5.1.1 <no>: User unknown\r\n" RCPTOK UNKNOWN
		    "500 5.5.2 Error: bad syntax\r\n"
		    "501 5.5.4 Syntax: RSET\r\n" GO QUEUED MAILOK
		    "550 5.1.1 <no>: User unknown\r\n" RCPTOK GO QUEUED
		    "221 2.0.0 Bye\r\n");
		end(&t);
	}
}

/* Input behind a command that must wait for its reply. RFC 2920 3.1. */
static void test_pipelining(void **state)
{
	static const struct {
		const char *prelude, *text, *want;
	} cases[] = {
		{ "", "EHLO x\r\nNOOP\r\n", "" },
		{ "", "HELO x\r\nQUIT\r\n", "" },
		{ "", MAIL "QUIT\r\n", "" },
		{ "HELO x\r\n", MAIL RCPT, "" },
		{ "EHLO x\r\n", "NOOP\r\nQUIT\r\n", "" },
		{ "EHLO x\r\n", "VRFY a\r\nQUIT\r\n", "" },
		{ "EHLO x\r\n", MAIL RCPT "DATA\r\nA: b\r\n.\r\n",
		    MAILOK RCPTOK },
		{ "EHLO x\r\n", "RSET\r\nDATA\r\nRSET\r\n", OK },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		struct talk t;
		AUTO_BUF want = BUF_MAX(1000);

		defaults();
		enter(&t, cases[i].prelude);
		say(&t, cases[i].text);
		assert_int_equal(t.s->wish, WISH_CLOSE);
		buf_addf(&want,
		    "%s554 5.5.0 Error: SMTP protocol synchronization\r\n",
		    cases[i].want);
		expect(&t, buf_c(&want));
		assert_non_null(strstr(logged, "improper command pipelining"));
		end(&t);
		/* The same is let pass, and logged once. */
		set.smtpd_forbid_unauth_pipelining = "no";
		logged[0] = '\0';
		enter(&t, cases[i].prelude);
		say(&t, cases[i].text);
		assert_null(strstr(buf_c(&t.out), "554 5.5.0"));
		assert_non_null(strstr(logged, "improper command pipelining"));
		end(&t);
	}
}

static void test_early_talker(void **state)
{
	struct talk t;

	(void)state;
	defaults();
	begin(&t, SESSION_SMTP, "EHLO x\r\n");
	expect(&t, "554 5.5.0 Error: SMTP protocol synchronization\r\n");
	assert_int_equal(t.s->wish, WISH_CLOSE);
	end(&t);
	assert_string_equal(logged,
	    "connect from peer.test[192.0.2.1]\n"
	    "improper command pipelining after CONNECT from "
	    "peer.test[192.0.2.1]: EHLO x\\r\\n\n"
	    "disconnect from peer.test[192.0.2.1] commands=0/0\n");
}

#define SMUGGLED "MAIL FROM:<evil@x.test>\r\nRCPT TO:<r@x.test>\r\n"

static void test_smuggling(void **state)
{
	static const char *const ends[] = { "\n.\n", "\n.\r\n", "\r\n.\n",
		"\r.\r", "\r\n.\r", "\r.\r\n", "\r\n.\r\r\n", "\r\n\1.\r\n" };
	size_t i, mode;

	(void)state;
	for (i = 0; i < NELEM(ends); i++)
		for (mode = 0; mode < 3; mode++) {
			struct talk t;
			bool bare = i < 3;

			defaults();
			if (mode == 1)
				set.smtpd_forbid_bare_newline = "reject";
			client.bare_lf_ok = mode == 2;
			greet(&t, SESSION_SMTP);
			say(&t, MAIL RCPT "DATA\r\n");
			say(&t, "A: b\r\n\r\nc");
			say(&t, ends[i]);
			say(&t, SMUGGLED);
			assert_true(t.s->expects_data);
			say(&t, "\r\n.\r\n");
			assert_int_equal(t.commits, mode != 1 || !bare);
			expect(&t,
			    mode == 1 && bare ? MAILOK RCPTOK GO
				"550 5.5.2 mx.test Error: bare <LF> "
				"received\r\n"
					      : MAILOK RCPTOK GO QUEUED);
			say(&t, "QUIT\r\n");
			end(&t);
		}
	/* Clients that are exempt, where the parameter is set. */
	for (i = 0; i < 3; i++) {
		struct talk t;

		defaults();
		client.bare_lf_ok = client.lf_dot_ok = true;
		greet(&t, SESSION_SMTP);
		say(&t, MAIL RCPT "DATA\r\n");
		say(&t, "A: b\n\nc");
		say(&t, ends[i]);
		expect(&t, MAILOK RCPTOK GO QUEUED);
		end(&t);
	}
}

static void test_bare_lf_command(void **state)
{
	struct talk t;

	(void)state;
	defaults();
	begin(&t, SESSION_SMTP, "");
	buf_reset(&t.out);
	say(&t, "NOOP\n");
	expect(&t, OK);
	end(&t);
	set.smtpd_forbid_bare_newline = "reject";
	begin(&t, SESSION_SMTP, "");
	buf_reset(&t.out);
	say(&t, "NOOP\n");
	expect(&t, "550 5.5.2 mx.test Error: bare <LF> received\r\n");
	assert_int_equal(t.s->wish, WISH_CLOSE);
	end(&t);
}

/* RFC 2033: one reply for each recipient, in order. */
static void test_lmtp(void **state)
{
	struct talk t;

	(void)state;
	defaults();
	begin(&t, SESSION_LMTP, "");
	expect(&t, "220 mx.test LMTP Postfix\r\n");
	say(&t, "EHLO x\r\n");
	say(&t, "HELO x\r\n");
	expect(&t, NO_LHLO NO_LHLO);
	say(&t, "LHLO x\r\n");
	expect(&t, EHLO_OK);
	say(&t, MAIL "RCPT TO:<no@x.test>\r\nDATA\r\n");
	expect(&t,
	    MAILOK "550 5.1.1 <no>: User unknown\r\n"
		   "503 5.5.1 Error: no valid recipients\r\n");
	say(&t,
	    "RCPT TO:<a@x.test>\r\nRCPT TO:<b>\r\n"
	    "RCPT TO:<a@x.test>\r\nDATA\r\n");
	say(&t, "A: b\r\n.\r\nRSET\r\n");
	expect(&t,
	    RCPTOK RCPTOK RCPTOK GO
	    "250 2.0.0 <a@x.test> Ok: queued as Q\r\n"
	    "250 2.0.0 <b> Ok: queued as Q\r\n"
	    "250 2.0.0 <a@x.test> Ok: queued as Q\r\n" OK);
	/* A message that is refused whole. */
	say(&t, MAIL "RCPT TO:<a@x.test>\r\nRCPT TO:<b>\r\nDATA\r\n");
	say(&t,
	    "Received: 1\r\nReceived: 2\r\nReceived: 3\r\n"
	    "Received: 4\r\n.\r\n");
	expect(&t,
	    MAILOK RCPTOK RCPTOK GO "554 5.4.0 Error: too many hops\r\n"
				    "554 5.4.0 Error: too many hops\r\n");
	end(&t);
}

static void test_lmtp_outcomes(void **state)
{
	static const struct session_reply replies[] = {
		{ 250, "2.0.0", "x" },
		{ 452, "4.2.2", "<b> over quota" },
		{ 554, "5.2.0", "<c> broken" },
	};
	struct talk t;

	(void)state;
	defaults();
	greet(&t, SESSION_LMTP);
	say(&t,
	    MAIL "RCPT TO:<a@x.test>\r\nRCPT TO:<b@x.test>\r\n"
		 "RCPT TO:<c@x.test>\r\nDATA\r\n");
	buf_reset(&t.out);
	assert_int_equal(session_input(t.s, STR("A: b\r\n.\r\nNOOP\r\n")), 9);
	assert_int_equal(t.s->wish, WISH_COMMIT);
	/* Nothing is taken while a wish is open. */
	assert_int_equal(session_input(t.s, STR("NOOP\r\n")), 0);
	session_resume_commit(t.s, replies, 3);
	serve(&t);
	expect(&t,
	    "250 2.0.0 <a@x.test> Ok: queued as Q\r\n"
	    "452 4.2.2 <b> over quota\r\n554 5.2.0 <c> broken\r\n");
	say(&t, "NOOP\r\n");
	expect(&t, OK);
	end(&t);
}

static void test_commit_fails(void **state)
{
	uint64_t txn;
	struct talk t;

	(void)state;
	defaults();
	outcome = (struct session_reply){ 451, "4.3.0", "disk trouble" };
	greet(&t, SESSION_SMTP);
	txn = t.s->txn;
	say(&t, MAIL RCPT "DATA\r\n");
	assert_true(t.s->txn != txn);
	txn = t.s->txn;
	say(&t, "A: b\r\n.\r\n");
	assert_true(t.s->txn != txn);
	expect(&t, MAILOK RCPTOK GO "451 4.3.0 disk trouble\r\n");
	outcome = (struct session_reply){ 421, "4.3.0", "mx.test gone" };
	say(&t, MAIL RCPT "DATA\r\n");
	say(&t, "A: b\r\n.\r\n");
	expect(&t, MAILOK RCPTOK GO "421 4.3.0 mx.test gone\r\n");
	assert_int_equal(t.s->wish, WISH_CLOSE);
	end(&t);
	/* The router is gone at RCPT. */
	greet(&t, SESSION_SMTP);
	say(&t, MAIL "RCPT TO:<dead@x.test>\r\n");
	expect(&t, MAILOK "421 4.3.0 mx.test Server local error\r\n");
	assert_int_equal(t.s->wish, WISH_CLOSE);
	end(&t);
}

/* What the front and the router get to know. */
static void test_envelope(void **state)
{
	struct talk t;

	(void)state;
	defaults();
	client.trusted = true;
	greet(&t, SESSION_SMTP);
	assert_int_equal(
	    session_input(t.s,
		STR("MAIL FROM:<@r.test:a!b> SIZE=77 "
		    "BODY=8BITMIME\r\n"
		    "RCPT TO:<\"x y\"> ORCPT=rfc822;p+2Bq\r\n" RCPT)),
	    83);
	assert_int_equal(t.s->wish, WISH_RCPT);
	assert_str(t.s->mail.sender_orig, "a!b");
	assert_str(t.s->mail.sender, "b@a");
	assert_int_equal(t.s->mail.size_hint, 77);
	assert_true(t.s->mail.body_8bit);
	assert_str(t.s->rcpt.original, "\"x y\"");
	assert_str(t.s->rcpt.address, "x y@org.test");
	assert_str(t.s->rcpt.orcpt, "p+q");
	assert_false(t.s->rcpt.routed);
	assert_false(t.s->rcpt.verify);
	assert_null(t.s->mail.qid);
	session_resume_rcpt(t.s, &(struct session_reply){ 250, "2.1.5", "Ok" });
	assert_int_equal(strlen(t.s->mail.qid), 12);
	assert_int_equal(t.s->mail.n_rcpts, 1);
	assert_str(t.s->mail.rcpts[0].original, "\"x y\"");
	assert_int_equal(session_input(t.s, STR("RCPT TO:<a%b@c.test>\r\n")),
	    22);
	assert_true(t.s->rcpt.routed);
	session_resume_rcpt(t.s, &(struct session_reply){ 250, "2.1.5", "Ok" });
	end(&t);
	/* Whether a stranger may choose that is the router's affair. */
	client.trusted = false;
	greet(&t, SESSION_SMTP);
	assert_int_equal(session_input(t.s,
			     STR(MAIL "RCPT TO:<x> "
				      "ORCPT=rfc822;y\r\n")),
	    50);
	assert_str(t.s->rcpt.orcpt, "y");
	end(&t);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_used_again),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_pipelining),
		cmocka_unit_test(test_early_talker),
		cmocka_unit_test(test_smuggling),
		cmocka_unit_test(test_bare_lf_command),
		cmocka_unit_test(test_lmtp),
		cmocka_unit_test(test_lmtp_outcomes),
		cmocka_unit_test(test_commit_fails),
		cmocka_unit_test(test_envelope),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
