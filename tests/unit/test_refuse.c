/* test_refuse - the table of a listener's refusals, cell by cell. */

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/macros.h"
#include "fetcher/refuse.h"
#include "fetcher/report.h"

/* What would have been sent. */
static struct {
	size_t n;
	enum bounce_reason reason;
	char to[100];
	size_t failed;
} sent;

enum st __wrap_bounce_send(const struct bounce *b, const char *fallback,
    struct err *e);
enum st __wrap_bounce_send(const struct bounce *b, const char *fallback,
    struct err *e)
{
	(void)fallback;
	(void)e;
	sent.n++;
	sent.reason = b->reason;
	sent.failed = b->failed_n;
	snprintf(sent.to, sizeof(sent.to), "%s", b->to);
	return ST_OK;
}

enum {
	S = 1, /* softbounce */
	B = 2, /* bouncemail */
	P = 4, /* spambounce */
};

#define K FATE_KEEP
/* Kept, and the postmaster is asked. */
#define ORPHAN ((enum fate)100)
#define D      FATE_DELETE
/* Notices: none, or a reason. */
#define NO  (-1)
#define GEN ((int)BOUNCE_GENERAL)
#define BIG ((int)BOUNCE_TOO_LARGE)
#define SPM ((int)BOUNCE_SPAM)

static struct {
	struct account a;
	struct options global;
	struct arena mem;
	struct refusals r;
	struct sink_mail m;
	int log;
} t;

static const char *const rcpts[] = { "bob", "al@d.example" };

static void set_up(unsigned flags, const char *sender)
{
	memset(&t, 0, sizeof(t));
	memset(&sent, 0, sizeof(sent));
	t.a = (struct account){ .label = "l",
		.host = "h",
		.user = "u",
		.global = &t.global };
	options_set_num(&t.global, OPT_SOFTBOUNCE, (flags & S) != 0);
	options_set_num(&t.global, OPT_BOUNCEMAIL, (flags & B) != 0);
	options_set_num(&t.global, OPT_SPAMBOUNCE, (flags & P) != 0);
	options_set_text(&t.global, OPT_POSTMASTER, STR("pm@x"), &t.mem);
	options_add(&t.a.o, OPT_ANTISPAM, STR("571"), STR_NONE, 571, &t.mem);
	options_add(&t.a.o, OPT_ANTISPAM, STR("450"), STR_NONE, 450, &t.mem);
	t.m =
	    (struct sink_mail){ .sender = sender, .rcpt = rcpts, .rcpt_n = 2 };
	t.r = (struct refusals){ .a = &t.a,
		.proto = "SMTP",
		.entry = "h/25",
		.host = "h" };
	refuse_begin(&t.r, &t.m);
	t.log = open("/tmp", O_TMPFILE | O_RDWR, 0600);
	report_init(
	    &(struct report_how){ "p", REPORT_NORMAL, false, t.log, false });
}

static void tear_down(char log[1000])
{
	ssize_t n = pread(t.log, log, 999, 0);

	log[n > 0 ? n : 0] = '\0';
	report_init(
	    &(struct report_how){ "p", REPORT_NORMAL, false, -1, false });
	close(t.log);
	refuse_clear(&t.r);
	arena_clear(&t.mem);
}

