/* relay_qp - 8-bit parts become quoted-printable. Runs in: relay, front. */

#include "vdeliver/relay_qp.h"

#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "mail/header.h"
#include "vdeliver/relay_text.h"

/* A longer field passes unread. */
#define FIELD_MAX 65536
/* Encoded lines end before they have more octets than this and a "=XX". */
#define COLUMN_MAX 72
#define ENCODING   "Content-Transfer-Encoding: "

/* --- the text of a part -------------------------------------------------- */

static void add_hex(struct relay_qp *q, char c, struct buf *out)
{
	buf_addf(out, "=%02X", (unsigned char)c);
	q->column += 3;
}

static void add_blank(struct relay_qp *q, struct buf *out)
{
	if (q->blank == '\0')
		return;
	buf_addch(out, q->blank);
	q->blank = '\0';
	q->column++;
}

/* RFC 2045 6.7: a blank at the end of a line has to be encoded. */
static void end_line(struct relay_qp *q, struct buf *out)
{
	if (q->blank != '\0')
		add_hex(q, q->blank, out);
	q->blank = '\0';
	buf_addch(out, '\n');
	q->column = 0;
}

static void encode_byte(struct relay_qp *q, char c, struct buf *out)
{
	if (c == '\n') {
		end_line(q, out);
		return;
	}
	add_blank(q, out);
	if (q->column > COLUMN_MAX) {
		buf_addc(out, "=\n");
		q->column = 0;
	}
	if (c == ' ' || c == '\t') {
		q->blank = c;
	} else if (c <= ' ' || c > '~' || c == '=') {
		add_hex(q, c, out);
	} else {
		buf_addch(out, c);
		q->column++;
	}
}

static void text(struct relay_qp *q, struct str s, struct buf *out)
{
	size_t i;

	if (!q->misused && q->at != QP_PASS && q->encoding == QP_SEVEN)
		q->misused = !relay_text_is_ascii(s);
	if (!q->encode)
		buf_add(out, s);
	for (i = 0; q->encode && i < s.n; i++)
		encode_byte(q, s.p[i], out);
}

/* --- headers ------------------------------------------------------------- */

static void begin_part(struct relay_qp *q, enum relay_qp_type type)
{
	q->at = QP_HEADER;
	q->type = type;
	q->encoding = QP_SEVEN;
	q->encode = false;
	q->first = true;
	buf_reset(&q->own);
	buf_reset(&q->said);
}

/* "=value" or "= \"value\"" becomes the boundary. RFC 2045 5.1. */
static void read_boundary(struct relay_qp *q, struct str s)
{
	bool quoted;
	size_t i;

	s = str_trim_left(str_skip(str_trim_left(s), 1));
	quoted = str_starts(s, STR("\""));
	for (i = quoted; i < s.n; i++) {
		if (quoted ? s.p[i] == '"'
			   : s.p[i] == ';' || str_isspace(s.p[i]))
			break;
		if (quoted && s.p[i] == '\\' && i + 1 < s.n)
			i++;
		buf_addch(&q->own, s.p[i]);
	}
}

static bool is_boundary_param(struct str s)
{
	return str_istarts(s, STR("boundary")) &&
	    str_starts(str_trim_left(str_skip(s, 8)), STR("="));
}

static void read_params(struct relay_qp *q, struct str s)
{
	bool quoted = false;
	size_t i;

	buf_reset(&q->own);
	for (i = 0; i < s.n; i++) {
		struct str rest = str_trim_left(str_skip(s, i + 1));

		if (quoted && s.p[i] == '\\')
			i++;
		else if (s.p[i] == '"')
			quoted = !quoted;
		else if (s.p[i] == ';' && !quoted && is_boundary_param(rest)) {
			read_boundary(q, str_skip(rest, 8));
			return;
		}
	}
}

