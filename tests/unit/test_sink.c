/* test_sink - the ways out: what they say, and what becomes of the message. */

#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/macros.h"
#include "fetcher/report.h"
#include "fetcher/sink.h"

/* --- a listener that says one line of its script for each command -------- */

struct listener {
	int fd;
	unsigned port;
	pthread_t thread;
	const char *says; /* replies, divided by '|' */
	struct buf heard; /* commands, each with '|' */
};

static void answer(struct listener *l, int fd, struct str *rest)
{
	struct str reply;

	str_cut(rest, '|', &reply);
	if (reply.n == 0)
		return; /* hangs up soon */
	assert_int_equal(write(fd, reply.p, reply.n), reply.n);
	assert_int_equal(write(fd, "\r\n", 2), 2);
	(void)l;
}

static void *serve(void *arg)
{
	struct listener *l = arg;
	struct str rest = str_c(l->says);
	int fd = accept(l->fd, NULL, NULL);
	FILE *in = fdopen(fd, "r");
	char line[4096];
	bool data = false;

	answer(l, fd, &rest);
	while (fgets(line, sizeof(line), in) != NULL) {
		line[strcspn(line, "\r\n")] = '\0';
		buf_addf(&l->heard, "%s|", line);
		if (data && strcmp(line, ".") != 0)
			continue;
		data = !data && str_starts(rest, STR("354"));
		if (rest.n == 0)
			break;
		answer(l, fd, &rest);
	}
	fclose(in);
	return NULL;
}

static void listen_begin(struct listener *l, const char *says)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t n = sizeof(at);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	l->says = says;
	l->heard = BUF_MAX(100000);
	l->fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(l->fd, (struct sockaddr *)&at, n), 0);
	assert_int_equal(listen(l->fd, 1), 0);
	assert_int_equal(getsockname(l->fd, (struct sockaddr *)&at, &n), 0);
	l->port = ntohs(at.sin_port);
	assert_int_equal(pthread_create(&l->thread, NULL, serve, l), 0);
}

static const char *listen_end(struct listener *l)
{
	pthread_join(l->thread, NULL);
	close(l->fd);
	return buf_c(&l->heard);
}

/* --- SMTP and LMTP ------------------------------------------------------- */

enum option {
	HARD = 1, /* no softbounce */
	LMTP = 2,
	SPAM = 4, /* antispam 571 */
	POSTMASTER = 8,
};

#define HI    "220 h|250-h\r\n250 SIZE 0|"
#define HI_8  "220 h|250-h\r\n250-SIZE\r\n250 8BITMIME|"
#define HI_P  "220 h|250-h\r\n250 PIPELINING|"
#define E     "EHLO me|"
#define M     "MAIL FROM:<s@x>|"
#define M0    "MAIL FROM:<> SIZE=9|"
#define MS    "MAIL FROM:<s@x> SIZE=9|"
#define R1    "RCPT TO:<a@127.0.0.1>|"
#define R2    "RCPT TO:<b@d.example>|"
#define TO_PM "RSET|MAIL FROM:<>|RCPT TO:<pm@d.example>|"
#define TEXT  "DATA|Subject: x||..|.|"
#define BEGAN FATE_TAKEN

