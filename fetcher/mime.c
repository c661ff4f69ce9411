/* mime - encoded words and quoted-printable. */

#include "fetcher/mime.h"

#include "base/base64.h"

/* RFC 2047 2: 75; senders that know no limit are read, too. */
#define WORD_MAX 2000
/* A line that does not end is decoded when it is so long. */
#define HOLD_MAX 131072

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = str_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "=XX" at s: its byte, else -1. */
static int quoted_byte(struct str s)
{
	int hi, lo;

	if (s.n < 3 || s.p[0] != '=')
		return -1;
	hi = hex(s.p[1]);
	lo = hex(s.p[2]);
	return hi < 0 || lo < 0 ? -1 : hi << 4 | lo;
}

/* --- encoded words -------------------------------------------------------- */

static void add_q(struct str text, struct buf *out)
{
	int byte;

	while (text.n != 0) {
		byte = quoted_byte(text);
		if (byte >= 0)
			buf_addch(out, (char)byte);
		else
			buf_addch(out, *text.p == '_' ? ' ' : *text.p);
		text = str_skip(text, byte >= 0 ? 3 : 1);
	}
}

/* Could this be taken for something else than text? */
static bool is_harmful(struct str s, bool addresses)
{
	size_t i;

	for (i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c < ' ' || c == 0x7f ||
		    (addresses && strchr("()<>[]:;@\\,\"", c) != NULL))
			return true;
	}
	return false;
}

/* "=?charset?X?text?=" at the start of s: its length and text, else 0. */
static size_t encoded_word(struct str s, bool addresses, struct buf *text)
{
	struct str rest = str_skip(s, 2), charset, way, coded;
	ptrdiff_t end;

	buf_reset(text);
	if (!str_starts(s, STR("=?")) || !str_cut(&rest, '?', &charset) ||
	    !str_cut(&rest, '?', &way))
		return 0;
	end = str_search(rest, STR("?="));
	if (end < 0 || end > WORD_MAX || charset.n == 0 || charset.n > 100)
		return 0;
	coded = str_head(rest, (size_t)end);
	if (str_find(coded, ' ') >= 0 || str_find(coded, '\n') >= 0)
		return 0;
	if (str_ieqc(way, "q"))
		add_q(coded, text);
	else if (!str_ieqc(way, "b") || !base64_decode(text, coded))
		return 0;
	if (text->full || is_harmful(buf_str(text), addresses))
		return 0;
	return s.n - rest.n + (size_t)end + 2;
}

static size_t blanks(struct str s)
{
	size_t n = 0;

	while (n < s.n && str_isspace(s.p[n]))
		n++;
	return n;
}

void mime_words(struct str field, bool addresses, struct buf *out)
{
	AUTO_BUF text = BUF_MAX(WORD_MAX);
	size_t n, gap;

	while (field.n != 0) {
		n = encoded_word(field, addresses, &text);
		if (n == 0) {
			buf_addch(out, *field.p);
			field = str_skip(field, 1);
			continue;
		}
		buf_add(out, buf_str(&text));
		field = str_skip(field, n);
		gap = blanks(field);
		if (encoded_word(str_skip(field, gap), addresses, &text) != 0)
			field = str_skip(field, gap);
	}
}

/* --- quoted-printable ----------------------------------------------------- */

/* Bytes of a line without its end. */
static void add_coded(struct str s, struct buf *out)
{
	int byte;

	while (s.n != 0) {
		byte = quoted_byte(s);
		buf_addch(out, byte >= 0 ? (char)byte : *s.p);
		s = str_skip(s, byte >= 0 ? 3 : 1);
	}
}

/* A whole line; end is "\n" or "\r\n", or nothing for the last one. */
static void add_line(struct str line, struct buf *out)
{
	struct str body = line;

	while (body.n != 0 && str_isspace(body.p[body.n - 1]))
		body.n--; /* RFC 2045 6.7 (3): it was added on the way */
	if (body.n != 0 && body.p[body.n - 1] == '=') {
		body.n--; /* a soft line break */
		add_coded(body, out);
		return;
	}
	add_coded(body, out);
	if (str_ends(line, STR("\r\n")))
		buf_addc(out, "\r\n");
	else if (str_ends(line, STR("\n")))
		buf_addc(out, "\n");
}

void mime_qp_add(struct mime_qp *q, struct str piece, struct buf *out)
{
	struct str all;

	q->hold.max = HOLD_MAX;
	if (!buf_add(&q->hold, piece)) {
		/* No line is so long: as it comes. */
		add_coded(buf_str(&q->hold), out);
		buf_reset(&q->hold);
		buf_add(&q->hold, piece);
	}
	all = buf_str(&q->hold);
	if (!str_ends(all, STR("\n")))
		return;
	add_line(all, out);
	buf_reset(&q->hold);
	if (out->n != 0)
		q->open = out->p[out->n - 1] != '\n';
}

void mime_qp_end(struct mime_qp *q, struct buf *out)
{
	if (q->hold.n != 0)
		add_line(buf_str(&q->hold), out);
	if (out->n != 0 ? out->p[out->n - 1] != '\n' : q->open)
		buf_addc(out, "\r\n");
	buf_clear(&q->hold);
}
