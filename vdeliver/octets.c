/* octets - a set of octets. Pure: no I/O. */

#include "vdeliver/octets.h"

#include <string.h>

/* What follows a backslash: an octet, and how many bytes said so; 0: none. */
static size_t escape(struct str s, unsigned char *octet)
{
	static const char names[] = "abfnrtv\\";
	static const char values[] = "\a\b\f\n\r\t\v\\";
	const char *at =
	    s.n != 0 ? memchr(names, *s.p, sizeof(names) - 1) : NULL;
	unsigned v = 0;
	size_t n;

	if (at != NULL) {
		*octet = (unsigned char)values[at - names];
		return 1;
	}
	for (n = 0; n < 3 && n < s.n && s.p[n] >= '0' && s.p[n] <= '7'; n++)
		v = 8 * v + (unsigned)(s.p[n] - '0');
	*octet = (unsigned char)v;
	return v <= 255 ? n : 0;
}

enum st octets_parse(struct octets *set, struct str text, struct err *e)
{
	*set = (struct octets){ .any = text.n != 0 };
	while (text.n != 0) {
		unsigned char c = (unsigned char)*text.p;
		size_t n = 1;

		if (c == '\\') {
			n = escape(str_skip(text, 1), &c);
			if (n == 0)
				return err_temp(e, "",
				    "\"%.*s\" is no escape: write \\a, \\b, "
				    "\\f, \\n, \\r, \\t, \\v, \\\\ or up to "
				    "three octal digits",
				    STR_ARG(str_head(text, 4)));
			n++;
		}
		set->bits[c / 32] |= (uint32_t)1 << c % 32;
		text = str_skip(text, n);
	}
	return ST_OK;
}

void octets_drop(struct octets *set, unsigned char octet)
{
	set->bits[octet / 32] &= ~((uint32_t)1 << octet % 32);
}

size_t octets_span(const struct octets *set, struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (set->bits[c / 32] & (uint32_t)1 << c % 32)
			break;
	}
	return i;
}
