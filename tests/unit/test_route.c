/* test_route - who gets a message. */

#include "tests/unit/unit.h"

#include "base/macros.h"
#include "fetcher/route.h"

/* map: "a", "b=bee" or "*", split by blanks; the other lists likewise. */
struct setting {
	const char *map, *aka, *local;
	const char *envelope; /* NULL: default, "": no envelope, "2 Name" */
	const char *qvirtual;
};

static const struct setting some = { "a b=bee", "d.example", "", "", NULL };
static const struct setting pass = { "*", "d.example", "", "", NULL };
static const struct setting dom = { "*", "", "d.example", "", NULL };
static const struct setting full = { "a@d.example=ann b@e.example=ben@x.y",
	"d.example", "", "", NULL };
static const struct setting env = { "*", "", "d.example",
	"X-Original-To:", NULL };
static const struct setting env1 = { "*", "", "d.example", "1 Delivered-To",
	NULL };
static const struct setting qv = { "*", "d.example", "", "Delivered-To",
	"mbox-" };
static const struct setting rec = { "*", "d.example", "", NULL, NULL };
static const struct setting one = { "x@y.z", "", "", NULL, NULL };

/* want: recipients, each followed by '|', then the warning. */
static const struct {
	const struct setting *set;
	const char *header, *want;
} cases[] = {
	{ &one, "To: q@d.example\r\n", "x@y.z|" },
	{ &some, "To: a@d.example, b@d.example, c@other.example\r\n",
	    "a|bee|" },
	{ &some, "To: A <A@D.Example>\r\nCc: a@d.example (x, y)\r\n", "a|" },
	{ &some, "To: \"b, c\" <b@h.example>\r\n", "bee|" },
	{ &some, "To: team: a@d.example,\r\n\tb@d.example;\r\n", "a|bee|" },
	{ &some, "To: a\r\n", "a|" },
	{ &some, "To: @@, b@d.example\r\n", "bee|" },
	{ &some, "To: z@d.example\r\n",
	    "pm|no recipient addresses matched declared local names" },
	{ &some, "To: z@else.example\r\n",
	    "pm|recipient address z@else.example didn't match any local "
	    "name" },
	{ &some, "To: z@else.example, y@else.example\r\n",
	    "pm|no recipient addresses matched declared local names" },
	{ &some, "Subject: x\r\n",
	    "pm|no recipient addresses matched declared local names" },
	{ &some, "To: a@d.example\r\nResent-To: b@d.example\r\n", "bee|" },
	{ &some, "To: a@sub.d.example\r\n", "a|" },
	{ &some, "Apparently-To: a@label\r\nTo: b@h.example\r\n", "a|bee|" },
	{ &pass, "To: zed@d.example\r\nBcc: y@d.example\r\n", "zed|y|" },
	{ &pass, "To: \"z d\"@d.example\r\n", "\"z d\"|" },
	{ &dom, "To: joe@daffy.d.example, x@notd.example\r\n",
	    "joe@daffy.d.example|" },
	{ &full, "To: a@d.example, b@e.example\r\n", "ann|ben@x.y|" },
	{ &env, "X-Original-To: carol@d.example\r\nTo: b@d.example\r\n",
	    "carol@d.example|" },
	{ &env, "To: b@d.example\r\n", "b@d.example|" },
	{ &env1, "Delivered-To: a@d.example\r\nDelivered-To: b@d.example\r\n",
	    "b@d.example|" },
	{ &qv, "Delivered-To: MBOX-joe@d.example\r\n", "joe|" },
	{ &rec,
	    "Received: from x (by y.example for <no@d.example>)\r\n"
	    "\tby mail.d.example (Mailer) with SMTP id Q\r\n"
	    "\tfor <joe@d.example>; Mon, 01 Jan 2024 00:00:00 +0000\r\n"
	    "To: b@d.example\r\n",
	    "joe|" },
	{ &rec,
	    "Received: from x by far.example for <no@d.example>; x\r\n"
	    "Received: by d.example for yes@d.example; x\r\n",
	    "yes|" },
	{ &rec, "Received: by d.example; x\r\nTo: b@d.example\r\n", "b|" },
	/* Each source only when those before it are missing. */
	{ &rec, "To: b@d.example\r\nResent-Cc: r@d.example\r\n", "r|" },
	{ &pass, "To: t@d.example\r\nResent-Bcc: r@d.example\r\n", "r|" },
	{ &pass,
	    "To: t@d.example\r\nCc: c@d.example\r\nBcc: b@d.example\r\n"
	    "Apparently-To: a@d.example\r\n",
	    "t|c|b|a|" },
	/* no envelope: neither that nor Received. */
	{ &pass,
	    "Received: by d.example for <no@d.example>; x\r\n"
	    "Delivered-To: no@d.example\r\nTo: b@d.example\r\n",
	    "b|" },
	{ &env1, "Delivered-To: a@d.example\r\nTo: b@d.example\r\n",
	    "b@d.example|" },
	{ &env, "X-Original-To: a@d.example, b@d.example\r\n",
	    "a@d.example|b@d.example|" },
	{ &qv, "Delivered-To: joe@d.example\r\n", "joe|" },
	/* An entry for the whole address comes first; case does not count. */
	{ &full, "To: A@D.Example\r\n", "ann|" },
	{ &some, "To: B@AKA.D.EXAMPLE, b@d.example, B@label\r\n", "bee|" },
};

