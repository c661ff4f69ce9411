/* imap_read - words of IMAP answers. Runs in: poll child. */

#include "fetcher/imap_read.h"

#include "base/num.h"
#include "fetcher/proto.h"
#include "fetcher/report.h"

/* How deep a list may lie in lists. */
#define DEPTH_MAX 50

static enum status out_of_step(struct err *e, const char *what)
{
	err_temp(e, "", "this is no IMAP answer: %s", what);
	return PS_PROTOCOL;
}

/* Have something in in->piece. */
static enum status fill(struct imap_in *in, struct err *e)
{
	enum st st;

	if (in->piece.n != 0)
		return PS_SUCCESS;
	st = conn_line(in->conn, &in->piece, e);
	if (st == ST_NONE)
		st = err_temp(e, "", "the server has closed the connection");
	if (st != ST_OK) {
		in->piece = STR_NONE;
		return PS_SOCKET;
	}
	if (!in->silent)
		report_dialogue("IMAP", '<', str_trim_right(in->piece));
	return PS_SUCCESS;
}

enum status imap_take(struct imap_in *in, uint64_t max, struct str *octets,
    struct err *e)
{
	enum status st = fill(in, e);

	*octets = STR_NONE;
	if (st != PS_SUCCESS)
		return st;
	*octets =
	    max < in->piece.n ? str_head(in->piece, (size_t)max) : in->piece;
	in->piece = str_skip(in->piece, octets->n);
	return PS_SUCCESS;
}

enum status imap_peek(struct imap_in *in, char *c, struct err *e)
{
	enum status st = fill(in, e);

	if (st == PS_SUCCESS)
		*c = *in->piece.p;
	return st;
}

/* The next octet, which counts. */
static enum status next(struct imap_in *in, char *c, struct err *e)
{
	enum status st = imap_peek(in, c, e);

	if (st != PS_SUCCESS)
		return st;
	if (in->left == 0)
		return out_of_step(e, "it does not end");
	in->left--;
	in->piece = str_skip(in->piece, 1);
	return PS_SUCCESS;
}

enum status imap_expect(struct imap_in *in, char want, struct err *e)
{
	char c;
	enum status st = next(in, &c, e);

	if (st == PS_SUCCESS && c != want) {
		err_temp(e, "", "this is no IMAP answer: '%c' instead of '%c'",
		    c, want);
		return PS_PROTOCOL;
	}
	return st;
}

enum status imap_blanks(struct imap_in *in, struct err *e)
{
	enum status st;
	char c;

	while ((st = imap_peek(in, &c, e)) == PS_SUCCESS && c == ' ')
		if ((st = next(in, &c, e)) != PS_SUCCESS)
			break;
	return st;
}

static bool ends_atom(char c)
{
	return c == ' ' || c == '(' || c == ')' || c == '"' || c == '{' ||
	    c == '\r' || c == '\n';
}

enum status imap_atom(struct imap_in *in, struct buf *atom, struct err *e)
{
	bool section = false;
	enum status st;
	char c;

	buf_reset(atom);
	while ((st = imap_peek(in, &c, e)) == PS_SUCCESS) {
		if (c == '\n' || (!section && ends_atom(c)))
			break;
		if (c == '[' || c == ']')
			section = c == '[';
		if ((st = next(in, &c, e)) != PS_SUCCESS)
			return st;
		if (!buf_addch(atom, c))
			return out_of_step(e, "a very long word");
	}
	return st;
}

enum status imap_number(struct imap_in *in, uint64_t max, uint64_t *n,
    struct err *e)
{
	AUTO_BUF digits = BUF_MAX(32);
	enum status st = imap_atom(in, &digits, e);

	if (st == PS_SUCCESS && !num_u64(buf_str(&digits), max, n)) {
		err_temp(e, "", "this is no IMAP answer: number \"%s\"",
		    buf_c(&digits));
		return PS_PROTOCOL;
	}
	return st;
}

/* "{123}" and the end of its line: RFC 3501 4.3. */
static enum status literal_size(struct imap_in *in, uint64_t *octets,
    struct err *e)
{
	AUTO_BUF size = BUF_MAX(32);
	struct str text;
	enum status st = imap_expect(in, '{', e);

	if (st == PS_SUCCESS)
		st = imap_rest(in, &size, e);
	if (st != PS_SUCCESS)
		return st;
	text = buf_str(&size);
	if (size.full || text.n < 2 || text.p[text.n - 1] != '}' ||
	    !num_u64(str_head(text, text.n - 1), TEXT_MAX, octets)) {
		err_temp(e, "", "this is no IMAP answer: literal \"{%s\"",
		    buf_c(&size));
		return PS_PROTOCOL;
	}
	return PS_SUCCESS;
}

