/* test_pop3_box - what is new, by LAST, UIDL, Message-ID, and a few UIDs. */

#include "tests/unit/script.h"

#include <stdlib.h>

#include "base/macros.h"
#include "fetcher/poll.h"
#include "fetcher/pop3.h"

static const struct options no_options;

struct rules {
	bool uidl, keep, all;
	int64_t fast, sizes;
};

static const struct {
	struct rules rules;
	const char *says;
	enum status st;
	const char *states; /* a letter each: N new, o old */
	const char *sent;
} cases[] = {
	{ { 0 }, "+OK 0 0\r\n", PS_SUCCESS, "", "STAT\r\n" },
	{ { .all = true }, "+OK 2 9\r\n", PS_SUCCESS, "NN", "STAT\r\n" },
	{ { 0 }, "+OK 3 9\r\n+OK 2\r\n", PS_SUCCESS, "ooN",
	    "STAT\r\nLAST\r\n" },
	/* LAST beyond what is there. */
	{ { 0 }, "+OK 1 9\r\n+OK 99\r\n", PS_SUCCESS, "o", "STAT\r\nLAST\r\n" },
	{ { 0 }, "+OK 2 9\r\n-ERR\r\n+OK\r\n1 new\r\n2 old\r\n.\r\n",
	    PS_SUCCESS, "No", "STAT\r\nLAST\r\nUIDL\r\n" },
	{ { .uidl = true }, "+OK 2 9\r\n+OK\r\n2 old\r\n1 old2\r\n.\r\n",
	    PS_SUCCESS, "oo", "STAT\r\nUIDL\r\n" },
	/* Nothing at all: all are new. */
	{ { 0 }, "+OK 2 9\r\n-ERR\r\n-ERR\r\n", PS_SUCCESS, "NN",
	    "STAT\r\nLAST\r\nUIDL\r\n" },
	/* With keep they are told by their Message-IDs. */
	{ { .keep = true },
	    "+OK 2 9\r\n-ERR\r\n-ERR\r\n+OK\r\nMessage-ID: <x>\r\n\r\n.\r\n"
	    "+OK\r\nA: b\r\nMessage-ID: old\r\n\r\nhi\r\n.\r\n",
	    PS_SUCCESS, "No",
	    "STAT\r\nLAST\r\nUIDL\r\nTOP 1 1\r\nTOP 2 1\r\n" },
	/* fastuidl: few messages, then many, then one who does not know it. */
	{ { .uidl = true, .fast = 1 }, "+OK 1 9\r\n+OK\r\n1 x\r\n.\r\n",
	    PS_SUCCESS, "N", "STAT\r\nUIDL\r\n" },
	{ { .uidl = true, .fast = 1 },
	    "+OK 8 9\r\n+OK 4 old\r\n+OK 6 x\r\n+OK 5 old2\r\n", PS_SUCCESS,
	    "oooooNNN", "STAT\r\nUIDL 4\r\nUIDL 6\r\nUIDL 5\r\n" },
	{ { .uidl = true, .fast = 1 },
	    "+OK 8 9\r\n+OK 4 a\r\n+OK 2 b\r\n+OK 1 c\r\n", PS_SUCCESS,
	    "NNNNNNNN", "STAT\r\nUIDL 4\r\nUIDL 2\r\nUIDL 1\r\n" },
	{ { .uidl = true, .fast = 1 },
	    "+OK 8 9\r\n-ERR\r\n+OK\r\n3 old\r\n.\r\n", PS_SUCCESS, "NNoNNNNN",
	    "STAT\r\nUIDL 4\r\nUIDL\r\n" },
	{ { .uidl = true, .fast = 1 }, "+OK 8 9\r\n+OK 5 old\r\n", PS_PROTOCOL,
	    NULL, NULL },
	/* Not in a run of its own. */
	{ { .uidl = true, .fast = 4 }, "+OK 8 9\r\n+OK\r\n.\r\n", PS_SUCCESS,
	    "NNNNNNNN", "STAT\r\nUIDL\r\n" },
};

static struct uidl *known_ids(void)
{
	struct uidl *u;
	struct err e;

	assert_int_equal(uidl_load(&u, "/nowhere/ids", &e), ST_OK);
	uidl_add(u, "me", "h", STR("old"));
	uidl_add(u, "me", "h", STR("old2"));
	return u;
}

static struct uidl *no_ids(void)
{
	struct uidl *u;
	struct err e;

	assert_int_equal(uidl_load(&u, "/nowhere/ids", &e), ST_OK);
	return u;
}

static void set_rules(struct account *a, const struct rules *r)
{
	options_set_num(&a->o, OPT_UIDL, r->uidl);
	options_set_num(&a->o, OPT_KEEP, r->keep);
	options_set_num(&a->o, OPT_FETCHALL, r->all);
	options_set_num(&a->o, OPT_FASTUIDL, r->fast);
	options_set_num(&a->o, OPT_FETCHSIZELIMIT, r->sizes);
}