/* 571 and 450 are in the antispam list. */
static const struct {
	enum stage at;
	int code;
	unsigned flags;
	enum fate fate;
	int notice;
	const char *log; /* lines without "p: " and their ends */
} cells[] = {
	/* Not now. */
	{ AT_MAIL, 421, S | B, K, NO, "SMTP error: 421 x|" },
	{ AT_MAIL, 451, B, K, NO, "SMTP error: 451 x|" },
	{ AT_DATA, 452, S | B, K, NO, "SMTP error: 452 x|" },
	{ AT_DATA, 451, B, K, NO, "SMTP error: 451 x|" },
	{ AT_DOT, 451, S | B, K, NO, "SMTP error: 451 x|" },
	{ AT_DOT, 499, B, K, NO, "SMTP error: 499 x|" },
	/* Never. */
	{ AT_MAIL, 550, S | B, K, GEN, "SMTP error: 550 x|" },
	{ AT_MAIL, 550, B, D, GEN, "SMTP error: 550 x|" },
	{ AT_DATA, 554, S | B, K, GEN, "SMTP error: 554 x|" },
	{ AT_DATA, 554, B, D, GEN, "SMTP error: 554 x|" },
	{ AT_DOT, 550, S | B, K, GEN,
	    "SMTP error: 550 x|SMTP listener refused delivery|" },
	{ AT_DOT, 554, B, D, GEN,
	    "SMTP error: 554 x|SMTP listener refused delivery|" },
	/* Too large. */
	{ AT_MAIL, 552, S | B, K, BIG, "SMTP error: 552 x|" },
	{ AT_MAIL, 552, B, D, BIG, "SMTP error: 552 x|" },
	{ AT_DOT, 552, S | B, K, BIG,
	    "SMTP error: 552 x|SMTP listener refused delivery|" },
	{ AT_DOT, 552, B, D, BIG,
	    "SMTP error: 552 x|SMTP listener refused delivery|" },
	/* The sender's own address. */
	{ AT_MAIL, 553, S | B, K, NO, "SMTP error: 553 x|" },
	{ AT_MAIL, 553, B, D, NO, "SMTP error: 553 x|" },
	{ AT_DATA, 553, B, D, NO, "SMTP error: 553 x|" },
	{ AT_DOT, 553, B, D, NO,
	    "SMTP error: 553 x|SMTP listener refused delivery|" },
	/* Spam. */
	{ AT_MAIL, 571, S | B, K, NO, "" }, { AT_MAIL, 571, B, D, NO, "" },
	{ AT_MAIL, 571, B | P, D, SPM, "" },
	{ AT_MAIL, 571, S | B | P, K, SPM, "" }, { AT_DATA, 450, B, D, NO, "" },
	{ AT_DOT, 571, B, D, NO, "SMTP listener refused delivery|" },
	{ AT_DOT, 571, S | B | P, K, SPM, "SMTP listener refused delivery|" },
	/* STARTTLS is wanted. */
	{ AT_MAIL, 530, B, K, NO,
	    "SMTP error: 530 x|SMTP server requires STARTTLS, keeping message.|" },
	{ AT_DATA, 530, B, D, GEN, "SMTP error: 530 x|" },
	/* no bouncemail: what would vanish is for the postmaster. */
	{ AT_MAIL, 550, S, K, NO, "SMTP error: 550 x|" },
	{ AT_MAIL, 550, 0, ORPHAN, NO, "SMTP error: 550 x|" },
	{ AT_DATA, 552, 0, ORPHAN, NO, "SMTP error: 552 x|" },
	{ AT_DATA, 451, 0, K, NO, "SMTP error: 451 x|" },
	{ AT_DOT, 550, 0, ORPHAN, NO,
	    "SMTP error: 550 x|SMTP listener refused delivery|" },
	{ AT_MAIL, 553, 0, D, NO, "SMTP error: 553 x|" },
	{ AT_MAIL, 571, 0, D, NO, "" },
	{ AT_MAIL, 571, P, D, SPM, "" }, /* to the postmaster */
};

/* Without notices and the line that tells of them. */
static void strip(char *log, char out[1000])
{
	AUTO_BUF b = BUF_MAX(1000);
	struct str rest = str_c(log), line;

	while (str_cut(&rest, '\n', &line))
		if (str_search(line, STR("mail from MAILER-DAEMON@")) < 0)
			buf_addf(&b, "%.*s|", STR_ARG(str_skip(line, 3)));
	snprintf(out, 1000, "%s", buf_c(&b));
}

static void make_reply(struct smtp_reply *reply, int code)
{
	*reply = (struct smtp_reply)SMTP_REPLY;
	reply->code = code;
	buf_addc(&reply->text, "x");
}

static void test_message(void **state)
{
	struct smtp_reply reply;
	char log[1000], lines[1000];
	enum fate fate;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cells); i++) {
		set_up(cells[i].flags, "s@x");
		make_reply(&reply, cells[i].code);
		fate = refuse_message(&t.r, cells[i].at, &reply);
		if (t.r.orphan && fate == FATE_KEEP)
			fate = ORPHAN;
		tear_down(log);
		strip(log, lines);
		if (fate != cells[i].fate ||
		    (int)sent.n != (cells[i].notice != NO) ||
		    (sent.n != 0 && (int)sent.reason != cells[i].notice) ||
		    strcmp(lines, cells[i].log) != 0)
			fail_msg("cell %zu: fate %d, %zu notices (%d), %s", i,
			    fate, sent.n, sent.reason, lines);
		if (sent.n != 0)
			assert_string_equal(sent.to,
			    (cells[i].flags & B) != 0 ? "s@x" : "pm@x");
		smtp_reply_clear(&reply);
	}
}

