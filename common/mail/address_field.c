/* address_field - addresses in headers. Pure: no I/O. RFC 5322 3.4. */

#include "mail/address_field.h"

#include <string.h>

/* A line is folded before it is longer, where a comma allows that. */
#define LINE_WANTED 70

bool address_field_known(struct str name)
{
	static const char *const names[] = { "Apparently-To", "Bcc", "Cc",
		"Disposition-Notification-To", "Errors-To", "From",
		"Mail-Followup-To", "Reply-To", "Return-Receipt-To", "Sender",
		"To" };
	size_t i;

	if (str_istarts(name, STR("Resent-")))
		name = str_skip(name, 7);
	for (i = 0; i < NELEM(names); i++)
		if (str_ieqc(name, names[i]))
			return true;
	return false;
}

/* --- tokens -------------------------------------------------------------- */

enum kind {
	T_END,
	T_WORD, /* atom, quoted string or domain literal */
	T_COMMENT,
	T_GLUE, /* '.' or '@', between two words of one address */
	T_MARK, /* one of < > , ; : */
};

struct token {
	enum kind kind;
	struct str text;
};

/* The length of what begins with open and ends with close: a '\' takes the
 * next byte along; comments nest. All of it when it does not end. */
static size_t enclosed(struct str s, char open, char close)
{
	size_t depth = 0, i;

	for (i = 0; i < s.n; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (i != 0 && s.p[i] == close &&
		    (open != '(' || depth == 1))
			return i + 1;
		else if (open == '(' && s.p[i] == close)
			depth--;
		else if (s.p[i] == open)
			depth++;
	}
	return s.n;
}

static size_t atom(struct str s)
{
	size_t i = 0;

	while (i < s.n && !str_isspace(s.p[i]) &&
	    strchr("()<>@,;:\"[].", s.p[i]) == NULL)
		i++;
	return i == 0 ? 1 : i;
}

static struct token next_token(struct str *s)
{
	struct token t = { T_WORD, STR_NONE };
	size_t n;

	while (s->n != 0 && (str_isspace(*s->p) || *s->p == '\0'))
		*s = str_skip(*s, 1);
	if (s->n == 0)
		return (struct token){ T_END, STR_NONE };
	switch (*s->p) {
	case '(':
		t.kind = T_COMMENT;
		n = enclosed(*s, '(', ')');
		break;
	case '"':
		n = enclosed(*s, '"', '"');
		break;
	case '[':
		n = enclosed(*s, '[', ']');
		break;
	case '.':
	case '@':
		t.kind = T_GLUE;
		n = 1;
		break;
	case '<':
	case '>':
	case ',':
	case ';':
	case ':':
		t.kind = T_MARK;
		n = 1;
		break;
	default:
		n = atom(*s);
	}
	t.text = str_head(*s, n);
	*s = str_skip(*s, n);
	return t;
}

/* --- the new value ------------------------------------------------------- */

struct rewriting {
	const struct address_rules *rules;
	struct arena arena;
	struct str rest;
	struct buf *out;
	size_t column; /* of the line that is being written */
	bool changed;
	/* The element that is being read. */
	struct buf piece;    /* what is written of it */
	struct buf address;  /* the address under way */
	struct buf comments; /* stand behind it */
	const char *phrase;  /* where its words begin, NULL: none yet */
	const char *phrase_end;
	bool glued;       /* the last word may go on */
	bool differs;     /* from what came */
	size_t kept;      /* of piece: the name of a group */
	const char *done; /* it is complete: what stands behind it when
			   * another one follows without a comma */
};

static void add_unfolded(struct buf *b, struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (s.p[i] != '\n' && s.p[i] != '\r')
			buf_addch(b, s.p[i]);
}

/* text is an address as it came: write it as it should be, or as it came. */
static void put_parsed(struct rewriting *r, struct str was, struct str text)
{
	struct address parsed;
	struct str is = was;
	struct err e;

	if (was.n != 0 &&
	    address_parse(&parsed, r->rules, text, &r->arena, &e) == ST_OK &&
	    parsed.address.n != 0)
		is = address_external(parsed.address, &r->arena);
	r->differs |= !str_eq(is, was);
	buf_add(&r->piece, is);
}

/* Words without <> are complete. */
static void put_address(struct rewriting *r)
{
	if (r->address.n != 0)
		put_parsed(r, buf_str(&r->address), buf_str(&r->address));
	buf_reset(&r->address);
}

static void separate(struct buf *b)
{
	if (b->n != 0 && b->p[b->n - 1] != ' ')
		buf_addch(b, ' ');
}

static void put_element(struct rewriting *r, const char *mark);

/* Something begins: what was complete before is another element. */
static void begin(struct rewriting *r)
{
	if (r->done != NULL)
		put_element(r, r->done);
}

