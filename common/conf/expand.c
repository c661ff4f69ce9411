/* expand - references in a text: cut it into tokens, then answer each. */

#include "conf/expand.h"

#include "base/num.h"
#include "conf/conf.h"

/* References within references, before we call it a loop. */
#define LEVEL_MAX 100
/* Pieces of text and references in one expansion, which may double each time. */
#define STEPS_MAX 1000000u
/* How much of the text after an error is shown. */
#define SHOWN 20

/* What stands between two operands; the sign of their comparison decides. */
static const struct op {
	const char *text;
	bool level; /* compares compatibility levels */
	bool less, equal, greater;
} ops[] = {
	{ "==", false, false, true, false },
	{ "!=", false, true, false, true },
	{ "<", false, true, false, false },
	{ "<=", false, true, true, false },
	{ ">=", false, false, true, true },
	{ ">", false, false, false, true },
	{ "==level", true, false, true, false },
	{ "!=level", true, true, false, true },
	{ "<level", true, true, false, false },
	{ "<=level", true, true, true, false },
	{ ">=level", true, false, true, true },
	{ ">level", true, false, false, true },
};

/* Plain text, or what stands in a reference. */
struct token {
	bool is_ref;
	struct str text; /* the plain text, or what is inside the brackets */
	struct str name; /* empty when left op right is there instead */
	struct str left, right;
	const struct op *op;
	bool has_yes, has_no; /* neither: the value itself is wanted */
	struct str yes, no;
};

static bool is_name(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z') || c == '_';
}

/* Cut off s what is_name() likes. */
static struct str cut_name(struct str *s)
{
	struct str name = *s;
	size_t n = 0;

	while (n < s->n && is_name(s->p[n]))
		n++;
	name.n = n;
	*s = str_skip(*s, n);
	return name;
}

/* An error at rest; what was read before it begins at from. */
static enum st wrong(struct err *e, const char *what, const char *from,
    const char *end, struct str rest)
{
	return err_temp(e, "4.3.5", "%s at: \"...%.*s>>>%.*s\"", what,
	    (int)(end - from), from, STR_ARG(str_head(rest, SHOWN)));
}

/*
 * Cut the text up to the bracket that closes s's first one, which must be
 * there; *inside is what they enclose. False when it is never closed.
 */
static bool cut_bracket(struct str *s, struct str *inside)
{
	char open = s->p[0], close = open == '(' ? ')' : '}';
	size_t depth = 0, i;

	for (i = 0; i < s->n; i++) {
		if (s->p[i] == open)
			depth++;
		else if (s->p[i] == close && --depth == 0)
			break;
	}
	if (i == s->n)
		return false;
	*inside = (struct str){ s->p + 1, i - 1 };
	*s = str_skip(*s, i + 1);
	return true;
}

/* Cut "{text}" off s, and the blanks after it. */
static enum st cut_braces(struct str *s, struct str *inside, struct err *e)
{
	if (!cut_bracket(s, inside))
		return err_temp(e, "4.3.5",
		    "unbalanced {} in attribute expression: \"%.*s\"",
		    STR_ARG(*s));
	*s = str_trim_left(*s);
	return ST_OK;
}

static const struct op *cut_op(struct str *s)
{
	struct str op = *s;
	size_t n = 0, i;

	while (n < s->n && memchr("<>=!", s->p[n], 4) != NULL)
		n++;
	while (n < s->n && is_name(s->p[n]))
		n++;
	op.n = n;
	for (i = 0; i < NELEM(ops); i++) {
		if (!str_eqc(op, ops[i].text))
			continue;
		*s = str_skip(*s, n);
		return &ops[i];
	}
	return NULL;
}

/* {left} op {right} */
static enum st parse_comparison(struct str *s, struct token *t, struct err *e)
{
	const char *from = s->p, *end;
	struct str rest;
	enum st st = cut_braces(s, &t->left, e);

