/* test_carry - what is added to a message on its way, and what is held up. */

#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/macros.h"
#include "fetcher/account.h"
#include "fetcher/carry.h"
#include "fetcher/host.h"
#include "fetcher/report.h"

/* --- a server and a listener of memory ------------------------------------ */

static struct {
	struct str rest; /* what the server has still to say */
	struct buf got;  /* what the listener got: sender|rcpt|...text */
	bool none, pm;   /* it takes no recipient; the postmaster */
	size_t rcpts;
} t;

static enum status say_line(struct proto *p, struct str *line, struct err *e)
{
	ptrdiff_t end = str_find(t.rest, '\n');

	(void)p;
	(void)e;
	if (t.rest.n == 0)
		return PS_NOMAIL;
	*line = str_head(t.rest, end < 0 ? t.rest.n : (size_t)end + 1);
	t.rest = str_skip(t.rest, line->n);
	return PS_SUCCESS;
}

static enum fate take_envelope(struct sink *s, const struct sink_mail *m)
{
	size_t i;

	buf_addf(&t.got, "%s|", m->sender);
	for (i = 0; i < m->rcpt_n; i++)
		buf_addf(&t.got, "%s|", m->rcpt[i]);
	s->accepted.n = t.rcpts != 0 ? t.rcpts : m->rcpt_n;
	s->accepted.rcpt = m->rcpt[0];
	if (t.none)
		s->accepted = (struct sink_accepted){ "pm@x", 1, true };
	return FATE_TAKEN;
}

static enum fate take_text(struct sink *s, struct str piece)
{
	(void)s;
	buf_add(&t.got, piece);
	return FATE_TAKEN;
}

static enum fate take_end(struct sink *s)
{
	(void)s;
	return FATE_TAKEN;
}

static const struct sink_ops sink_ops = { .begin = take_envelope,
	.text = take_text,
	.end = take_end };
static const struct proto_ops pop3 = { .name = "POP3", .line = say_line };
static const struct proto_ops imap = { .name = "IMAP", .line = say_line };

/* A connection with an address: to 127.0.0.1. */
static struct conn *connect_here(int *peer)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t n = sizeof(at);
	int l = socket(AF_INET, SOCK_STREAM, 0);
	struct conn *c;
	struct err e;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(l, (struct sockaddr *)&at, n), 0);
	assert_int_equal(listen(l, 1), 0);
	assert_int_equal(getsockname(l, (struct sockaddr *)&at, &n), 0);
	assert_int_equal(conn_open_at(&c, "127.0.0.1", ntohs(at.sin_port),
			     "peer.test", 1000, &e),
	    ST_OK);
	*peer = accept(l, NULL, NULL);
	close(l);
	return c;
}

/* --- cases ---------------------------------------------------------------- */

enum {
	INVISIBLE = 1,
	NO_DNS = 2,
	TRACE = 4,
	FOLDER = 8,
	IMAP = 16,
	LATER = 32,       /* not the first user of its record */
	BY_DEFAULT = 64,  /* only the postmaster takes it */
	TWO = 128,        /* two recipients took it */
	MULTI = 256,      /* "*" is the map */
	HARD = 512,       /* no softbounce */
	ACCEPT = 1024,    /* bad-header accept */
	FETCHMAIL = 2048, /* our name */
};

/* @: our host, #: the version, ~: the date, %: the caller. */
#define R(from, more, who)                                                  \
	"Received: from pop.test" from "\r\n\tby @ with " more "\r\n\t" who \
	"~\r\n"
#define IP     " [127.0.0.1]"
#define POP    "POP3 (fetcher-#)"
#define SINGLE "for <u@x> (single-drop); "
#define OK     FATE_TAKEN
#define FROM   "From: a@b\r\n"
#define END    "\r\n"
#define WARN                                                            \
	"X-Fetchmail-Warning: no recipient addresses matched declared " \
	"local names\r\n"
#define BAD "Line without a colon\r\n"
#define MADE                                  \
	"From: FETCHMAIL-DAEMON\r\nTo: %\r\n" \
	"Subject: Headerless mail from me's mailbox on pop.test\r\n"

