/* test_session_matrix - every command in every state, and the session after
 * it: chunks, TLS and XCLIENT included. */

#include "tests/unit/talk.h"

static const struct tls_facts facts = { .protocol = "TLSv1.3", .cipher = "X" };

#define EHLO "EHLO c.test\r\n"

/* The states, and what is said to come there; each part arrives alone. */
static const struct {
	bool helo_required;
	const char *says[5];
} states[] = {
	{ false, { NULL } },
	{ false, { "HELO c.test\r\n" } },
	{ false, { EHLO } },
	{ false, { EHLO, MAIL } },
	{ false, { EHLO, MAIL, RCPT } },
	{ false, { EHLO, MAIL, RCPT, "BDAT 2\r\n", "ab" } },
	{ false, { EHLO, "BDAT 2\r\n", "ab" } },
	{ false, { EHLO, MAIL, "STARTTLS\r\n" } },
	{ true, { NULL } },
};

/* The first code of the reply by state: nothing said, HELO, EHLO, MAIL, RCPT,
 * after a chunk, after a bad one, after the handshake, HELO is missing. */
static const struct {
	const char *line, *chunk;
	int codes[NELEM(states)];
} commands[] = {
	{ "HELO x", NULL, { 250, 250, 250, 250, 250, 250, 250, 250, 250 } },
	{ "HELO", NULL, { 501, 501, 501, 501, 501, 501, 501, 501, 501 } },
	{ "EHLO x", NULL, { 250, 250, 250, 250, 250, 250, 250, 250, 250 } },
	{ "LHLO x", NULL, { 500, 500, 500, 500, 500, 500, 500, 500, 500 } },
	{ "MAIL FROM:<a@b.test>", NULL,
	    { 250, 250, 250, 503, 503, 503, 503, 250, 503 } },
	{ "MAIL FROM:<a@@>", NULL,
	    { 501, 501, 501, 503, 503, 503, 503, 501, 503 } },
	{ "RCPT TO:<a@b.test>", NULL,
	    { 503, 503, 503, 250, 250, 503, 503, 503, 503 } },
	{ "RCPT TO:<no@b.test>", NULL,
	    { 503, 503, 503, 550, 550, 503, 503, 503, 503 } },
	{ "DATA", NULL, { 503, 503, 503, 554, 354, 503, 503, 503, 503 } },
	{ "BDAT 0 LAST", NULL,
	    { 503, 503, 503, 554, 250, 250, 551, 503, 503 } },
	{ "BDAT 0", NULL, { 503, 503, 503, 554, 551, 551, 551, 503, 503 } },
	{ "BDAT 3", "abc", { 503, 503, 503, 554, 250, 250, 551, 503, 503 } },
	{ "BDAT 3 LAST", "abc",
	    { 503, 503, 503, 554, 250, 250, 551, 503, 503 } },
	{ "BDAT x", NULL, { 521, 521, 521, 521, 521, 521, 521, 521, 521 } },
	{ "BDAT", NULL, { 521, 521, 521, 521, 521, 521, 521, 521, 521 } },
	{ "RSET", NULL, { 250, 250, 250, 250, 250, 250, 250, 250, 250 } },
	{ "NOOP", NULL, { 250, 250, 250, 250, 250, 250, 250, 250, 250 } },
	{ "VRFY a", NULL, { 252, 252, 252, 252, 252, 252, 252, 252, 252 } },
	{ "VRFY no", NULL, { 550, 550, 550, 550, 550, 550, 550, 550, 550 } },
	{ "QUIT", NULL, { 221, 221, 221, 221, 221, 221, 221, 221, 221 } },
	{ "STARTTLS", NULL, { 220, 220, 220, 220, 220, 220, 220, 554, 220 } },
	{ "XCLIENT ADDR=192.0.2.9", NULL,
	    { 220, 220, 220, 503, 503, 503, 503, 220, 220 } },
	{ "XCLIENT ADDR=x", NULL,
	    { 501, 501, 501, 503, 503, 503, 503, 501, 501 } },
	{ "XFORWARD ADDR=192.0.2.9", NULL,
	    { 250, 250, 250, 503, 503, 503, 503, 250, 250 } },
	{ "AUTH PLAIN x", NULL,
	    { 503, 503, 503, 503, 503, 503, 503, 503, 503 } },
	{ "HELP", NULL, { 214, 214, 214, 214, 214, 214, 214, 214, 214 } },
	{ "FOO", NULL, { 500, 500, 500, 500, 500, 500, 500, 500, 500 } },
	{ "", NULL, { 500, 500, 500, 500, 500, 500, 500, 500, 500 } },
	{ "GET /", NULL, { 221, 221, 221, 221, 221, 221, 221, 221, 221 } },
};

