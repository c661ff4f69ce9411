/* test_pop3_end - where a text with bare line feeds ends. */

#include "tests/unit/script.h"

#include "base/macros.h"
#include "fetcher/pop3.h"

static const struct {
	const char *says;
	uint64_t size; /* as LIST has it */
	const char *want;
	enum status st;
} cases[] = {
	/* All octets are there, and nothing comes after the dot. */
	{ "a\nb\n.\r\n", 4, "a\nb\n", PS_NOMAIL },
	{ "a\n..b\n.\r\n", 5, "a\n.b\n", PS_NOMAIL },
	/* They are not: it is a line of the text, and there is no end. */
	{ "a\nb\n.\r\n", 5, "a\nb\n\r\n", PS_SOCKET },
	{ "a\nb\n.\r\n", 0, "a\nb\n\r\n", PS_SOCKET },
	/* Something comes at once: a message that would end itself. */
	{ "a\nb\n.\r\n+OK 2 9\r\n.\r\n", 4, "a\nb\n\r\n+OK 2 9\r\n",
	    PS_NOMAIL },
	/* The size is only asked in doubt. */
	{ "a\r\nb\r\n.\r\n", 900, "a\r\nb\r\n", PS_NOMAIL },
};

static void test_end(void **state)
{
	struct str line;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		AUTO_BUF says = BUF_MAX(1000);
		AUTO_BUF got = BUF_MAX(1000);
		struct script s;
		struct pop3 p = { .text_size = cases[i].size };
		enum status st;

		buf_addf(&says, "+OK\r\n%s", cases[i].says);
		script_begin(&s, buf_str(&says), SCRIPT_WAITS);
		p.base.conn = s.conn;
		st = pop3_retr(&p, 1, false, &e);
		while (st == PS_SUCCESS &&
		    (st = pop3_line(&p, &line, &e)) == PS_SUCCESS)
			buf_add(&got, line);
		assert_int_equal(st, cases[i].st);
		assert_str(buf_str(&got), cases[i].want);
		pop3_clear(&p);
		script_end(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
