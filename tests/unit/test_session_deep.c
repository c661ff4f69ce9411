/*
 * test_session_deep - random pipelines of many transactions in one go, beside
 * a model of a few lines: the codes in order, and what is delivered. Nothing
 * of a refused transaction may be left for the next one, nor may anything be
 * taken in while an answer is out.
 */

#include "tests/unit/talk.h"

/* What a client with this state gets, and what its commands do to it. */
struct model {
	struct buf says, codes, stored;
	char sender;
	char rcpts[2000];
	size_t n;
	bool mail;
};

static uint32_t seed;

static uint32_t rnd(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static void forget(struct model *m)
{
	m->mail = false;
	m->n = 0;
	m->rcpts[0] = '\0';
}

static void code(struct model *m, int n)
{
	buf_addf(&m->codes, "%d ", n);
}

static void add_mail(struct model *m)
{
	char who = (char)('a' + rnd(26));
	bool good = rnd(4) != 0;

	buf_addf(&m->says,
	    good ? "MAIL FROM:<%c@x.test>\r\n" : "MAIL FROM:<%c@@>\r\n", who);
	code(m, m->mail ? 503 : good ? 250 : 501);
	if (m->mail || !good)
		return;
	forget(m);
	m->mail = true;
	m->sender = who;
}

static void add_rcpt(struct model *m)
{
	static const struct {
		const char *name;
		int code;
	} to[] = { { "r", 250 }, { "s", 250 }, { "no", 550 },
		{ "later", 451 } };
	size_t i = rnd(NELEM(to)), used = strlen(m->rcpts);

	buf_addf(&m->says, "RCPT TO:<%s@x.test>\r\n", to[i].name);
	code(m, m->mail ? to[i].code : 503);
	if (!m->mail || to[i].code != 250)
		return;
	snprintf(m->rcpts + used, sizeof(m->rcpts) - used, "%s@x.test,",
	    to[i].name);
	m->n++;
}

/* n octets have come in, and the transaction ends. */
static void message(struct model *m, size_t n)
{
	if (n <= (size_t)set.message_size_limit) {
		code(m, outcome.code);
		buf_addf(&m->stored, "[%c@x.test>%s %zu]", m->sender, m->rcpts,
		    n);
	} else {
		code(m, 552);
	}
	forget(m);
}

static void fill(struct model *m, size_t lines)
{
	while (lines-- != 0)
		buf_addc(&m->says, "MAIL FROM:<in@body.test>\r\n");
}

/* Its client knows what DATA will be answered: 26 octets a line. */
static void add_data(struct model *m)
{
	size_t lines = rnd(60);

	buf_addc(&m->says, "DATA\r\n");
	code(m, m->n != 0 ? 354 : m->mail ? 554 : 503);
	if (m->n == 0)
		return;
	fill(m, lines);
	buf_addc(&m->says, ".\r\n");
	message(m, lines * 26);
}

/* Octets come in any case. */
static void add_bdat(struct model *m)
{
	size_t lines = rnd(60), n = lines * 26;

	buf_addf(&m->says, "BDAT %zu LAST\r\n", n);
	fill(m, lines);
	if (m->n != 0) {
		message(m, n);
		return;
	}
	code(m, m->mail ? 554 : 503);
	forget(m);
}

static void add_rset(struct model *m)
{
	buf_addc(&m->says, rnd(2) ? "RSET\r\n" : "EHLO c.test\r\n");
	code(m, 250);
	forget(m);
}

static void add_other(struct model *m)
{
	bool noop = rnd(2);

	buf_addc(&m->says, noop ? "NOOP\r\n" : "VRFY no\r\n");
	code(m, noop ? 250 : 550);
}

static void add_some(struct model *m)
{
	static void (*const rows[])(struct model *) = { add_mail, add_mail,
		add_rcpt, add_rcpt, add_rcpt, add_data, add_bdat, add_rset,
		add_other };

	rows[rnd(NELEM(rows))](m);
}

/* As arrive(); and while an answer is out, nothing more is taken. */
static void send_all(struct talk *t, struct str text)
{
	while (text.n != 0) {
		struct str some = str_head(text, 1 + rnd(400));
		size_t n = session_input(t->s, some);

		text = str_skip(text, n);
		if (t->s->wish != WISH_NONE)
			assert_int_equal(session_input(t->s, text), 0);
		if (t->s->wish == WISH_CLOSE)
			fail_msg("%s", buf_c(&t->s->out));
		serve(t);
	}
}

/* The code of each last line of a reply. */
static void codes_of(struct buf *out, struct buf *codes)
{
	struct str rest = buf_str(out), line;

	while (rest.n != 0) {
		str_cut(&rest, '\n', &line);
		if (line.n > 3 && line.p[3] == ' ')
			buf_addf(codes, "%.3s ", line.p);
	}
}

static void play(void)
{
	struct model m = { .says = BUF_MAX(1 << 20),
		.codes = BUF_MAX(1 << 20),
		.stored = BUF_MAX(1 << 20) };
	static const int outcomes[] = { 250, 451, 552, 250 };
	AUTO_BUF got = BUF_MAX(1 << 20);
	uint32_t depth = 1 + rnd(60), i;
	struct talk t;

	defaults();
	set.smtpd_hard_error_limit = set.smtpd_junk_command_limit = 100000;
	set.smtpd_soft_error_limit = 100000;
	set.smtpd_error_sleep_time = 0;
	set.smtpd_recipient_limit = 1000;
	set.smtpd_forbid_unauth_pipelining = "no";
	outcome.code = outcomes[rnd(NELEM(outcomes))];
	forget(&m);
	greet(&t, SESSION_SMTP);
	for (i = 0; i < depth; i++)
		add_some(&m);
	send_all(&t, buf_str(&m.says));
	codes_of(&t.out, &got);
	assert_string_equal(buf_c(&got), buf_c(&m.codes));
	assert_string_equal(buf_c(&t.stored), buf_c(&m.stored));
	buf_reset(&t.out);
	say(&t, "NOOP\r\n");
	expect(&t, OK);
	end(&t);
	buf_clear(&m.says);
	buf_clear(&m.codes);
	buf_clear(&m.stored);
}

static void test_pipelines(void **state)
{
	(void)state;
	for (seed = 0; seed < 3000; seed++) {
		uint32_t begun = seed;

		play();
		seed = begun;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pipelines),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