	if (st != ST_OK)
		return st;
	t->op = cut_op(s);
	/* The odd quotes are the original's. */
	if (t->op == NULL)
		return wrong(e,
		    "\"==\" or \"!=\"\" or \"<\"\" or \"<=\"\" or \">=\"\" "
		    "or \">\" expected",
		    t->left.p, t->left.p + t->left.n + 1, *s);
	end = s->p;
	rest = *s;
	*s = str_trim_left(*s);
	if (s->n == 0 || s->p[0] != '{')
		return wrong(e, "\"{expression}\" expected", from, end, rest);
	st = cut_braces(s, &t->right, e);
	if (st == ST_OK && s->n != 0 && s->p[0] != '?' && s->p[0] != ':') {
		end = t->right.p + t->right.n;
		return wrong(e, "\"?\" or \":\" expected", end, end + 1, *s);
	}
	return st;
}

/* What follows '?' and ':'. */
static enum st parse_branches(struct str s, struct token *t, struct err *e)
{
	enum st st;

	if (s.p[0] == '?') {
		t->has_yes = true;
		s = str_trim_left(str_skip(s, 1));
		t->yes = s;
		if (s.n == 0 || s.p[0] != '{')
			return ST_OK;
		st = cut_braces(&s, &t->yes, e);
		if (st != ST_OK || s.n == 0)
			return st;
		if (s.p[0] != ':')
			return wrong(e, "\":\" expected", t->yes.p,
			    t->yes.p + t->yes.n + 1, s);
	}
	t->has_no = true;
	s = str_trim_left(str_skip(s, 1));
	t->no = s;
	if (s.n == 0 || s.p[0] != '{')
		return ST_OK;
	st = cut_braces(&s, &t->no, e);
	if (st == ST_OK && s.n != 0)
		return wrong(e, "unexpected input", t->no.p,
		    t->no.p + t->no.n + 1, s);
	return st;
}

/* What stands between ${ and }, t->text. */
static enum st parse_inside(struct token *t, struct err *e)
{
	struct str s = str_trim_left(t->text), rest;

	if (s.n != 0 && s.p[0] == '{') {
		enum st st = parse_comparison(&s, t, e);

		if (st != ST_OK)
			return st;
	} else {
		t->name = cut_name(&s);
		rest = s;
		s = str_trim_left(s);
		if ((t->name.n == 0 && s.n != 0) ||
		    (s.n != 0 && s.p[0] != '?' && s.p[0] != ':'))
			return wrong(e, "attribute name syntax error",
			    t->name.p, rest.p, rest);
	}
	return s.n != 0 ? parse_branches(s, t, e) : ST_OK;
}

/* Cut the first token off *s; all is the text it stands in. */
static enum st next_token(struct str *s, struct str all, struct token *t,
    struct err *e)
{
	ptrdiff_t dollar = str_find(*s, '$');
	enum st st;

	*t = (struct token){ .text = *s };
	if (dollar != 0) {
		t->text = dollar < 0 ? *s : str_head(*s, (size_t)dollar);
		*s = str_skip(*s, t->text.n);
		return ST_OK;
	}
	*s = str_skip(*s, 1);
	if (s->n != 0 && s->p[0] == '$') {
		t->text = str_head(*s, 1);
		*s = str_skip(*s, 1);
		return ST_OK;
	}
	t->is_ref = true;
	if (s->n != 0 && (s->p[0] == '{' || s->p[0] == '(')) {
		if (!cut_bracket(s, &t->text))
			return err_temp(e, "4.3.5",
			    "truncated macro reference: \"%.*s\"",
			    STR_ARG(all));
		st = parse_inside(t, e);
		if (st != ST_OK)
			return st;
	} else {
		t->name = cut_name(s);
		t->text = t->name;
	}
	if (t->name.n == 0 && t->op == NULL)
		return err_temp(e, "4.3.5", "empty macro name: \"%.*s\"",
		    STR_ARG(all));
	return ST_OK;
}

struct walk {
	expand_get_fn *get;
	expand_name_fn *fn; /* instead of get: only the names are wanted */
	void *arg;
	struct err *e;
	unsigned level, steps;
};

