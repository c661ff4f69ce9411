/* json - strings of JSON. */

#include "maptool/json.h"

#include "base/macros.h"
#include "base/utf8.h"

static const struct {
	char c, letter;
} escapes[] = {
	{ '"', '"' },
	{ '\\', '\\' },
	{ '\b', 'b' },
	{ '\f', 'f' },
	{ '\n', 'n' },
	{ '\r', 'r' },
	{ '\t', 't' },
};

/* How many bytes of s are one character; 0: it is no UTF-8. */
static size_t character(struct str s)
{
	size_t n;

	for (n = 1; n <= 4 && n <= s.n; n++)
		if (utf8_valid(str_head(s, n)))
			return n;
	return 0;
}

static bool add_escape(struct buf *out, char c)
{
	size_t i;

	for (i = 0; i < NELEM(escapes); i++)
		if (escapes[i].c == c) {
			buf_addch(out, '\\');
			return buf_addch(out, escapes[i].letter);
		}
	if ((unsigned char)c >= ' ' && c != 0x7f)
		return false;
	return buf_addf(out, "\\u%04X", (unsigned char)c);
}

void json_add(struct buf *out, struct str s)
{
	size_t n;

	buf_addch(out, '"');
	for (; s.n != 0; s = str_skip(s, n == 0 ? 1 : n)) {
		n = character(s);
		if (n == 0)
			buf_addc(out, "\\uFFFD");
		else if (n != 1 || !add_escape(out, *s.p))
			buf_add(out, str_head(s, n));
	}
	buf_addch(out, '"');
}
