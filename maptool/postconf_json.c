/* postconf_json - strings with JSON's escapes. */

#include "maptool/postconf_json.h"

#include "base/utf8.h"

/* One character that is not printed as it is. */
static void add_escaped(char c, struct buf *out)
{
	static const char special[] = "\"\\\b\f\n\r\t";
	static const char letter[] = "\"\\bfnrt";
	const char *at = c != '\0' ? strchr(special, c) : NULL;

	if (at != NULL)
		buf_addf(out, "\\%c", letter[at - special]);
	else
		buf_addf(out, "\\u%04X", (unsigned)(unsigned char)c);
}

/* Bytes of the UTF-8 character that s begins with, 0: it is none. */
static size_t char_length(struct str s)
{
	size_t n;

	for (n = 1; n <= 4 && n <= s.n; n++)
		if (utf8_valid(str_head(s, n)))
			return n;
	return 0;
}

static void add_string(struct str s, struct buf *out)
{
	buf_addch(out, '"');
	while (s.n != 0) {
		size_t n = char_length(s);
		char c = s.p[0];

		if (n == 0)
			buf_addc(out, "\xef\xbf\xbd");
		else if (n == 1 &&
		    ((unsigned char)c < ' ' || c == '"' || c == '\\' ||
			c == '\x7f'))
			add_escaped(c, out);
		else
			buf_add(out, str_head(s, n));
		s = str_skip(s, n != 0 ? n : 1);
	}
	buf_addch(out, '"');
}

void pc_json(const char *name, struct str value, struct buf *out)
{
	buf_addch(out, '{');
	add_string(str_c(name), out);
	buf_addc(out, ": ");
	add_string(value, out);
	buf_addc(out, "}\n");
}
