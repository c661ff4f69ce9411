/* alias - RFC 822 words of a line, and how they are printed again. */

#include "maptool/alias.h"

#include <string.h>

#include "base/arena.h"
#include "base/list.h"
#include "mail/address.h"

/* Each stands for itself, wherever it is not quoted. */
#define OPERATORS ",:;<>@.%!)]|"
/* What a word needs quotes for. */
#define SPECIALS OPERATORS "([\"\\"

enum kind {
	WORD,
	QUOTED,
	COMMENT,
	LITERAL,
	OPERATOR,
};

struct token {
	struct list link;
	enum kind kind;
	char op;
	struct str text; /* without quotes and backslashes; a comment as is */
};

struct scan {
	struct str rest;
	struct arena arena;
	struct list tokens;
};

/* --- reading ------------------------------------------------------------- */

/* The next character, without the backslash before it; false at the end. */
static bool cut_char(struct str *s, struct buf *text)
{
	if (*s->p == '\\')
		*s = str_skip(*s, 1);
	if (s->n == 0)
		return false;
	buf_addch(text, str_isspace(*s->p) ? ' ' : *s->p);
	*s = str_skip(*s, 1);
	return true;
}

static void cut_word(struct str *s, struct buf *text)
{
	while (s->n != 0 && !str_isspace(*s->p) &&
	    strchr(OPERATORS "([\"", *s->p) == NULL)
		if (!cut_char(s, text))
			break;
}

/* "text" or [text]; the end of the line closes it, too. */
static void cut_closed(struct str *s, char close, struct buf *text)
{
	*s = str_skip(*s, 1);
	while (s->n != 0 && *s->p != close)
		if (!cut_char(s, text))
			break;
	*s = str_skip(*s, 1);
}

/* "(text (text) text)", kept with parentheses and backslashes. */
static void cut_comment(struct str *s, struct buf *text)
{
	size_t i, depth = 0;

	for (i = 0; i < s->n; i++) {
		if (s->p[i] == '\\')
			i++;
		else if (s->p[i] == '(')
			depth++;
		else if (s->p[i] == ')' && --depth == 0)
			break;
	}
	buf_add(text, str_head(*s, i + 1));
	*s = str_skip(*s, i + 1);
}

static enum kind cut_token(struct str *s, struct buf *text)
{
	switch (*s->p) {
	case '(':
		cut_comment(s, text);
		return COMMENT;
	case '[':
		cut_closed(s, ']', text);
		return LITERAL;
	case '"':
		cut_closed(s, '"', text);
		return QUOTED;
	default:
		break;
	}
	if (strchr(OPERATORS, *s->p) == NULL) {
		cut_word(s, text);
		return WORD;
	}
	buf_add(text, str_head(*s, 1));
	*s = str_skip(*s, 1);
	return OPERATOR;
}

static void scan(struct scan *x, struct str line)
{
	AUTO_BUF text = BUF_MAX(line.n);

	list_init(&x->tokens);
	x->rest = str_trim_left(line);
	while (x->rest.n != 0) {
		struct token *t = arena_alloc(&x->arena, sizeof(*t));

		buf_reset(&text);
		t->kind = cut_token(&x->rest, &text);
		t->text = arena_str(&x->arena, buf_str(&text));
		t->op = t->kind == OPERATOR ? *t->text.p : '\0';
		list_add_tail(&x->tokens, &t->link);
		x->rest = str_trim_left(x->rest);
	}
}

/* --- printing ------------------------------------------------------------ */

static bool needs_quotes(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f ||
		    strchr(SPECIALS, s.p[i]) != NULL)
			return true;
	return false;
}

static void add_quoted(struct buf *out, struct str s)
{
	size_t i;

	buf_addch(out, '"');
	for (i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_addch(out, '\\');
		buf_addch(out, s.p[i]);
	}
	buf_addch(out, '"');
}

static void add_token(struct buf *out, const struct token *t, bool quoted)
{
	if (t->kind == LITERAL)
		buf_addf(out, "[%.*s]", STR_ARG(t->text));
	else if (quoted &&
	    (t->kind == QUOTED || (t->kind == WORD && needs_quotes(t->text))))
		add_quoted(out, t->text);
	else
		buf_add(out, t->text);
}

static bool blank_between(const struct token *a, const struct token *b)
{
	if (a->op == ',' || b->op == '<')
		return true;
	return a->kind != OPERATOR && b->kind != OPERATOR;
}

static void print(struct buf *out, const struct list *tokens, bool quoted)
{
	const struct token *last = NULL;

	buf_reset(out);
	list_foreach(p, tokens) {
		const struct token *t = CONTAINER_OF(p, struct token, link);

		if (last != NULL && blank_between(last, t))
			buf_addch(out, ' ');
		add_token(out, t, quoted);
		last = t;
	}
	if (last != NULL && last->op == ',')
		buf_addch(out, ' ');
}

/* --- a line -------------------------------------------------------------- */

/* Move what stands before the first colon to name, and drop the colon. */
static bool split(struct list *tokens, struct list *name)
{
	list_init(name);
	while (!list_empty(tokens)) {
		struct list *p = list_pop(tokens);

		if (CONTAINER_OF(p, struct token, link)->op == ':')
			return true;
		list_add_tail(name, p);
	}
	return false;
}

static bool has_op(const struct list *tokens, const char *ops)
{
	list_foreach(p, tokens) {
		const struct token *t = CONTAINER_OF(p, struct token, link);

		if (t->op != '\0' && strchr(ops, t->op) != NULL)
			return true;
	}
	return false;
}

const char *alias_parse(struct str line, struct buf *key, struct buf *val)
{
	struct scan x = { .rest = line };
	struct list name;
	const char *why = NULL;

	scan(&x, line);
	if (!split(&x.tokens, &name) || list_empty(&name) ||
	    list_empty(&x.tokens) || has_op(&name, ","))
		why = "need name:value pair";
	else if (has_op(&name, "@%"))
		why = "name must be local";
	print(key, &name, false);
	print(val, &x.tokens, true);
	arena_clear(&x.arena);
	return why;
}

/* --- keys ---------------------------------------------------------------- */

bool alias_quote_key(struct str name, struct buf *out)
{
	AUTO_BUF address = BUF_MAX(name.n + 2);

	/* Whatever it holds is local: the last "@" is this one. */
	buf_add(&address, name);
	buf_addc(&address, "@x");
	buf_reset(out);
	address_quote(out, buf_str(&address));
	if (out->full || out->n < 2)
		return false;
	buf_cut(out, out->n - 2);
	return !str_eq(buf_str(out), name);
}
