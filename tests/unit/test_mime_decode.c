/* test_mime_decode - encoded words and quoted-printable, for mimedecode. */

#include "tests/unit/unit.h"

#include "base/buf.h"
#include "base/macros.h"
#include "fetcher/header.h"
#include "fetcher/mime.h"

static const struct {
	const char *field;
	bool addresses;
	const char *want; /* NULL: as it is */
} words[] = {
	{ "Subject: plain\r\n", false, NULL },
	{ "Subject: =?iso-8859-1?Q?caf=E9_x?= y\r\n", false,
	    "Subject: caf\xe9 x y\r\n" },
	{ "Subject: =?utf-8?B?w6k=?=\r\n", false, "Subject: \xc3\xa9\r\n" },
	{ "Subject: =?utf-8*de?q?a=3db?=", false, "Subject: a=b" },
	{ "S: =?x?Q?a?=\r\n =?x?B?Yg==?= =?x?Q?c?= d", false, "S: abc d" },
	{ "S: =?x?Q?a?= b =?x?Q?c?=", false, "S: a b c" },
	{ "S: =?x?Q?=zz=4?=", false, "S: =zz=4" },
	{ "S: =?x?Q?"
	  "?=z",
	    false, "S: z" },
	{ "S: =?x?B?Yg=?=", false, NULL },
	{ "S: =?x?B?Y g?=", false, NULL },
	{ "S: =?x?Z?a?=", false, NULL },
	{ "S: =?"
	  "?Q?a?=",
	    false, NULL },
	{ "S: =?x?Q?a", false, NULL },
	{ "S: =?x?Q?a b?=", false, NULL },
	{ "S: =?x?Q?a=0D=0AX:y?=", false, NULL },
	{ "S: =?x?Q?a=00b?=", false, NULL },
	{ "S: =?x?Q?<a@b>,?=", false, "S: <a@b>," },
	{ "To: =?x?Q?<a@b>?= c@d", true, NULL },
	{ "To: =?x?Q?a=2C?= c@d", true, NULL },
	{ "To: =?x?Q?caf=E9?= <c@d>", true, "To: caf\xe9 <c@d>" },
	{ "S: =?=?x?Q?a?=", false, "S: =?a" },
};

static void test_words(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(words); i++) {
		AUTO_BUF out = BUF_MAX(1000);

		mime_words(str_c(words[i].field), words[i].addresses, &out);
		assert_str(buf_str(&out),
		    words[i].want != NULL ? words[i].want : words[i].field);
	}
}

/* Pieces are divided by '|'. */
static const struct {
	const char *pieces, *want;
} texts[] = {
	{ "a\r\n|b\n", "a\r\nb\n" },
	{ "a=E9b\r\n",
	    "a\xe9"
	    "b\r\n" },
	{ "a=\r\n|b=\n|c\r\n", "abc\r\n" },
	{ "a= \t\r\n|b\r\n", "ab\r\n" },
	{ "a \t\r\n", "a\r\n" },
	{ "a=20\r\n", "a \r\n" },
	{ "=|E|9\r\n", "\xe9\r\n" },
	{ "a=|\r\n|b\r\n", "ab\r\n" },
	{ "=zz=4=\r\n|\r\n", "=zz=4\r\n" },
	{ "=3D41\r\n", "=41\r\n" },
	{ "=0D=0A.\r\n", "\r\n.\r\n" },
	{ "a", "a\r\n" },
	{ "a=\r\n", "a\r\n" },
	{ "", "" },
};

static void test_qp(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(texts); i++) {
		AUTO_BUF out = BUF_MAX(1000), all = BUF_MAX(1000);
		struct str rest = str_c(texts[i].pieces), piece;
		struct mime_qp q = { 0 };

		while (rest.n != 0) {
			str_cut(&rest, '|', &piece);
			buf_reset(&out);
			mime_qp_add(&q, piece, &out);
			buf_add(&all, buf_str(&out));
		}
		buf_reset(&out);
		mime_qp_end(&q, &out);
		buf_add(&all, buf_str(&out));
		assert_str(buf_str(&all), texts[i].want);
	}
}

/* Nothing is held for ever, and nothing gets lost. */
static void test_endless_line(void **state)
{
	AUTO_BUF piece = BUF_MAX(65536), out = BUF_MAX(1 << 20);
	struct mime_qp q = { 0 };
	size_t i, n = 0;

	(void)state;
	while (piece.n < 60000)
		buf_addch(&piece, 'x');
	for (i = 0; i < 10; i++) {
		buf_reset(&out);
		mime_qp_add(&q, buf_str(&piece), &out);
		n += out.n;
	}
	buf_reset(&out);
	mime_qp_end(&q, &out);
	assert_int_equal(n + out.n, 10 * 60000 + 2);
}

#define M "MIME-Version: 1.0\r\n"
#define T "Content-Type: text/plain\r\n"
#define Q "Content-Transfer-Encoding: quoted-printable\r\n"

static const struct {
	const char *header;
	bool qp;
} headers[] = {
	{ M T Q, true },
	{ M "content-type:\r\n TEXT/html; charset=x\r\n" Q, true },
	{ T Q, false },
	{ M Q, false },
	{ M T, false },
	{ M "Content-Type: application/x\r\n" Q, false },
	{ M "Content-Type: multipart/mixed\r\n" Q, false },
	{ M T "Content-Transfer-Encoding: base64\r\n", false },
};

static void test_header(void **state)
{
	AUTO_BUF out = BUF_MAX(1000);
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(headers); i++)
		if (header_is_qp(str_c(headers[i].header)) != headers[i].qp)
			fail_msg("%s", headers[i].header);
	header_decode(STR("A: =?x?Q?b?=\r\n" Q "To: =?x?Q?,?= <c@d>\r\n"), true,
	    &out);
	assert_str(buf_str(&out),
	    "A: b\r\nContent-Transfer-Encoding: 8bit            \r\n"
	    "To: =?x?Q?,?= <c@d>\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_qp),
		cmocka_unit_test(test_endless_line),
		cmocka_unit_test(test_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