static void add_words(struct options *o, enum option_id id, const char *text,
    struct arena *a)
{
	struct str rest = str_c(text), word, remote;

	while (str_word(&rest, " ", &word)) {
		remote = STR_NONE;
		if (str_find(word, '=') >= 0)
			str_cut(&word, '=', &remote);
		options_add(o, id, word, remote, 0, a);
	}
}

static void set_envelope(struct options *o, const char *text, struct arena *a)
{
	struct str name = str_c(text);
	int64_t skip = 0;

	if (name.n > 2 && name.p[1] == ' ') {
		skip = name.p[0] - '0';
		name = str_skip(name, 2);
	}
	options_set_text(o, OPT_ENVELOPE, name, a);
	options_set_num(o, OPT_ENVELOPE, skip);
}

static void set_up(struct account *a, const struct setting *s,
    struct arena *mem)
{
	a->label = "label";
	a->host = "h.example";
	add_words(&a->o, OPT_IS, s->map, mem);
	add_words(&a->o, OPT_AKA, s->aka, mem);
	add_words(&a->o, OPT_LOCALDOMAINS, s->local, mem);
	if (s->envelope != NULL)
		set_envelope(&a->o, s->envelope, mem);
	if (s->qvirtual != NULL)
		options_set_text(&a->o, OPT_QVIRTUAL, str_c(s->qvirtual), mem);
}

static void test_route(void **state)
{
	size_t i, k;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		AUTO_ARENA mem = { 0 };
		AUTO_BUF got = BUF_MAX(4096);
		struct account a = { 0 };
		struct route r = { 0 };

		set_up(&a, cases[i].set, &mem);
		route_message(&r, &a, str_c(cases[i].header), "pm", NULL, NULL);
		for (k = 0; k < r.n; k++)
			buf_addf(&got, "%s|", r.rcpt[k]);
		if (r.warning != NULL)
			buf_addc(&got, r.warning);
		assert_str(buf_str(&got), cases[i].want);
		arena_clear(&r.arena);
	}
}

static bool says_yes(const char *domain, const char *host, void *arg)
{
	(void)host;
	(void)arg;
	return strcmp(domain, "other.example") == 0;
}

static void test_alias(void **state)
{
	AUTO_ARENA mem = { 0 };
	struct account a = { 0 };
	struct route r = { 0 };

	(void)state;
	set_up(&a, &some, &mem);
	route_message(&r, &a, str_c("To: a@other.example\n"), "", says_yes,
	    NULL);
	assert_int_equal(r.n, 1);
	assert_string_equal(r.rcpt[0], "a");
	arena_clear(&r.arena);
	r = (struct route){ 0 };
	route_message(&r, &a, str_c("To: a@no.example\n"), "", says_yes, NULL);
	assert_int_equal(r.n, 0);
	assert_true(r.to_postmaster);
	arena_clear(&r.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_route),
		cmocka_unit_test(test_alias),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