static const struct {
	const char *says;
	unsigned options;
	size_t rcpts;
	enum fate begin, end;
	size_t accepted;
	bool by_default;
	const char *heard;
} cases[] = {
	/* all is well */
	{ HI "250 m|250 r|354 d|250 .|221 q", 0, 1, BEGAN, FATE_TAKEN, 1, false,
	    E MS R1 TEXT "QUIT|" },
	{ HI_8 "250 m|250 r|250 r|354 d|250 .|221 q", 0, 2, BEGAN, FATE_TAKEN,
	    2, false,
	    E "MAIL FROM:<s@x> BODY=8BITMIME SIZE=9|" R1 R2 TEXT "QUIT|" },
	{ HI_P "250 m|250 r|250 r|354 d|250 .|221 q", 0, 2, BEGAN, FATE_TAKEN,
	    2, false, E M R1 R2 TEXT "QUIT|" },
	/* MAIL */
	{ HI "451 m|250 rset|221 q", 0, 1, FATE_KEEP, 0, 0, false,
	    E MS "RSET|QUIT|" },
	{ HI "550 m|250 rset|221 q", 0, 1, FATE_KEEP, 0, 0, false,
	    E MS "RSET|QUIT|" },
	{ HI "553 m|250 rset|221 q", HARD, 1, FATE_DELETE, 0, 0, false,
	    E MS "RSET|QUIT|" },
	{ HI "530 m|250 rset|221 q", HARD, 1, FATE_KEEP, 0, 0, false,
	    E MS "RSET|QUIT|" },
	{ HI "571 m|250 rset|221 q", HARD | SPAM, 1, FATE_DELETE, 0, 0, false,
	    E MS "RSET|QUIT|" },
	/* with no bouncemail it would be lost without a trace */
	{ HI "550 m|250 rset|221 q", HARD, 1, FATE_KEEP, 0, 0, false,
	    E MS "RSET|QUIT|" },
	{ HI "550 m|250 rset|250 m|250 r|354 d|250 .|221 q", HARD | POSTMASTER,
	    1, BEGAN, FATE_TAKEN, 1, true, E M0 TO_PM TEXT "QUIT|" },
	{ HI "550 m|250 rset|550 m|250 rset|221 q", HARD | POSTMASTER, 1,
	    FATE_KEEP, 0, 0, true, E M0 "RSET|MAIL FROM:<>|RSET|QUIT|" },
	{ HI "550 m|250 rset|250 m|550 r|250 rset|221 q", HARD | POSTMASTER, 1,
	    FATE_KEEP, 0, 0, true, E M0 TO_PM "RSET|QUIT|" },
	{ HI "550 m|250 rset|250 m|250 r|554 d|250 rset|221 q",
	    HARD | POSTMASTER, 1, FATE_KEEP, 0, 1, true,
	    E M0 TO_PM "DATA|RSET|QUIT|" },
	{ HI "250 m|250 r|554 d|250 rset|250 m|250 r|354 d|250 .|221 q",
	    HARD | POSTMASTER, 1, BEGAN, FATE_TAKEN, 1, true,
	    E M0 R1 "DATA|" TO_PM TEXT "QUIT|" },
	{ HI "250 m|250 r|354 d|550 .|221 q", HARD | POSTMASTER, 1, BEGAN,
	    FATE_KEEP, 1, false, E M0 R1 TEXT "QUIT|" },
	{ HI_P "550 m|503 r|503 r|250 rset|221 q", 0, 2, FATE_KEEP, 0, 0, false,
	    E M R1 R2 "RSET|QUIT|" },
	/* RCPT */
	{ HI "250 m|451 r|250 rset|221 q", HARD, 1, FATE_KEEP, 0, 0, false,
	    E MS R1 "RSET|QUIT|" },
	{ HI "250 m|250 r|451 r|250 rset|221 q", 0, 2, FATE_KEEP, 0, 1, false,
	    E MS R1 R2 "RSET|QUIT|" },
	{ HI_P "250 m|451 r|250 r|250 rset|221 q", 0, 2, FATE_KEEP, 0, 1, false,
	    E M R1 R2 "RSET|QUIT|" },
	{ HI "250 m|550 r|250 r|354 d|250 .|221 q", 0, 2, BEGAN, FATE_TAKEN, 1,
	    false, E MS R1 R2 TEXT "QUIT|" },
	{ HI "250 m|550 r|250 rset|221 q", 0, 1, FATE_KEEP, 0, 0, true,
	    E MS R1 "RSET|QUIT|" },
	{ HI "250 m|550 r|250 rset|221 q", HARD, 1, FATE_DELETE, 0, 0, true,
	    E MS R1 "RSET|QUIT|" },
	{ HI "250 m|550 r|250 pm|354 d|250 .|221 q", POSTMASTER, 1, BEGAN,
	    FATE_TAKEN, 1, true,
	    E M0 R1 "RCPT TO:<pm@d.example>|" TEXT "QUIT|" },
	{ HI "250 m|550 r|550 pm|250 rset|221 q", POSTMASTER, 1, FATE_KEEP, 0,
	    0, true, E M0 R1 "RCPT TO:<pm@d.example>|RSET|QUIT|" },
	/* DATA and the dot */
	{ HI "250 m|250 r|451 d|250 rset|221 q", HARD, 1, FATE_KEEP, 0, 1,
	    false, E MS R1 "DATA|RSET|QUIT|" },
	{ HI "250 m|250 r|354 d|451 .|221 q", HARD, 1, BEGAN, FATE_KEEP, 1,
	    false, E MS R1 TEXT "QUIT|" },
	{ HI "250 m|250 r|354 d|553 .|221 q", 0, 1, BEGAN, FATE_KEEP, 1, false,
	    E MS R1 TEXT "QUIT|" },
	{ HI "250 m|250 r|354 d|553 .|221 q", HARD, 1, BEGAN, FATE_DELETE, 1,
	    false, E MS R1 TEXT "QUIT|" },
	/* it hangs up */
	{ HI, 0, 1, FATE_KEEP, 0, 0, false, E MS },
	{ HI "250 m", 0, 1, FATE_KEEP, 0, 0, false, E MS R1 },
	{ HI "250 m|250 r|354 d", 0, 1, BEGAN, FATE_KEEP, 1, false,
	    E MS R1 TEXT },
	{ "554 no|", 0, 1, FATE_DOWN, 0, 0, false, "" },
	{ "220 h|502 no|550 no|", 0, 1, FATE_DOWN, 0, 0, false,
	    "EHLO me|HELO me|" },
	/* LMTP: an answer for each recipient */
	{ HI "250 m|250 r|250 r|354 d|250 .\r\n250 .|221 q", LMTP, 2, BEGAN,
	    FATE_TAKEN, 2, false, "LHLO me|" MS R1 R2 TEXT "QUIT|" },
	{ HI "250 m|250 r|250 r|354 d|250 .\r\n451 .|221 q", LMTP, 2, BEGAN,
	    FATE_KEEP, 2, false, "LHLO me|" MS R1 R2 TEXT "QUIT|" },
	{ HI "250 m|250 r|250 r|354 d|550 .\r\n250 .|221 q", LMTP, 2, BEGAN,
	    FATE_TAKEN, 2, false, "LHLO me|" MS R1 R2 TEXT "QUIT|" },
	{ HI "250 m|250 r|354 d|550 .|221 q", LMTP, 1, BEGAN, FATE_KEEP, 1,
	    false, "LHLO me|" MS R1 TEXT "QUIT|" },
};

