/* mime - headers and body lines, part by part. */

#include "maptool/mime.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "mail/header.h"

enum state {
	PRIMARY, /* headers of the message */
	PART,    /* headers behind a boundary */
	NESTED,  /* headers of a message within */
	BODY,
};

enum content {
	PLAIN, /* whatever has no parts */
	MESSAGE,
	MULTIPART,
};

/* A multipart that is open; its lines begin with "--" and boundary. */
struct level {
	struct level *outer;
	char *boundary;
	bool digest; /* its parts are messages unless they say otherwise */
};

struct mime {
	struct mime_how how;
	enum state state;
	struct buf header; /* a header that may go on */
	bool pending;      /* there is one */

	/* What the headers said so far. */
	enum content content;
	bool digest;
	struct buf boundary;

	struct level *levels; /* innermost first */
	size_t depth;
};

struct mime *mime_new(const struct mime_how *how)
{
	struct mime *m = xcalloc(1, sizeof(*m));

	m->how = *how;
	m->header = BUF_MAX(SIZE_MAX / 2);
	m->boundary = BUF_MAX(SIZE_MAX / 2);
	return m;
}

static void pop(struct mime *m)
{
	struct level *l = m->levels;

	m->levels = l->outer;
	m->depth--;
	free(l->boundary);
	free(l);
}

static void push(struct mime *m)
{
	struct level *l;

	if (m->depth >= m->how.nesting_max || m->boundary.n == 0)
		return;
	l = xcalloc(1, sizeof(*l));
	l->boundary =
	    xstrndup(str_head(buf_str(&m->boundary), m->how.boundary_max));
	l->digest = m->digest;
	l->outer = m->levels;
	m->levels = l;
	m->depth++;
}

void mime_free(struct mime *m)
{
	if (m == NULL)
		return;
	while (m->levels != NULL)
		pop(m);
	buf_clear(&m->header);
	buf_clear(&m->boundary);
	free(m);
}

/* --- Content-Type -------------------------------------------------------- */

#define TOKEN_ENDS "()<>@,;:\\\"/[]?="

/* Blanks and (comments (nested)), RFC 5322 3.2.2. */
static void skip_blanks(struct str *s)
{
	size_t depth = 0;

	while (
	    s->n != 0 && (depth != 0 || str_isspace(*s->p) || *s->p == '(')) {
		if (*s->p == '\\' && depth != 0 && s->n > 1)
			*s = str_skip(*s, 1);
		else if (*s->p == '(')
			depth++;
		else if (*s->p == ')')
			depth--;
		*s = str_skip(*s, 1);
	}
}

static void cut_quoted(struct str *s, struct buf *out)
{
	for (*s = str_skip(*s, 1); s->n != 0 && *s->p != '"';
	     *s = str_skip(*s, 1)) {
		if (*s->p == '\\' && s->n > 1)
			*s = str_skip(*s, 1);
		buf_addch(out, *s->p);
	}
	*s = str_skip(*s, 1);
}

/* A token or a quoted string; false: something else, *special says what. */
static bool cut_token(struct str *s, struct buf *out, char *special)
{
	buf_reset(out);
	*special = '\0';
	skip_blanks(s);
	if (s->n == 0)
		return false;
	if (*s->p == '"') {
		cut_quoted(s, out);
		return true;
	}
	while (s->n != 0 && (unsigned char)*s->p > ' ' &&
	    strchr(TOKEN_ENDS, *s->p) == NULL) {
		buf_addch(out, *s->p);
		*s = str_skip(*s, 1);
	}
	if (out->n != 0)
		return true;
	*special = *s->p;
	*s = str_skip(*s, 1);
	return false;
}