static const struct {
	unsigned how;
	const char *says, *want;
	enum fate fate;
} cases[] = {
	/* 6.1: Received, part by part. */
	{ 0, "From: a@b\r\n\r\nhi\r\n",
	    "a@b|u@x|" R(IP, POP, SINGLE) "From: a@b\r\n\r\nhi\r\n", OK },
	{ 0, "From: a@b\r\nReceived: z\r\n\r\n",
	    "a@b|u@x|From: a@b\r\n" R(IP, POP, SINGLE) "Received: z\r\n\r\n",
	    OK },
	{ INVISIBLE, FROM END, "a@b|u@x|From: a@b\r\n\r\n", OK },
	{ NO_DNS, FROM END, "a@b|u@x|" R("", POP, SINGLE) FROM END, OK },
	{ LATER, FROM END, "a@b|u@x|" R("", POP, SINGLE) FROM END, OK },
	{ IMAP, FROM END, "a@b|u@x|" R(IP, "IMAP (fetcher-#)", SINGLE) FROM END,
	    OK },
	{ FETCHMAIL, FROM END,
	    "a@b|u@x|" R(IP, "POP3 (fetchmail-#)", SINGLE) FROM END, OK },
	{ TRACE, FROM END,
	    "a@b|u@x|" R(IP, "POP3 (fetcher-# polling label account me)",
		SINGLE) FROM END,
	    OK },
	{ TRACE | FOLDER, FROM END,
	    "a@b|u@x|" R(IP,
		"POP3 (fetcher-# polling label account me folder box)", SINGLE)
		FROM END,
	    OK },
	{ BY_DEFAULT, FROM END,
	    "a@b|u@x|" R(IP, POP, "for <pm@x> (by default); ") FROM END, OK },
	{ TWO, FROM END, "a@b|u@x|" R(IP, POP, "") FROM END, OK },
	{ MULTI, "From: a@b\r\nTo: v@label\r\n\r\n",
	    "a@b|v|" R(IP, POP, "for <v> (multi-drop); ") "From: a@b\r\n"
							  "To: v@label\r\n\r\n",
	    OK },
	/* 6.3: lines that are added, and lines that are none. */
	{ MULTI, FROM END,
	    "a@b|pm|" R(IP, POP, "for <pm> (multi-drop); ") FROM WARN END, OK },
	{ INVISIBLE, "From: a@b\r\n" BAD "\r\nhi\r\n", "", FATE_KEEP },
	{ INVISIBLE | ACCEPT, "From: a@b\r\n" BAD "\r\nhi\r\n",
	    "a@b|u@x|From: a@b\r\n" BAD "\r\nhi\r\n", OK },
	{ INVISIBLE | HARD, "From: a@b\r\n" BAD "\r\nhi\r\n",
	    "a@b|u@x|From: a@b\r\n" BAD "\r\nhi\r\n", OK },
	/* A header without an end, and one that is missing. */
	{ INVISIBLE, "From: a@b", "a@b|u@x|From: a@b\r\n\r\n", OK },
	{ INVISIBLE, "\r\nhi\r\n", "me@pop.test|u@x|" MADE "\r\nhi\r\n", OK },
	/* The body is not looked at. */
	{ INVISIBLE, "From: a@b\r\n\r\nStatus:\r\n\0.\r\n",
	    "a@b|u@x|From: a@b\r\n\r\nStatus:\r\n", OK },
};

static void set_up(struct account *a, struct options *global, unsigned how,
    struct arena *mem)
{
	*a = (struct account){ .label = "label",
		.host = "label",
		.user = "me",
		.global = global,
		.number_in_record = (how & LATER) != 0 };
	options_set_num(global, OPT_INVISIBLE, (how & INVISIBLE) != 0);
	options_set_num(global, OPT_SOFTBOUNCE, (how & HARD) == 0);
	options_set_text(global, OPT_POSTMASTER, STR("pm"), mem);
	options_set_num(&a->o, OPT_DNS, (how & NO_DNS) == 0);
	options_set_num(&a->o, OPT_TRACEPOLLS, (how & TRACE) != 0);
	options_set_num(&a->o, OPT_BADHEADER, (how & ACCEPT) != 0);
	options_add(&a->o, OPT_IS, str_c(how & MULTI ? "*" : "u@x"), STR_NONE,
	    0, mem);
	report_init(&(struct report_how){ .prog = how & FETCHMAIL ? "fetchmail"
								  : "fetcher",
	    .verbosity = REPORT_SILENT,
	    .logfile = -1 });
}

/* The names and the date that stand for themselves. */
static void fill_in(const char *want, struct str got, struct buf *out)
{
	const char *date = NULL, *end = got.n != 0 ? got.p + got.n : got.p;
	size_t i;

	for (; *want != '\0'; want++) {
		if (*want == '%') {
			buf_addf(out, "%s@%s", calling_user(), host_fqdn());
		} else if (*want == '@' && want[-1] == ' ') {
			buf_addc(out, host_fqdn());
		} else if (*want == '#') {
			buf_addc(out, PACKAGE_VERSION);
		} else if (*want == '~') {
			/* Whatever is there, if it is one. */
			date = got.p + (out->n < got.n ? out->n : got.n);
			for (i = 0; date + i < end && date[i] != '\r'; i++)
				continue;
			if (i < 30)
				return;
			buf_add(out, (struct str){ date, i });
		} else {
			buf_add(out, (struct str){ want, 1 });
		}
	}
}

static void carry(unsigned how, enum fate want)
{
	AUTO_ARENA mem = { 0 };
	struct carry_last last = { .set = false };
	struct options global = { 0 };
	struct account a;
	struct proto p = { .ops = how & IMAP ? &imap : &pop3, .a = &a };
	struct sink s = { .ops = &sink_ops, .a = &a };
	struct carry c = { .a = &a,
		.truename = "pop.test",
		.p = &p,
		.n = 1,
		.folder = how & FOLDER ? "box" : NULL,
		.sink = &s,
		.last = &last };
	enum fate fate;
	struct err e;
	int peer;

	set_up(&a, &global, how, &mem);
	p.conn = connect_here(&peer);
	t.none = (how & BY_DEFAULT) != 0;
	t.rcpts = how & TWO ? 2 : 0;
	assert_int_equal(carry_message(&c, &fate, &e), PS_SUCCESS);
	assert_int_equal(fate, want);
	conn_close(p.conn);
	close(peer);
}

static void test_carry(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		AUTO_BUF want = BUF_MAX(10000);

		t.rest = str_c(cases[i].says);
		t.got = BUF_MAX(10000);
		carry(cases[i].how, cases[i].fate);
		fill_in(cases[i].want, buf_str(&t.got), &want);
		if (!str_eq(buf_str(&t.got), buf_str(&want)))
			fail_msg("case %zu: got\n%s\nwant\n%s", i,
			    buf_c(&t.got), buf_c(&want));
		buf_clear(&t.got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_carry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
