/* base64 - three bytes to four letters, and back. RFC 4648. */

#include "base/base64.h"

#include <stdint.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			      "abcdefghijklmnopqrstuvwxyz0123456789+/";

bool base64_encode(struct buf *out, struct str s)
{
	size_t i, k, n;
	char four[4];

	for (i = 0; i < s.n; i += 3) {
		uint32_t v = 0;

		n = s.n - i < 3 ? s.n - i : 3;
		for (k = 0; k < 3; k++)
			v = v << 8 | (k < n ? (unsigned char)s.p[i + k] : 0);
		for (k = 0; k < 4; k++)
			four[k] =
			    k <= n ? letters[v >> (18 - 6 * k) & 63] : '=';
		if (!buf_add(out, (struct str){ four, 4 }))
			return false;
	}
	return true;
}

/* 0..63, or 64: no letter. */
static uint32_t value(char c)
{
	const char *at = c != '\0' ? strchr(letters, c) : NULL;

	return at != NULL ? (uint32_t)(at - letters) : 64;
}

bool base64_decode(struct buf *out, struct str s)
{
	size_t i, k, n, pad = 0;
	char three[3];

	if (s.n % 4 != 0)
		return false;
	while (pad < 2 && s.n != 0 && s.p[s.n - 1 - pad] == '=')
		pad++;
	for (i = 0; i < s.n; i += 4) {
		uint32_t v = 0, one;

		n = i + 4 == s.n ? 3 - pad : 3;
		for (k = 0; k < 4; k++) {
			one = k <= n ? value(s.p[i + k]) : 0;
			if (one == 64)
				return false;
			v = v << 6 | one;
		}
		/* What the padding stands for must be zero. */
		if ((v & ((1u << 8 * (3 - n)) - 1)) != 0)
			return false;
		for (k = 0; k < 3; k++)
			three[k] = (char)(v >> (16 - 8 * k) & 255);
		if (!buf_add(out, (struct str){ three, n }))
			return false;
	}
	return true;
}