static void matrix_defaults(void)
{
	defaults();
	set.smtpd_use_tls = true;
	client.xclient_ok = client.xforward_ok = true;
}

static void handshake(struct talk *t)
{
	if (t->s->wish == WISH_TLS)
		session_tls_started(t->s, &facts, STR_NONE);
	serve(t);
}

static void speak(struct talk *t, const char *text)
{
	say(t, text);
	handshake(t);
}

/* LHLO is the same word in another protocol. */
static void enter(struct talk *t, size_t state, enum session_proto proto)
{
	size_t i;

	set.smtpd_helo_required = states[state].helo_required;
	begin(t, proto, "");
	for (i = 0; i < NELEM(states[0].says); i++) {
		const char *text = states[state].says[i];

		if (text == NULL)
			break;
		if (proto == SESSION_LMTP && str_eqc(str_c(text), EHLO))
			text = "LHLO c.test\r\n";
		speak(t, text);
	}
	buf_reset(&t->out);
}

/* One command, with its chunk or its message. */
static void command(struct talk *t, size_t i)
{
	speak(t, commands[i].line);
	speak(t, "\r\n");
	if (commands[i].chunk != NULL)
		speak(t, commands[i].chunk);
}

/* A whole transaction goes through; nothing of the one before is in it. */
static void use_again(struct talk *t, bool lmtp)
{
	if (t->s->expects_data)
		say(t, "X: y\r\n.\r\n");
	say(t, "RSET\r\n");
	say(t, lmtp ? "LHLO d.test\r\n" : "EHLO d.test\r\n");
	buf_reset(&t->out);
	buf_reset(&t->stored);
	/* Without a recipient a last chunk has one answer. */
	say(t, "BDAT 1 LAST\r\nx" MAIL RCPT "BDAT 3\r\nA:bBDAT 2 LAST\r\n\r\n");
	expect(t,
	    lmtp ? "503 5.5.1 Error: need RCPT command\r\n" MAILOK RCPTOK
		   "250 2.0.0 Ok: 3 bytes\r\n"
		   "250 2.0.0 <r@x.test> Ok: 5 bytes queued as Q\r\n"
		 : "503 5.5.1 Error: need RCPT command\r\n" MAILOK RCPTOK
		   "250 2.0.0 Ok: 3 bytes\r\n"
		   "250 2.0.0 Ok: 5 bytes queued as Q\r\n");
	assert_string_equal(buf_c(&t->stored), "[s@x.test>r@x.test, 5]");
	say(t, MAIL RCPT "DATA\r\n");
	buf_reset(&t->out);
	say(t, "A: b\r\n.\r\n");
	expect(t, lmtp ? "250 2.0.0 <r@x.test> Ok: queued as Q\r\n" : QUEUED);
}

static void test_matrix(void **state)
{
	size_t i, k;

	(void)state;
	for (i = 0; i < NELEM(commands); i++)
		for (k = 0; k < NELEM(states); k++) {
			struct talk t;
			int code;

			matrix_defaults();
			enter(&t, k, SESSION_SMTP);
			command(&t, i);
			code = atoi(buf_c(&t.out));
			if (code != commands[i].codes[k])
				print_error("%s in state %zu: %s",
				    commands[i].line, k, buf_c(&t.out));
			assert_int_equal(code, commands[i].codes[k]);
			assert_int_equal(t.s->wish == WISH_CLOSE,
			    (code == 221) || (code == 521));
			if (t.s->wish != WISH_CLOSE)
				use_again(&t, false);
			end(&t);
		}
}