static void read_type(struct relay_qp *q, struct str value)
{
	struct str rest = value, type;

	q->type = QP_LEAF;
	if (!str_word(&rest, "; \t\r\n(", &type))
		return;
	if (str_ieqc(type, "message/rfc822"))
		q->type = QP_MESSAGE;
	else if (str_ieqc(type, "multipart/digest"))
		q->type = QP_DIGEST;
	else if (str_istarts(type, STR("multipart/")))
		q->type = QP_MULTIPART;
	read_params(q, value);
}

static void read_encoding(struct relay_qp *q, struct str value)
{
	struct str word = STR_NONE;

	if (!str_word(&value, "; \t\r\n(", &word) || str_ieqc(word, "7bit"))
		q->encoding = QP_SEVEN;
	else if (str_ieqc(word, "8bit") || str_ieqc(word, "binary"))
		q->encoding = QP_EIGHT;
	else
		q->encoding = QP_OTHER;
}

static void end_field(struct relay_qp *q, struct str field, struct buf *out)
{
	struct str value, name = header_name(field, &value);

	if (str_ieqc(name, "Content-Type"))
		read_type(q, value);
	if (str_ieqc(name, "Content-Transfer-Encoding")) {
		/* Of several the last one counts. */
		buf_add(out, buf_str(&q->said));
		buf_reset(&q->said);
		read_encoding(q, value);
		if (q->encoding == QP_EIGHT && buf_set(&q->said, field))
			return;
	}
	buf_add(out, field);
}

static bool push(struct relay_qp *q)
{
	size_t n = q->n_bounds;

	if (n == RELAY_QP_DEPTH || q->own.n == 0 || q->own.full)
		return false;
	snprintf(q->bounds[n].text, sizeof(q->bounds[n].text), "%s",
	    buf_c(&q->own));
	q->bounds[n].digest = q->type == QP_DIGEST;
	q->n_bounds++;
	return true;
}

/* The header is complete: what becomes of the body, and what says so. */
static void end_header(struct relay_qp *q, struct buf *out)
{
	bool eight = q->encoding == QP_EIGHT, known = q->encoding != QP_OTHER;

	q->at = QP_START;
	q->column = 0;
	if (q->type == QP_LEAF)
		q->encode = eight;
	else if (q->type != QP_MESSAGE)
		known = known && push(q);
	if (!eight)
		return;
	if (known)
		buf_addf(out, ENCODING "%s\n",
		    q->encode ? "quoted-printable" : "7bit");
	else
		buf_add(out, buf_str(&q->said));
}

/* Where the body would begin, another message may. */
static void begin_body(struct relay_qp *q)
{
	if (q->type == QP_MESSAGE && q->encoding != QP_OTHER)
		begin_part(q, QP_LEAF);
}

/* --- lines --------------------------------------------------------------- */

/* Up to and with the newline, off *s. */
static struct str take_line(struct str *s)
{
	ptrdiff_t nl = str_find(*s, '\n');
	struct str line = str_head(*s, nl < 0 ? s->n : (size_t)nl + 1);

	*s = str_skip(*s, line.n);
	return line;
}

/* The boundary that line is, from 1 on; 0: none. *last: it ends the parts. */
static size_t boundary_of(const struct relay_qp *q, struct str line, bool *last)
{
	size_t i;

	if (!str_starts(line, STR("--")))
		return 0;
	line = str_trim_right(str_skip(line, 2));
	for (i = q->n_bounds; i > 0; i--) {
		struct str mark = str_c(q->bounds[i - 1].text);

		if (!str_starts(line, mark))
			continue;
		*last = str_eq(str_skip(line, mark.n), STR("--"));
		if (*last || line.n == mark.n)
			return i;
	}
	return 0;
}

/* What is held is the start of a line of a body, or all of it. */
static void body_line(struct relay_qp *q, struct buf *out)
{
	struct str line = buf_str(&q->hold);
	bool last = false, whole = str_ends(line, STR("\n"));
	size_t i = boundary_of(q, line, &last);

	if (i != 0) {
		q->encode = false;
		q->encoding = QP_SEVEN;
		q->n_bounds = last ? i - 1 : i;
	}
	text(q, line, out);
	buf_reset(&q->hold);
	q->at = whole ? QP_START : QP_LINE;
	if (i == 0 || last)
		return;
	begin_part(q, q->bounds[i - 1].digest ? QP_MESSAGE : QP_LEAF);
	if (!whole)
		q->at = QP_PASS;
}