static enum status quoted(struct imap_in *in, struct buf *text, struct err *e)
{
	enum status st = imap_expect(in, '"', e);
	char c = '\0';

	while (st == PS_SUCCESS && (st = next(in, &c, e)) == PS_SUCCESS) {
		if (c == '"')
			return PS_SUCCESS;
		if (c == '\\' && (st = next(in, &c, e)) != PS_SUCCESS)
			return st;
		if (c == '\n' || c == '\r')
			return out_of_step(e, "a quote without an end");
		buf_addch(text, c);
	}
	return st;
}

enum status imap_string(struct imap_in *in, struct buf *small, bool *literal,
    uint64_t *octets, struct err *e)
{
	enum status st;
	char c;

	buf_reset(small);
	*literal = false;
	st = imap_peek(in, &c, e);
	if (st != PS_SUCCESS)
		return st;
	if (c == '{') {
		*literal = true;
		return literal_size(in, octets, e);
	}
	if (c == '"') {
		st = quoted(in, small, e);
	} else {
		st = imap_atom(in, small, e);
		if (st == PS_SUCCESS && !str_ieqc(buf_str(small), "NIL"))
			return out_of_step(e, "no string");
		buf_reset(small);
	}
	*octets = small->n;
	return st;
}

static enum status skip_octets(struct imap_in *in, uint64_t octets,
    struct err *e)
{
	struct str piece;
	enum status st = PS_SUCCESS;

	while (st == PS_SUCCESS && octets != 0) {
		st = imap_take(in, octets, &piece, e);
		if (st != PS_SUCCESS)
			return st;
		if (piece.n > in->left)
			return out_of_step(e, "it does not end");
		in->left -= piece.n;
		octets -= piece.n;
	}
	return st;
}

static enum status skip_literal(struct imap_in *in, struct err *e)
{
	uint64_t octets;
	enum status st = literal_size(in, &octets, e);

	return st == PS_SUCCESS ? skip_octets(in, octets, e) : st;
}

/* One word of any kind; brackets change the depth. */
static enum status skip_word(struct imap_in *in, unsigned *depth, struct err *e)
{
	AUTO_BUF none = BUF_MAX(CONN_LINE_MAX);
	enum status st;
	char c;

	st = imap_peek(in, &c, e);
	if (st != PS_SUCCESS)
		return st;
	switch (c) {
	case '"':
		return quoted(in, &none, e);
	case '{':
		return skip_literal(in, e);
	case '(':
		if (++*depth > DEPTH_MAX)
			return out_of_step(e, "lists in lists in lists");
		return next(in, &c, e);
	case ')':
		if (*depth == 0)
			return out_of_step(e, "a ')' too many");
		--*depth;
		return next(in, &c, e);
	case '\r':
	case '\n':
		return out_of_step(e, "the line ends too early");
	default:
		return imap_atom(in, &none, e);
	}
}

enum status imap_skip(struct imap_in *in, struct err *e)
{
	unsigned depth = 0;
	enum status st;

	do {
		st = imap_blanks(in, e);
		if (st == PS_SUCCESS)
			st = skip_word(in, &depth, e);
	} while (st == PS_SUCCESS && depth != 0);
	return st;
}

enum status imap_rest(struct imap_in *in, struct buf *text, struct err *e)
{
	enum status st;
	char c;

	if (text != NULL)
		buf_reset(text);
	while ((st = next(in, &c, e)) == PS_SUCCESS && c != '\n')
		if (text != NULL && c != '\r')
			buf_addch(text, c);
	return st;
}

/* "{123}" at the end of a line: *octets is what follows it. */
struct tail {
	bool open, closed;
	uint64_t octets;
};

static void watch(struct tail *t, char c)
{
	if (c == '{')
		*t = (struct tail){ .open = true };
	else if (t->open && c >= '0' && c <= '9' && t->octets <= TEXT_MAX)
		t->octets = t->octets * 10 + (uint64_t)(c - '0');
	else if (t->open && c == '}')
		*t = (struct tail){ .closed = true, .octets = t->octets };
	else if (c != '\r')
		*t = (struct tail){ 0 };
}

enum status imap_skip_line(struct imap_in *in, struct err *e)
{
	struct tail t = { 0 };
	enum status st;
	char c;

	while ((st = next(in, &c, e)) == PS_SUCCESS) {
		if (c != '\n') {
			watch(&t, c);
			continue;
		}
		if (!t.closed)
			break;
		if (t.octets > TEXT_MAX)
			return out_of_step(e, "a very long literal");
		st = skip_octets(in, t.octets, e);
		if (st != PS_SUCCESS)
			break;
		t = (struct tail){ 0 };
	}
	return st;
}