/* Words without <>: each that does not hang on the one before is an address. */
static void add_word(struct rewriting *r, const struct token *t)
{
	bool glue = t->kind == T_GLUE;

	begin(r);
	if (r->address.n != 0 && !glue && !r->glued) {
		put_address(r);
		buf_addc(&r->piece, ", ");
	}
	add_unfolded(&r->address, t->text);
	r->glued = glue;
	if (r->phrase == NULL)
		r->phrase = t->text.p;
	r->phrase_end = t->text.p + t->text.n;
}

/* The words so far name somebody, and stay as they are. */
static void keep_phrase(struct rewriting *r)
{
	buf_reset(&r->address);
	buf_cut(&r->piece, r->kept);
	buf_reset(&r->comments);
	r->differs = false;
	if (r->phrase != NULL)
		add_unfolded(&r->piece,
		    (struct str){ r->phrase,
			(size_t)(r->phrase_end - r->phrase) });
	r->phrase = NULL;
}

/* What is between '<' and '>'; false: it has comments, and stays as it is. */
static bool take_inside(struct rewriting *r)
{
	const char *from = r->rest.p;
	struct token t = next_token(&r->rest);
	struct str inside = { from, 0 };
	bool plain = true;

	while (t.kind != T_END && !str_eqc(t.text, ">")) {
		plain &= t.kind != T_COMMENT;
		t = next_token(&r->rest);
	}
	inside.n = (size_t)((t.kind == T_END ? r->rest.p : t.text.p) - from);
	begin(r);
	keep_phrase(r);
	add_unfolded(&r->address, inside);
	return plain;
}

/* "<...>": one address, whatever stands in it. */
static void put_angle(struct rewriting *r)
{
	bool plain = take_inside(r);
	struct str inside = buf_str(&r->address);

	separate(&r->piece);
	buf_addch(&r->piece, '<');
	if (plain)
		put_parsed(r, inside,
		    str_c(arena_printf(&r->arena, "<%.*s>", STR_ARG(inside))));
	else
		buf_add(&r->piece, inside);
	buf_addch(&r->piece, '>');
	buf_reset(&r->address);
	r->done = ",";
}

/* Write the element and the mark behind it. */
static void put_element(struct rewriting *r, const char *mark)
{
	put_address(r);
	if (r->comments.n != 0) {
		separate(&r->piece);
		buf_add(&r->piece, buf_str(&r->comments));
	}
	buf_addc(&r->piece, mark);
	if (r->column + 1 + r->piece.n > LINE_WANTED && r->out->n != 0) {
		buf_addc(r->out, "\n\t");
		r->column = 8;
	} else {
		buf_addch(r->out, ' ');
		r->column++;
	}
	buf_add(r->out, buf_str(&r->piece));
	r->column += r->piece.n;
	buf_reset(&r->piece);
	buf_reset(&r->comments);
	r->phrase = NULL;
	r->glued = false;
	r->done = NULL;
	r->kept = 0;
	r->changed |= r->differs;
	r->differs = false;
}

static void add_comment(struct rewriting *r, const struct token *t)
{
	separate(&r->comments);
	add_unfolded(&r->comments, t->text);
	/* Between words of a phrase it stays where it is. */
	if (r->phrase == NULL)
		r->phrase = t->text.p;
	r->phrase_end = t->text.p + t->text.n;
}

/* The end of an element, or of a group's name. */
static void put_mark(struct rewriting *r, char mark)
{
	switch (mark) {
	case '<':
		put_angle(r);
		break;
	case ':':
		begin(r);
		keep_phrase(r);
		buf_addc(&r->piece, ": ");
		r->kept = r->piece.n;
		break;
	case ';':
		/* It belongs to what comes before a comma. */
		put_address(r);
		buf_addch(&r->piece, ';');
		r->done = "";
		break;
	case ',':
		put_element(r, ",");
		break;
	default:
		break;
	}
}

static bool is_blank(const struct rewriting *r)
{
	return r->piece.n == 0 && r->address.n == 0 && r->comments.n == 0;
}

bool address_field_rewrite(const struct address_rules *rules, struct str name,
    struct str value, struct buf *out)
{
	struct rewriting r = { .rules = rules,
		.rest = value,
		.out = out,
		.column = name.n + 1,
		.piece = BUF_MAX(out->max),
		.address = BUF_MAX(out->max),
		.comments = BUF_MAX(out->max) };
	struct token t;
	bool fits;

	for (t = next_token(&r.rest); t.kind != T_END;
	     t = next_token(&r.rest)) {
		if (t.kind == T_COMMENT)
			add_comment(&r, &t);
		else if (t.kind == T_MARK)
			put_mark(&r, *t.text.p);
		else
			add_word(&r, &t);
	}
	if (!is_blank(&r))
		put_element(&r, "");
	fits =
	    !out->full && !r.piece.full && !r.address.full && !r.comments.full;
	buf_clear(&r.piece);
	buf_clear(&r.address);
	buf_clear(&r.comments);
	arena_clear(&r.arena);
	return r.changed && fits;
}
