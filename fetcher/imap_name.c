/* imap_name - words as IMAP wants them. Pure. */

#include "fetcher/imap.h"

#include "base/utf8.h"

bool imap_quote(struct buf *out, struct str text)
{
	size_t i;

	buf_addch(out, '"');
	for (i = 0; i < text.n; i++) {
		if ((unsigned char)text.p[i] < ' ' ||
		    (unsigned char)text.p[i] > '~')
			return false;
		if (text.p[i] == '"' || text.p[i] == '\\')
			buf_addch(out, '\\');
		buf_addch(out, text.p[i]);
	}
	return buf_addch(out, '"');
}

/* Base64 with ',' for '/', and no padding: six bits at a time. */
struct bits {
	struct buf *out;
	uint32_t held;
	unsigned n;
};

static void add_bits(struct bits *b, uint32_t value, unsigned n)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghij"
				      "klmnopqrstuvwxyz0123456789+,";

	b->held = b->held << n | value;
	b->n += n;
	while (b->n >= 6) {
		b->n -= 6;
		buf_addch(b->out, letters[b->held >> b->n & 63]);
	}
}

static void add_utf16(struct bits *b, uint32_t c)
{
	if (c >= 0x10000) {
		add_bits(b, 0xd800 + ((c - 0x10000) >> 10), 16);
		c = 0xdc00 + ((c - 0x10000) & 0x3ff);
	}
	add_bits(b, c, 16);
}

static bool has_control(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
			return true;
	return false;
}

static bool is_plain(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] > 0x7f)
			return false;
	return true;
}

/* Valid UTF-8: the next character. */
static uint32_t next_char(struct str *s)
{
	unsigned char lead = (unsigned char)*s->p;
	size_t more = lead < 0x80 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
	uint32_t c = more == 0 ? lead : lead & (0x3fu >> more);
	size_t i;

	for (i = 1; i <= more; i++)
		c = c << 6 | ((unsigned char)s->p[i] & 0x3f);
	*s = str_skip(*s, more + 1);
	return c;
}

static void add_utf7(struct buf *out, struct str name)
{
	struct bits b = { .out = out };
	bool shifted = false;
	uint32_t c;

	while (name.n != 0) {
		c = next_char(&name);
		if (c >= ' ' && c <= '~') {
			if (shifted && b.n != 0)
				add_bits(&b, 0, 6 - b.n);
			if (shifted)
				buf_addch(out, '-');
			shifted = false;
			buf_addch(out, (char)c);
			if (c == '&')
				buf_addch(out, '-');
			continue;
		}
		if (!shifted) {
			buf_addch(out, '&');
			b = (struct bits){ .out = out };
		}
		shifted = true;
		add_utf16(&b, c);
	}
	if (shifted && b.n != 0)
		add_bits(&b, 0, 6 - b.n);
	if (shifted)
		buf_addch(out, '-');
}

bool imap_quote_folder(struct buf *out, struct str name)
{
	AUTO_BUF utf7 = BUF_MAX(4096);

	if (is_plain(name))
		return imap_quote(out, name);
	if (has_control(name) || !utf8_valid(name))
		return false;
	add_utf7(&utf7, name);
	return !utf7.full && imap_quote(out, buf_str(&utf7));
}
