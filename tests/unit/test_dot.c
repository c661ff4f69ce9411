/* test_dot - line ends and leading dots. */

#include "tests/unit/unit.h"

#include "base/buf.h"
#include "base/macros.h"
#include "mail/dot.h"

static const struct {
	const char *in, *want;
} cases[] = {
	{ "", ".\r\n" },
	{ "a", "a\r\n.\r\n" },
	{ "a\r\n", "a\r\n.\r\n" },
	{ "a\n", "a\r\n.\r\n" },
	{ "a\nb\r\n", "a\r\nb\r\n.\r\n" },
	{ "a\r", "a\r\n.\r\n" },
	{ "a\rb\r\n", "a\rb\r\n.\r\n" },
	{ "a\r\r\nb\n", "a\r\r\nb\r\n.\r\n" },
	{ ".", "..\r\n.\r\n" },
	{ ".\r\n", "..\r\n.\r\n" },
	{ "..\r\n.a.b\r\n", "...\r\n..a.b\r\n.\r\n" },
	{ "a\n.\nb\n", "a\r\n..\r\nb\r\n.\r\n" },
	{ "a\r\n.\r\nb\r\n", "a\r\n..\r\nb\r\n.\r\n" },
	{ "a\r.\r\n", "a\r.\r\n.\r\n" },
	{ "\n\n.", "\r\n\r\n..\r\n.\r\n" },
	{ "\r\n\r\n", "\r\n\r\n.\r\n" },
	{ "\r", "\r\n.\r\n" },
	{ "a.b.\r\nc", "a.b.\r\nc\r\n.\r\n" },
};

/* Whatever the pieces, the result is the same. */
static void test_pieces(void **state)
{
	size_t i, size;

	(void)state;
	for (i = 0; i < NELEM(cases); i++)
		for (size = 1; size <= 12; size++) {
			AUTO_BUF got = BUF_MAX(1000);
			struct str rest = str_c(cases[i].in), piece, part;
			struct dot d;

			dot_begin(&d);
			while (rest.n != 0) {
				piece = str_head(rest, size);
				rest = str_skip(rest, size);
				while (dot_next(&d, &piece, &part))
					buf_add(&got, part);
			}
			buf_add(&got, dot_end(&d));
			assert_str(buf_str(&got), cases[i].want);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
