/* utf8 - validity and case folding; libunistring has the tables. */

#include "base/utf8.h"

#include <stdint.h>
#include <stdlib.h>
#include <unicase.h>
#include <unistr.h>

bool utf8_is_ascii(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			return false;
	return true;
}

bool utf8_valid(struct str s)
{
	return utf8_is_ascii(s) || u8_check((const uint8_t *)s.p, s.n) == NULL;
}

bool ascii_fold(struct buf *out, struct str s)
{
	size_t i;

	if (!buf_set(out, s))
		return false;
	for (i = 0; i < out->n; i++)
		out->p[i] = str_lower(out->p[i]);
	return true;
}

bool utf8_fold(struct buf *out, struct str s)
{
	uint8_t *folded;
	size_t n;
	bool ok;

	if (utf8_is_ascii(s))
		return ascii_fold(out, s);
	folded = u8_casefold((const uint8_t *)s.p, s.n, NULL, NULL, NULL, &n);
	if (folded == NULL)
		return ascii_fold(out, s);
	ok = buf_set(out, (struct str){ (const char *)folded, n });
	free(folded);
	return ok;
}