static void add_start(struct relay_qp *q, struct str *s, struct buf *out)
{
	bool ends;

	do {
		buf_addch(&q->hold, *s->p);
		ends = *s->p == '\n';
		*s = str_skip(*s, 1);
	} while (!ends && s->n != 0 && q->hold.n < RELAY_QP_BOUNDARY + 5 &&
	    *q->hold.p == '-');
	if (ends || *q->hold.p != '-' || q->hold.n >= RELAY_QP_BOUNDARY + 5)
		body_line(q, out);
}

/* A line that belongs to no header: the body began before it. */
static void early_body(struct relay_qp *q, struct buf *out)
{
	bool blank = str_eqc(buf_str(&q->hold), "\n");
	AUTO_BUF line = BUF_MAX(FIELD_MAX);
	struct str rest;

	buf_add(&line, buf_str(&q->hold));
	buf_reset(&q->hold);
	end_header(q, out);
	if (blank || q->encoding == QP_EIGHT)
		buf_addch(out, '\n');
	begin_body(q);
	rest = blank ? STR_NONE : buf_str(&line);
	relay_qp_add(q, rest, out);
}

/* A line of the header is complete in hold. */
static void header_line(struct relay_qp *q, struct buf *out)
{
	struct str line = str_skip(buf_str(&q->hold), q->line);
	bool folded = header_folded(line);

	if (folded && q->line != 0) {
		q->line = q->hold.n;
		return;
	}
	if (folded && !q->first) { /* of a field that was too long */
		buf_add(out, line);
		buf_reset(&q->hold);
		return;
	}
	if (q->line != 0)
		end_field(q, str_head(buf_str(&q->hold), q->line), out);
	buf_shift(&q->hold, q->line);
	q->line = 0;
	q->first = false;
	if (header_name(buf_str(&q->hold), NULL).n == 0)
		early_body(q, out);
	else
		q->line = q->hold.n;
}

static void add_header(struct relay_qp *q, struct str *s, struct buf *out)
{
	struct str line = take_line(s);

	if (!buf_add(&q->hold, line)) {
		buf_add(out, buf_str(&q->hold));
		buf_add(out, line);
		buf_reset(&q->hold);
		q->line = 0;
		q->first = false;
		q->at = str_ends(line, STR("\n")) ? QP_HEADER : QP_PASS;
	} else if (str_ends(line, STR("\n"))) {
		header_line(q, out);
	}
}

void relay_qp_begin(struct relay_qp *q)
{
	memset(q, 0, sizeof(*q));
	q->own = BUF_MAX(RELAY_QP_BOUNDARY);
	q->said = BUF_MAX(FIELD_MAX);
	q->hold = BUF_MAX(FIELD_MAX);
	begin_part(q, QP_LEAF);
}

void relay_qp_add(struct relay_qp *q, struct str piece, struct buf *out)
{
	struct str line;

	while (piece.n != 0) {
		switch (q->at) {
		case QP_HEADER:
			add_header(q, &piece, out);
			break;
		case QP_START:
			add_start(q, &piece, out);
			break;
		case QP_PASS:
		case QP_LINE:
			line = take_line(&piece);
			text(q, line, out);
			if (str_ends(line, STR("\n")))
				q->at = q->at == QP_PASS ? QP_HEADER : QP_START;
			break;
		}
	}
}

void relay_qp_end(struct relay_qp *q, struct buf *out)
{
	if (q->at == QP_HEADER) {
		end_field(q, buf_str(&q->hold), out);
		end_header(q, out);
	} else {
		text(q, buf_str(&q->hold), out);
	}
	buf_reset(&q->hold);
	add_blank(q, out);
}

void relay_qp_clear(struct relay_qp *q)
{
	if (q == NULL)
		return;
	buf_clear(&q->own);
	buf_clear(&q->said);
	buf_clear(&q->hold);
}