/* "; name=value" until there is a boundary. */
static void find_boundary(struct mime *m, struct str s)
{
	AUTO_BUF name = BUF_MAX(s.n);
	AUTO_BUF value = BUF_MAX(s.n);
	char special;

	while (s.n != 0) {
		if (cut_token(&s, &name, &special) || special != ';' ||
		    !cut_token(&s, &name, &special))
			continue;
		if (cut_token(&s, &value, &special) || special != '=' ||
		    !cut_token(&s, &value, &special))
			continue;
		if (str_ieqc(buf_str(&name), "boundary")) {
			buf_set(&m->boundary, buf_str(&value));
			return;
		}
	}
}

static void content_type(struct mime *m, struct str s)
{
	AUTO_BUF type = BUF_MAX(s.n);
	AUTO_BUF sub = BUF_MAX(s.n);
	char special;

	m->content = PLAIN;
	buf_reset(&m->boundary);
	if (!cut_token(&s, &type, &special) || cut_token(&s, &sub, &special) ||
	    special != '/' || !cut_token(&s, &sub, &special))
		return;
	if (str_ieqc(buf_str(&type), "message"))
		m->content = MESSAGE;
	if (!str_ieqc(buf_str(&type), "multipart"))
		return;
	m->content = MULTIPART;
	m->digest = str_ieqc(buf_str(&sub), "digest");
	find_boundary(m, s);
}

/* --- headers ------------------------------------------------------------- */

static void begin_headers(struct mime *m, enum state state, bool message)
{
	m->state = state;
	m->content = message ? MESSAGE : PLAIN;
	m->digest = false;
	buf_reset(&m->boundary);
}

static void end_header(struct mime *m)
{
	struct str text = buf_str(&m->header), value;

	if (!m->pending)
		return;
	m->pending = false;
	if (m->how.parts && str_ieqc(header_name(text, &value), "content-type"))
		content_type(m, value);
	if (m->how.header != NULL)
		m->how.header(text, m->how.arg);
	buf_reset(&m->header);
}

/* Without what old software puts between a name and its colon. */
static void begin_header(struct mime *m, struct str line, struct str name)
{
	m->pending = true;
	buf_set(&m->header, name);
	buf_add(&m->header, str_skip(line, (size_t)str_find(line, ':')));
}

static bool take_header(struct mime *m, struct str line)
{
	struct str name = header_name(line, NULL);

	if (m->pending && header_folded(line)) {
		if (m->header.n < m->how.header_max) {
			buf_addch(&m->header, '\n');
			buf_add(&m->header, line);
		}
		return true;
	}
	end_header(m);
	if (name.n != 0)
		begin_header(m, line, name);
	return name.n != 0;
}

static void out(struct mime *m, struct str line)
{
	if (m->how.body != NULL)
		m->how.body(line, m->how.arg);
}

/* --- lines --------------------------------------------------------------- */

/* "--" and the boundary of a part that is open, whatever follows. */
static void take_boundary(struct mime *m, struct str line)
{
	struct level *l;
	struct str rest, boundary = STR_NONE;

	if (!str_starts(line, STR("--")))
		return;
	rest = str_skip(line, 2);
	for (l = m->levels; l != NULL; l = l->outer) {
		boundary = str_c(l->boundary);
		if (str_starts(rest, boundary))
			break;
	}
	if (l == NULL)
		return;
	while (m->levels != l)
		pop(m);
	if (str_starts(str_skip(rest, boundary.n), STR("--"))) {
		pop(m);
		m->state = BODY;
	} else {
		begin_headers(m, PART, l->digest);
	}
}

/* line is the blank one behind headers, or it should have been one. */
static void end_headers(struct mime *m, struct str line)
{
	if (m->content == MULTIPART)
		push(m);
	if (m->content == MESSAGE && line.n == 0) {
		begin_headers(m, NESTED, false);
	} else {
		if (m->state == PRIMARY && line.n != 0)
			out(m, STR(""));
		m->state = BODY;
	}
}

void mime_line(struct mime *m, struct str line)
{
	if (m->state != BODY) {
		if (take_header(m, line))
			return;
		end_headers(m, line);
	}
	take_boundary(m, line);
	out(m, line);
}

void mime_end(struct mime *m)
{
	end_header(m);
}