struct setup {
	struct arena mem;
	struct options global;
	struct account a;
};

static void set_up(struct setup *s, unsigned options)
{
	*s = (struct setup){ 0 };
	s->a.label = s->a.host = "label";
	s->a.user = "user";
	s->a.global = &s->global;
	options_set_num(&s->global, OPT_BOUNCEMAIL, 0);
	options_set_num(&s->global, OPT_SOFTBOUNCE, (options & HARD) == 0);
	options_set_text(&s->global, OPT_POSTMASTER,
	    str_c(options & POSTMASTER ? "pm@d.example" : ""), &s->mem);
	if (options & SPAM)
		options_add(&s->a.o, OPT_ANTISPAM, STR("571"), STR_NONE, 571,
		    &s->mem);
	options_set_num(&s->a.o, OPT_LMTP, (options & LMTP) != 0);
	options_set_num(&s->a.o, OPT_TIMEOUT, 5);
}

static const char *const names[] = { "a", "b@d.example" };

/* Now or later: the same. */
static enum fate fate_at_end(struct sink *k)
{
	enum fate fate = sink_end(k);
	size_t ticket;

	if (fate != FATE_PENDING)
		return fate;
	assert_true(sink_collect(k, true, &ticket, &fate));
	assert_int_equal(ticket, 7);
	assert_false(sink_collect(k, true, &ticket, &fate));
	return fate;
}

static void talk(struct setup *s, size_t i, struct listener *l)
{
	struct sink_mail m = { .sender =
				   cases[i].options & POSTMASTER ? "" : "s@x",
		.rcpt = names,
		.rcpt_n = cases[i].rcpts,
		.size = 9,
		.body_bits = 8,
		.header = STR("Subject: x\n"),
		.ticket = 7 };
	struct sink *k;

	options_add(&s->a.o, OPT_SMTPHOST,
	    str_c(arena_printf(&s->mem, "127.0.0.1/%u", l->port)), STR_NONE, 0,
	    &s->mem);
	k = sink_new(&s->a, "me");
	assert_int_equal(sink_begin(k, &m), cases[i].begin);
	assert_int_equal(k->accepted.n, cases[i].accepted);
	assert_int_equal(k->accepted.by_default, cases[i].by_default);
	if (cases[i].begin == FATE_TAKEN) {
		assert_int_equal(sink_text(k, STR("Subject: x\n\n.")), BEGAN);
		assert_int_equal(sink_text(k, STR("\r\n")), BEGAN);
		assert_int_equal(fate_at_end(k), cases[i].end);
	}
	sink_free(k);
}