static void test_lmtp_matrix(void **state)
{
	size_t i, k;

	(void)state;
	for (i = 0; i < NELEM(commands); i++)
		for (k = 0; k < NELEM(states); k++) {
			struct talk t;

			matrix_defaults();
			enter(&t, k, SESSION_LMTP);
			command(&t, i);
			if (t.s->wish != WISH_CLOSE)
				use_again(&t, true);
			end(&t);
		}
}

/* Recipients of a transaction that a bad chunk ended, and RSET after it, are
 * nobody's concern any more. */
static void test_lmtp_bad_chunk(void **state)
{
	struct talk t;

	(void)state;
	defaults();
	greet(&t, SESSION_LMTP);
	say(&t, MAIL RCPT "RCPT TO:<q@x.test>\r\nBDAT 0\r\n");
	expect(&t, MAILOK RCPTOK RCPTOK "551 5.7.1 Null BDAT request\r\n");
	say(&t, "RSET\r\n");
	expect(&t, OK);
	say(&t, "BDAT 1 LAST\r\nx");
	expect(&t, "503 5.5.1 Error: need RCPT command\r\n");
	/* Up to LAST they all hear of it. */
	say(&t, MAIL RCPT "RCPT TO:<q@x.test>\r\nBDAT 0\r\nBDAT 1 LAST\r\nx");
	expect(&t,
	    MAILOK RCPTOK RCPTOK
	    "551 5.7.1 Null BDAT request\r\n"
	    "551 5.0.0 Discarded 1 bytes after earlier error\r\n"
	    "551 5.0.0 Discarded 1 bytes after earlier error\r\n");
	end(&t);
}

/* The commands all at once, cut in two at every octet. */
static void test_split(void **state)
{
	static const char text[] =
	    "XFORWARD NAME=a.test ADDR=192.0.2.7\r\n" MAIL RCPT
	    "BDAT 6\r\nA: b\r\nBDAT 5 LAST\r\n\r\n.\r\nRSET\r\n"
	    "XCLIENT ADDR=192.0.2.9\r\n";
	static const char more[] =
	    MAIL "RCPT TO:<no@x.test>\r\n" RCPT "BDAT 2000\r\n";
	static char x[2000];
	size_t at;

	(void)state;
	memset(x, 'x', sizeof(x));
	for (at = 0; at < sizeof(text); at++) {
		struct talk t;
		struct str all = { text, sizeof(text) - 1 };

		matrix_defaults();
		greet(&t, SESSION_SMTP);
		arrive(&t, str_head(all, at), SIZE_MAX);
		arrive(&t, str_skip(all, at), SIZE_MAX);
		arrive(&t, str_c(more), at + 1);
		/* As many as the chunk has, and a command behind them. */
		arrive(&t, (struct str){ x, sizeof(x) }, at + 1);
		say(&t, "BDAT 0 LAST\r\nNOOP\r\n");
		assert_string_equal(buf_c(&t.stored),
		    "[s@x.test>r@x.test, 11]");
		expect(&t,
		    OK MAILOK RCPTOK
		    "250 2.0.0 Ok: 6 bytes\r\n"
		    "250 2.0.0 Ok: 11 bytes queued as Q\r\n" OK
		    "220 mx.test ESMTP Postfix\r\n" MAILOK
		    "550 5.1.1 <no>: User unknown\r\n" RCPTOK
		    "552 5.3.4 Chunk exceeds message size limit\r\n"
		    "551 5.0.0 Discarded 0 bytes after earlier error\r\n" OK);
		end(&t);
	}
}