static void test_list(void **state)
{
	struct account a = { .host = "h", .user = "me", .global = &no_options };
	struct poll_how how = { .ids_out = -1 };
	struct uidl *ids = known_ids(), *none = no_ids();
	struct script s;
	struct proto *p;
	enum status st;
	struct err e;
	uint64_t n;
	size_t i;

	(void)state;
	how.ids = ids;
	how.delivered = none;
	for (i = 0; i < NELEM(cases); i++) {
		AUTO_BUF states = BUF_MAX(64);
		struct box x = { 0 };

		set_rules(&a, &cases[i].rules);
		script_begin(&s, str_c(cases[i].says), SCRIPT_CLOSES);
		p = proto_new(&pop3_ops, &a, &how);
		p->conn = s.conn;
		st = pop3_ops.list(p, &x, &e);
		if (st != cases[i].st)
			fail_msg("case %zu: %d %s", i, (int)st, e.text);
		for (n = 1; cases[i].states != NULL && n <= x.count; n++)
			buf_addch(&states, x.state[n] == MSG_NEW ? 'N' : 'o');
		if (cases[i].states != NULL)
			assert_string_equal(buf_c(&states), cases[i].states);
		p->conn = NULL;
		if (cases[i].sent != NULL)
			assert_string_equal(script_sent(&s), cases[i].sent);
		proto_free(p);
		script_end(&s);
	}
	uidl_free(ids);
	uidl_free(none);
}

/* What was delivered and is to be deleted is looked for in a full list. */
static void test_not_fast_when_something_is_owed(void **state)
{
	struct account a = { .host = "h", .user = "me", .global = &no_options };
	struct poll_how how = { .ids_out = -1 };
	struct uidl *ids = known_ids(), *owed = no_ids();
	struct rules r = { .uidl = true, .fast = 1 };
	struct box x = { 0 };
	struct script s;
	struct proto *p;
	struct err e;

	(void)state;
	uidl_add(owed, "me", "h", STR("pop3:old"));
	how.ids = ids;
	how.delivered = owed;
	set_rules(&a, &r);
	script_begin(&s, STR("+OK 8 9\r\n+OK\r\n1 old\r\n.\r\n"),
	    SCRIPT_CLOSES);
	p = proto_new(&pop3_ops, &a, &how);
	p->conn = s.conn;
	assert_int_equal(pop3_ops.list(p, &x, &e), PS_SUCCESS);
	assert_true(x.complete);
	p->conn = NULL;
	assert_string_equal(script_sent(&s), "STAT\r\nUIDL\r\n");
	proto_free(p);
	script_end(&s);
	uidl_free(ids);
	uidl_free(owed);
}

static const struct {
	int64_t limit;
	const char *says;
	enum status st;
	uint64_t octets[2];
	const char *sent;
} sizes[] = {
	{ 100, "+OK 1 5\r\n+OK 2 6\r\n", PS_SUCCESS, { 5, 6 },
	    "LIST 1\r\nLIST 2\r\n" },
	{ 0, "+OK\r\n2 6\r\n1 5\r\n9 9\r\n.\r\n", PS_SUCCESS, { 5, 6 },
	    "LIST\r\n" },
	{ 0, "+OK\r\n1 -5\r\n.\r\n", PS_PROTOCOL, { 0, 0 }, "LIST\r\n" },
	{ 100, "+OK 1 99999999999999999999\r\n", PS_PROTOCOL, { 0, 0 },
	    "LIST 1\r\n" },
};

static void test_octets(void **state)
{
	struct account a = { .host = "h", .user = "me", .global = &no_options };
	struct poll_how how = { .ids_out = -1 };
	struct script s;
	struct proto *p;
	uint64_t n, octets;
	enum status st;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(sizes); i++) {
		set_rules(&a, &(struct rules){ .sizes = sizes[i].limit });
		script_begin(&s, str_c(sizes[i].says), SCRIPT_CLOSES);
		p = proto_new(&pop3_ops, &a, &how);
		p->conn = s.conn;
		((struct pop3 *)p)->count = 2;
		for (n = 1, st = PS_SUCCESS; n <= 2 && st == PS_SUCCESS; n++) {
			st = pop3_ops.octets(p, n, &octets, &e);
			if (st == PS_SUCCESS)
				assert_int_equal(octets,
				    sizes[i].octets[n - 1]);
		}
		assert_int_equal(st, sizes[i].st);
		p->conn = NULL;
		assert_string_equal(script_sent(&s), sizes[i].sent);
		proto_free(p);
		script_end(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_not_fast_when_something_is_owed),
		cmocka_unit_test(test_octets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