static void test_smtp(void **state)
{
	struct listener l;
	struct setup s;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		listen_begin(&l, cases[i].says);
		set_up(&s, cases[i].options);
		talk(&s, i, &l);
		assert_string_equal(listen_end(&l), cases[i].heard);
		buf_clear(&l.heard);
		arena_clear(&s.mem);
	}
}

/* --- commands and files -------------------------------------------------- */

static void read_back(const char *path, const char *want)
{
	AUTO_BUF got = BUF_MAX(10000);
	struct err e;

	assert_int_equal(io_read_file(path, &got, &e), ST_OK);
	assert_str(buf_str(&got), want);
}

static enum fate hand(struct sink *k, const char *sender, size_t rcpts)
{
	struct sink_mail m = { .sender = sender,
		.rcpt = names,
		.rcpt_n = rcpts };
	enum fate fate = sink_begin(k, &m);

	if (fate == FATE_TAKEN)
		fate = sink_text(k, STR("Subject: x\r\n\n.a\rb\r"));
	if (fate == FATE_TAKEN)
		fate = sink_text(k, STR("\nend\r\n"));
	return fate == FATE_TAKEN ? sink_end(k) : fate;
}

static void test_mda(void **state)
{
	char dir[] = "/tmp/test_sink.XXXXXX";
	struct setup s;
	struct sink *k;
	char *out;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chmod(dir, 0777), 0);
	set_up(&s, 0);
	out = arena_printf(&s.mem, "%s/out", dir);
	options_set_text(&s.a.o, OPT_MDA,
	    str_c(arena_printf(&s.mem,
		"umask 0; (printf '%%s|' %%F %%T; cat) >%s", out)),
	    &s.mem);
	k = sink_new(&s.a, "me");
	assert_true(k->ops->keeps_return_path);
	assert_int_equal(hand(k, "it's@x", 2), FATE_TAKEN);
	read_back(out, "it_s@x|a|b@d.example|Subject: x\n\n.a\rb\nend\n");
	sink_free(k);

	options_set_text(&s.a.o, OPT_MDA, STR("cat >/dev/null; exit 75"),
	    &s.mem);
	k = sink_new(&s.a, "me");
	assert_int_equal(hand(k, "", 1), FATE_KEEP);
	sink_free(k);
	unlink(out);
	rmdir(dir);
	arena_clear(&s.mem);
}

static void test_bsmtp(void **state)
{
	char dir[] = "/tmp/test_sink.XXXXXX";
	struct sink_mail m = { .sender = "s@x", .rcpt = names, .rcpt_n = 1 };
	struct setup s;
	struct sink *k;
	char *out;

	(void)state;
	assert_non_null(mkdtemp(dir));
	set_up(&s, 0);
	out = arena_printf(&s.mem, "%s/out", dir);
	options_set_text(&s.a.o, OPT_BSMTP, str_c(out), &s.mem);
	k = sink_new(&s.a, "me");
	assert_int_equal(hand(k, "s@x", 2), FATE_TAKEN);
	/* A message that breaks off leaves nothing behind. */
	assert_int_equal(sink_begin(k, &m), FATE_TAKEN);
	assert_int_equal(sink_text(k, STR("Subject: half\n")), FATE_TAKEN);
	sink_abort(k);
	read_back(out,
	    "MAIL FROM:<s@x>\r\nRCPT TO:<a@localhost>\r\n"
	    "RCPT TO:<b@d.example>\r\nDATA\r\nSubject: x\r\n\r\n"
	    "..a\rb\r\nend\r\n.\r\n");
	sink_free(k);
	unlink(out);
	rmdir(dir);
	k = sink_new(&s.a, "me");
	assert_int_equal(hand(k, "s@x", 1), FATE_DOWN);
	assert_int_equal(k->ops->down, PS_BSMTP);
	sink_free(k);
	arena_clear(&s.mem);
}

/* What is said to people is not the matter here. */
static int quiet(void **state)
{
	const struct report_how how = { "fetcher", REPORT_SILENT, false,
		open("/dev/null", O_WRONLY), false };

	(void)state;
	report_init(&how);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_smtp),
		cmocka_unit_test(test_mda),
		cmocka_unit_test(test_bsmtp),
	};

	return cmocka_run_group_tests(tests, quiet, NULL);
}