/* One octet around what a message may have, in one chunk and in two. */
static void test_chunk_sizes(void **state)
{
	static char x[1002];
	uint64_t n;
	int two;

	(void)state;
	memset(x, 'x', sizeof(x));
	for (n = 998; n <= 1002; n++)
		for (two = 0; two < 2; two++) {
			struct talk t;
			AUTO_BUF b = BUF_MAX(3000);

			defaults();
			greet(&t, SESSION_SMTP);
			say(&t, MAIL RCPT);
			buf_reset(&t.out);
			if (two)
				buf_addf(&b, "BDAT 500\r\n%.500s", x);
			buf_addf(&b, "BDAT %llu LAST\r\n%.*s",
			    (unsigned long long)(two ? n - 500 : n),
			    (int)(two ? n - 500 : n), x);
			buf_addc(&b, MAIL);
			arrive(&t, buf_str(&b), SIZE_MAX);
			assert_int_equal(t.commits, n <= 1000);
			assert_true(
			    strstr(buf_c(&t.out),
				n <= 1000 ? "250 2.0.0 Ok: "
					  : "552 5.3.4 Chunk exceeds") != NULL);
			/* The next transaction has begun. */
			assert_true(strstr(buf_c(&t.out), MAILOK) != NULL);
			end(&t);
		}
}

/* As many parameters as there is room for, and one more. */
static void test_parameters(void **state)
{
	size_t n, i;

	(void)state;
	for (n = 18; n <= 22; n++) {
		struct talk t;
		AUTO_BUF b = BUF_MAX(512);

		defaults();
		greet(&t, SESSION_SMTP);
		buf_addc(&b, "MAIL FROM:<a@b.test>");
		for (i = 0; i < n; i++)
			buf_addc(&b, " SIZE=1");
		buf_addc(&b, "\r\n");
		arrive(&t, buf_str(&b), SIZE_MAX);
		expect(&t,
		    n <= 20 ? MAILOK
			    : "555 5.5.4 Unsupported option: SIZE=1\r\n");
		end(&t);
	}
}

/* Three clients wait at once, each in its pipeline: whatever the order of the
 * answers, each gets its own, and nothing is taken from it meanwhile. */
static void test_order_of_answers(void **state)
{
	static const size_t orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 },
		{ 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
	static const char input[] =
	    "RCPT TO:<a@x.test>\r\nRCPT TO:<b@x.test>\r\n"
	    "BDAT 1 LAST\r\nxNOOP\r\n";
	size_t i, k, round;

	(void)state;
	for (i = 0; i < NELEM(orders); i++) {
		struct talk t[3];
		size_t at[3] = { 0 };

		defaults();
		for (k = 0; k < 3; k++) {
			greet(&t[k], SESSION_SMTP);
			say(&t[k], MAIL);
			buf_reset(&t[k].out);
		}
		for (round = 0; round < 4; round++)
			for (k = 0; k < 3; k++) {
				struct talk *one = &t[orders[i][k]];
				size_t *n = &at[orders[i][k]];
				struct str rest = str_skip(str_c(input), *n);

				*n += session_input(one->s, rest);
				rest = str_skip(str_c(input), *n);
				if (one->s->wish != WISH_NONE)
					assert_int_equal(session_input(one->s,
							     rest),
					    0);
				serve(one);
			}
		for (k = 0; k < 3; k++) {
			assert_string_equal(buf_c(&t[k].stored),
			    "[s@x.test>a@x.test,b@x.test, 1]");
			expect(&t[k],
			    RCPTOK RCPTOK
			    "250 2.0.0 Ok: 1 bytes queued as Q\r\n" OK);
			end(&t[k]);
		}
	}
}

/* We end while the handshake of an smtps connection is under way. */
static void test_shutdown_in_handshake(void **state)
{
	struct talk t;

	(void)state;
	matrix_defaults();
	client.tls = true;
	begin(&t, SESSION_SMTP, "");
	session_shutdown(t.s);
	handshake(&t);
	expect(&t,
	    "220 mx.test ESMTP Postfix\r\n"
	    "421 4.3.2 mx.test Service shutting down\r\n");
	assert_int_equal(t.s->wish, WISH_CLOSE);
	end(&t);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matrix),
		cmocka_unit_test(test_lmtp_matrix),
		cmocka_unit_test(test_lmtp_bad_chunk),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_chunk_sizes),
		cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_order_of_answers),
		cmocka_unit_test(test_shutdown_in_handshake),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