static enum st walk(struct walk *w, struct str text, struct buf *out);

static bool all_digits(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n != 0;
}

static enum st compare(struct str a, struct str b, bool level, int *sign,
    struct err *e)
{
	uint64_t x, y;

	if (level)
		return compat_level_cmp(a, b, sign, e);
	*sign = str_cmp(a, b);
	if (!all_digits(a) || !all_digits(b))
		return ST_OK;
	if (!num_u64(a, INT64_MAX, &x) || !num_u64(b, INT64_MAX, &y))
		return err_temp(e, "4.3.5", "bad conversion: %.*s", STR_ARG(a));
	*sign = x < y ? -1 : x > y;
	return ST_OK;
}

/* Both operands expanded and compared. */
static enum st judge(struct walk *w, const struct token *t, bool *yes,
    size_t max)
{
	AUTO_BUF left = BUF_MAX(max);
	AUTO_BUF right = BUF_MAX(max);
	int sign;
	enum st st = walk(w, t->left, &left);

	if (st == ST_OK)
		st = walk(w, t->right, &right);
	if (st == ST_OK)
		st = compare(buf_str(&left), buf_str(&right), t->op->level,
		    &sign, w->e);
	if (st != ST_OK)
		return st;
	*yes = sign < 0 ? t->op->less
	    : sign > 0  ? t->op->greater
			: t->op->equal;
	return ST_OK;
}

static enum st answer(struct walk *w, const struct token *t, struct buf *out)
{
	const char *value = NULL;
	bool yes = false;
	enum st st;

	if (t->op == NULL) {
		value = w->get(t->name, w->arg);
		yes = value != NULL && value[0] != '\0';
	} else {
		st = judge(w, t, &yes, out->max);
		if (st != ST_OK)
			return st;
		value = yes ? "true" : NULL;
	}
	if (!t->has_yes && !t->has_no)
		return walk(w, str_c(value), out);
	if (yes)
		return t->has_yes ? walk(w, t->yes, out) : ST_OK;
	return t->has_no ? walk(w, t->no, out) : ST_OK;
}

/* Everything in the token, and its name. */
static enum st tell_names(struct walk *w, const struct token *t)
{
	const struct str parts[] = { t->left, t->right, t->yes, t->no };
	enum st st = ST_OK;
	size_t i;

	if (t->op == NULL)
		w->fn(t->name, w->arg);
	for (i = 0; i < NELEM(parts) && st == ST_OK; i++)
		st = walk(w, parts[i], NULL);
	return st;
}

static enum st walk(struct walk *w, struct str text, struct buf *out)
{
	struct str rest = text;
	enum st st = ST_OK;
	struct token t;

	while (rest.n != 0 && st == ST_OK) {
		st = next_token(&rest, text, &t, w->e);
		if (st != ST_OK)
			break;
		if (w->level > LEVEL_MAX)
			return err_temp(w->e, "4.3.5",
			    "unreasonable macro call nesting: \"%.*s\"",
			    STR_ARG(t.text));
		if (w->steps++ == STEPS_MAX)
			return err_temp(w->e, "4.3.5",
			    "unreasonable number of macro calls: \"%.*s\"",
			    STR_ARG(t.text));
		w->level++;
		if (!t.is_ref && out != NULL)
			buf_add(out, t.text);
		else if (t.is_ref)
			st = out != NULL ? answer(w, &t, out)
					 : tell_names(w, &t);
		w->level--;
		if (st == ST_OK && out != NULL && out->full)
			return err_temp(w->e, "4.3.5",
			    "expanded value is longer than %zu bytes",
			    out->max);
	}
	return st;
}

enum st expand(struct str text, expand_get_fn *get, void *arg, struct buf *out,
    struct err *e)
{
	struct walk w = { .get = get, .arg = arg, .e = e };

	return walk(&w, text, out);
}

enum st expand_names(struct str text, expand_name_fn *fn, void *arg,
    struct err *e)
{
	struct walk w = { .fn = fn, .arg = arg, .e = e };

	return walk(&w, text, NULL);
}