/* Refused recipients: who hears of it, and about how many. */
static const struct {
	int code;
	unsigned flags;
	const char *sender;
	size_t failed; /* 0: no notice */
	const char *to, *log;
} refused[] = {
	{ 550, S | B, "s@x", 1, "s@x", "SMTP error: 550 x|" },
	{ 554, B, "s@x", 1, "s@x", "SMTP error: 554 x|" },
	{ 550, S, "s@x", 1, "pm@x", "SMTP error: 550 x|" },
	{ 550, 0, "s@x", 1, "pm@x", "SMTP error: 550 x|" },
	{ 550, S | B, "", 0, "", "SMTP error: 550 x|" },
	{ 550, S | B, "MAILER-DAEMON@y", 0, "", "SMTP error: 550 x|" },
	{ 553, S | B, "s@x", 0, "", "SMTP error: 553 x|" },
	{ 571, S | B, "s@x", 0, "", "" },
	{ 571, S | B | P, "s@x", 0, "", "" },
};

static void test_recipient(void **state)
{
	struct smtp_reply reply;
	char log[1000], lines[1000];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(refused); i++) {
		set_up(refused[i].flags, refused[i].sender);
		make_reply(&reply, refused[i].code);
		refuse_rcpt(&t.r, "bob@h", &reply);
		refuse_tell(&t.r, BOUNCE_ADDRESSES);
		tear_down(log);
		strip(log, lines);
		assert_int_equal(sent.failed, refused[i].failed);
		assert_string_equal(sent.to, refused[i].to);
		assert_string_equal(lines, refused[i].log);
		smtp_reply_clear(&reply);
	}
}

static int noted;

static bool had(void *arg, int code)
{
	(void)arg;
	return noted == code;
}

static void note(void *arg, int code)
{
	(void)arg;
	noted = code;
}

/* Mail that stays and is refused again: one notice a code. */
static void test_once(void **state)
{
	static const int codes[] = { 550, 550, 552, 552 };
	const struct sink_notices book = { had, note, NULL };
	struct smtp_reply reply;
	char log[1000];
	size_t i;

	(void)state;
	set_up(S | B, "s@x");
	t.m.notices = &book;
	for (i = 0; i < NELEM(codes); i++) {
		make_reply(&reply, codes[i]);
		refuse_begin(&t.r, &t.m);
		assert_int_equal(refuse_message(&t.r, AT_DATA, &reply),
		    FATE_KEEP);
		smtp_reply_clear(&reply);
		assert_int_equal(sent.n, i / 2 + 1);
	}
	tear_down(log);
}

/* -1 switches the list off. */
static void test_no_antispam(void **state)
{
	char log[1000];

	(void)state;
	set_up(B, "s@x");
	assert_true(refuse_is_spam(&t.r, 571));
	assert_false(refuse_is_temporary(&t.r, 450));
	options_add(&t.a.o, OPT_ANTISPAM, STR("-1"), STR_NONE, -1, &t.mem);
	assert_false(refuse_is_spam(&t.r, 571));
	assert_true(refuse_is_temporary(&t.r, 450));
	tear_down(log);
}

/* At the dot it is too late; the next poll begins with the postmaster. */
static void test_orphan(void **state)
{
	const struct sink_notices book = { had, note, NULL };
	char log[1000];

	(void)state;
	noted = 0;
	set_up(0, "s@x");
	t.m.notices = &book;
	assert_false(refuse_orphaned(&t.r));
	refuse_stays(&t.r, AT_MAIL);
	assert_false(refuse_orphaned(&t.r));
	refuse_stays(&t.r, AT_DOT);
	assert_true(refuse_orphaned(&t.r));
	options_set_num(&t.global, OPT_SOFTBOUNCE, 1);
	assert_false(refuse_orphaned(&t.r));
	options_set_num(&t.global, OPT_SOFTBOUNCE, 0);
	options_set_num(&t.global, OPT_BOUNCEMAIL, 1);
	assert_false(refuse_orphaned(&t.r));
	tear_down(log);
	assert_non_null(strstr(log, "it stays on the server"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_message),
		cmocka_unit_test(test_recipient),
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_no_antispam),
		cmocka_unit_test(test_orphan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
