/* address - mail addresses: parse, rewrite, quote, split lists. */

#include "mail/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#define DOMAIN_MAX 255
#define LABEL_MAX  63

/* A lexical token of RFC 5322 3.2; comments are none. */
struct tok {
	char type;    /* 'w' word, '"' quoted string, '[' literal, or itself */
	bool blank;   /* a blank or a comment stands before it */
	struct str s; /* without quotes and backslashes; literals with [] */
};

struct toks {
	struct tok *v;
	size_t n;
};

struct lexer {
	struct str in;
	char *room; /* for unquoted text; as large as in */
};

static bool is_special(char c)
{
	return c != '\0' && strchr("()<>@,;:\"[]", c) != NULL;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_control(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f;
}

/* One byte of a word or a string, a backslash before it taken away. */
static bool unescape(struct lexer *l)
{
	if (*l->in.p == '\\') {
		l->in = str_skip(l->in, 1);
		if (l->in.n == 0)
			return false;
	}
	*l->room++ = *l->in.p;
	l->in = str_skip(l->in, 1);
	return true;
}

/* Skip "(a (b) \) c)"; false when it does not end. */
static bool skip_comment(struct str *s)
{
	int depth = 0;

	for (; s->n != 0; *s = str_skip(*s, 1)) {
		if (*s->p == '\\') {
			*s = str_skip(*s, 1);
		} else if (*s->p == '(') {
			depth++;
		} else if (*s->p == ')' && --depth == 0) {
			*s = str_skip(*s, 1);
			return true;
		}
	}
	return false;
}

static bool skip_blanks(struct lexer *l, bool *any)
{
	*any = false;
	while (l->in.n != 0) {
		if (is_blank(*l->in.p))
			l->in = str_skip(l->in, 1);
		else if (*l->in.p != '(')
			return true;
		else if (!skip_comment(&l->in))
			return false;
		*any = true;
	}
	return true;
}

static bool lex_quoted(struct lexer *l, char end)
{
	l->in = str_skip(l->in, 1);
	while (l->in.n != 0 && *l->in.p != end)
		if (!unescape(l))
			return false;
	if (l->in.n == 0)
		return false;
	l->in = str_skip(l->in, 1);
	return true;
}

static bool lex_token(struct lexer *l, struct tok *t)
{
	char c = *l->in.p, *start = l->room;
	bool ok = true;

	t->type = c;
	if (c == '"') {
		ok = lex_quoted(l, '"');
	} else if (c == '[') {
		*l->room++ = '[';
		ok = lex_quoted(l, ']');
		*l->room++ = ']';
	} else if (is_special(c)) {
		l->in = str_skip(l->in, 1);
		*l->room++ = c;
		ok = c != ')' && c != ']';
	} else {
		t->type = 'w';
		while (ok && l->in.n != 0 && !is_special(*l->in.p) &&
		    !is_blank(*l->in.p))
			ok = unescape(l);
	}
	t->s = (struct str){ start, (size_t)(l->room - start) };
	return ok;
}

/* False: a quote, bracket or comment is open, or control characters. */
static bool tokenize(struct str text, struct arena *a, struct toks *out)
{
	struct lexer l = { text, arena_alloc(a, text.n + 2) };
	size_t i;

	out->v = arena_array(a, text.n + 1, sizeof(*out->v));
	out->n = 0;
	for (i = 0; i < text.n; i++)
		if (is_control(text.p[i]) && text.p[i] != '\t')
			return false;
	for (;;) {
		struct tok *t = &out->v[out->n];

		if (!skip_blanks(&l, &t->blank))
			return false;
		if (l.in.n == 0)
			return true;
		if (!lex_token(&l, t))
			return false;
		out->n++;
	}
}

static struct toks part(struct toks t, size_t from, size_t to)
{
	return (struct toks){ t.v + from, to - from };
}

/* The first token of that type at or after from; t.n when there is none. */
static size_t find(struct toks t, size_t from, char type)
{
	while (from < t.n && t.v[from].type != type)
		from++;
	return from;
}

static bool is_text(const struct tok *t)
{
	return t->type == 'w' || t->type == '"' || t->type == '[';
}

/* RFC 5321 4.1.3: an IPv4 address, or "IPv6:" and one. */
static bool valid_literal(struct str s)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr addr;
	int family = AF_INET;

	if (s.n < 2 || s.p[s.n - 1] != ']')
		return false;
	s = str_head(str_skip(s, 1), s.n - 2);
	if (str_istarts(s, STR("IPv6:"))) {
		family = AF_INET6;
		s = str_skip(s, 5);
	}
	if (s.n >= sizeof(text))
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	return inet_pton(family, text, &addr) == 1;
}

static bool valid_label(struct str s)
{
	size_t i;

	if (s.n == 0 || s.n > LABEL_MAX || s.p[0] == '-' || s.p[s.n - 1] == '-')
		return false;
	for (i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c < 0x80 && c != '-' && c != '_' &&
		    !(c >= '0' && c <= '9') &&
		    !(str_lower((char)c) >= 'a' && str_lower((char)c) <= 'z'))
			return false;
	}
	return true;
}

static bool all_numeric(struct str s)
{
	return s.n == strspn(s.p, "0123456789.");
}

/* A host name or an address literal; "127.0.0.1" alone is none. */
static bool valid_domain(struct str s)
{
	struct str rest = s, label;
	bool more;

	if (s.n == 0 || s.n > DOMAIN_MAX)
		return false;
	if (s.p[0] == '[')
		return valid_literal(s);
	do {
		more = str_cut(&rest, '.', &label);
		if (!valid_label(label))
			return false;
	} while (more);
	return true;
}

/*
 * Internal form of addr-spec tokens, an address without <>: words and strings
 * side by side are one local part, any '@' but the last belongs to it.
 */
static bool addr_spec(struct toks t, struct buf *out)
{
	size_t i;

	for (i = 0; i < t.n; i++) {
		if (t.v[i].type != '@' && !is_text(&t.v[i]))
			return false;
		if (i > 0 && t.v[i].blank && is_text(&t.v[i]) &&
		    is_text(&t.v[i - 1]))
			return false;
		buf_add(out, t.v[i].s);
	}
	return t.n == 0 || t.v[t.n - 1].type != '@';
}

/* Without the source route in front: "@a,@b:". RFC 5321 4.1.2, appendix C. */
static struct toks without_route(struct toks t)
{
	size_t colon;

	if (t.n == 0 || t.v[0].type != '@')
		return t;
	colon = find(t, 0, ':');
	return colon < t.n ? part(t, colon + 1, t.n) : t;
}

/* The tokens between < and >, or all when there are none. */
static bool mailbox(struct toks t, bool strict, struct toks *out)
{
	size_t open = find(t, 0, '<'), close = find(t, 0, '>'), i;

	if (open == t.n) {
		*out = t;
		return close == t.n && t.n != 0 && !strict;
	}
	if (close != t.n - 1 || find(t, open + 1, '<') != t.n ||
	    (strict && open != 0))
		return false;
	for (i = 0; i < open; i++)
		if (!is_text(&t.v[i]))
			return false;
	*out = without_route(part(t, open + 1, close));
	/* "<@a:>" is no null address. */
	return out->n != 0 || close == open + 1;
}

struct str address_domain(struct str internal)
{
	ptrdiff_t at = str_rfind(internal, '@');

	return at < 0 ? STR_NONE : str_skip(internal, (size_t)at + 1);
}

struct str address_local(struct str internal)
{
	ptrdiff_t at = str_rfind(internal, '@');

	return at < 0 ? internal : str_head(internal, (size_t)at);
}

/* RFC 5321 4.1.2 dot-string; bytes over 127 are let be. */
static bool is_dot_string(struct str local)
{
	size_t i;

	if (local.n == 0 || local.p[0] == '.' || local.p[local.n - 1] == '.')
		return false;
	for (i = 0; i < local.n; i++) {
		char c = local.p[i];

		if (is_special(c) || is_control(c) || c == ' ' || c == '\\' ||
		    (c == '.' && local.p[i - 1] == '.'))
			return false;
	}
	return true;
}

void address_quote(struct buf *out, struct str internal)
{
	struct str local = address_local(internal);
	size_t i;

	if (internal.n == 0 || is_dot_string(local)) {
		buf_add(out, internal);
		return;
	}
	buf_addch(out, '"');
	for (i = 0; i < local.n; i++) {
		if (local.p[i] == '"' || local.p[i] == '\\')
			buf_addch(out, '\\');
		buf_addch(out, local.p[i]);
	}
	buf_addch(out, '"');
	buf_add(out, str_skip(internal, local.n));
}

struct str address_external(struct str internal, struct arena *a)
{
	AUTO_BUF b = BUF_MAX(2 * internal.n + 2);

	address_quote(&b, internal);
	return arena_str(a, buf_str(&b));
}

/* user@site for "site!user", user@dom for "user%dom", else with myorigin. */
static void add_domain(const struct address_rules *r, struct str local,
    struct buf *out)
{
	ptrdiff_t bang = str_find(local, '!'), percent = str_rfind(local, '%');

	if (r->swap_bangpath && bang >= 0) {
		buf_add(out, str_skip(local, (size_t)bang + 1));
		buf_addch(out, '@');
		buf_add(out, str_head(local, (size_t)bang));
	} else if (r->allow_percent_hack && percent >= 0) {
		buf_add(out, str_head(local, (size_t)percent));
		buf_addch(out, '@');
		buf_add(out, str_skip(local, (size_t)percent + 1));
	} else {
		buf_add(out, local);
		if (r->append_at_myorigin) {
			buf_addch(out, '@');
			buf_addc(out, r->myorigin);
		}
	}
}

struct str address_rewrite(const struct address_rules *rules,
    struct str internal, struct arena *a)
{
	AUTO_BUF b = BUF_MAX(
	    internal.n + strlen(rules->myorigin) + strlen(rules->mydomain) + 2);
	struct str domain;

	if (internal.n == 0)
		return STR("");
	if (str_rfind(internal, '@') < 0)
		add_domain(rules, internal, &b);
	else
		buf_add(&b, internal);
	domain = address_domain(buf_str(&b));
	if (rules->append_dot_mydomain && domain.n != 0 && domain.p[0] != '[' &&
	    str_find(domain, '.') < 0) {
		buf_addch(&b, '.');
		buf_addc(&b, rules->mydomain);
	}
	domain = address_domain(buf_str(&b));
	if (domain.n > 1 && domain.p[domain.n - 1] == '.' &&
	    domain.p[domain.n - 2] != '.')
		buf_cut(&b, b.n - 1);
	return arena_str(a, buf_str(&b));
}

/* Does the local part name another way on? Then relaying is asked for. */
static bool is_routed(const struct address_rules *r, struct str address)
{
	struct str local = address_local(address);

	return str_find(local, '@') >= 0 ||
	    (r->swap_bangpath && str_find(local, '!') >= 0) ||
	    (r->allow_percent_hack && str_find(local, '%') >= 0);
}

static bool valid_address(struct str address)
{
	struct str domain = address_domain(address);

	if (str_rfind(address, '@') < 0)
		return true; /* append_at_myorigin is off */
	return valid_domain(domain) && !all_numeric(domain);
}

enum st address_parse(struct address *out, const struct address_rules *rules,
    struct str text, struct arena *a, struct err *e)
{
	AUTO_ARENA tmp = { 0 };
	AUTO_BUF b = BUF_MAX(text.n);
	struct toks all, box;

	*out = (struct address){ STR_NONE, STR_NONE, false };
	if (!tokenize(text, &tmp, &all) ||
	    !mailbox(all, rules->strict_rfc821, &box) || !addr_spec(box, &b))
		return err_perm(e, "5.1.7", "Bad address syntax");
	if (b.n == 0)
		/* "<>" is the null address, <""> is nothing. */
		return box.n == 0 ? ST_OK
				  : err_perm(e, "5.1.7", "Bad address syntax");
	out->original = address_external(buf_str(&b), a);
	out->address = address_rewrite(rules, buf_str(&b), a);
	out->routed = is_routed(rules, out->address);
	if (!valid_address(out->address))
		return err_perm(e, "5.1.7", "Bad address syntax");
	return ST_OK;
}

/* Splitting a list: what was found, and the run of tokens that may be one. */
struct list_state {
	const struct address_rules *rules;
	struct toks t;
	struct arena *a;
	struct str *v;
	size_t n;
};

static enum st list_add(struct list_state *ls, struct toks t, struct err *e)
{
	AUTO_BUF b = BUF_MAX(65536);
	struct str s;

	if (!addr_spec(without_route(t), &b) || b.n == 0)
		return err_perm(e, "5.1.3", "not an address: \"%.*s\"",
		    STR_ARG(buf_str(&b)));
	s = address_rewrite(ls->rules, buf_str(&b), ls->a);
	if (!valid_address(s))
		return err_perm(e, "5.1.3", "not an address: \"%.*s\"",
		    STR_ARG(s));
	ls->v[ls->n++] = s;
	return ST_OK;
}

/* The end of the run of tokens at from: words that blanks do not part. */
static size_t run_end(struct toks t, size_t from)
{
	size_t i = from + 1;

	while (i < t.n && (is_text(&t.v[i]) || t.v[i].type == '@') &&
	    (!t.v[i].blank || t.v[i].type == '@' || t.v[i - 1].type == '@'))
		i++;
	return i;
}

/*
 * What lies between two commas: "a@b c", "The User <u@d>". Words before a '<'
 * are a name unless they hold an '@'.
 */
static enum st list_element(struct list_state *ls, struct toks t, struct err *e)
{
	size_t i = 0, end, close;
	bool named = find(t, 0, '<') < t.n;
	enum st st = ST_OK;

	for (; st == ST_OK && i < t.n; i = end) {
		if (t.v[i].type == '<') {
			close = find(t, i, '>');
			if (close == t.n)
				return err_perm(e, "5.1.3", "missing '>'");
			end = close + 1;
			named = find(t, end, '<') < t.n;
			if (close != i + 1)
				st = list_add(ls, part(t, i + 1, close), e);
		} else if (is_text(&t.v[i]) || t.v[i].type == '@') {
			struct toks run;

			end = run_end(t, i);
			run = part(t, i, end);
			if (!named || find(run, 0, '@') < run.n)
				st = list_add(ls, run, e);
		} else {
			return err_perm(e, "5.1.3", "misplaced '%c'",
			    t.v[i].type);
		}
	}
	return st;
}

/* The end of the element at from: a ',' or ';' outside <>. */
static size_t element_end(struct toks t, size_t from)
{
	bool in_route = false;

	for (; from < t.n; from++) {
		if (t.v[from].type == '<' || t.v[from].type == '>')
			in_route = t.v[from].type == '<';
		else if (!in_route &&
		    (t.v[from].type == ',' || t.v[from].type == ';'))
			break;
	}
	return from;
}

/* "name: a, b;": where the members begin. */
static size_t skip_group_name(struct toks t, size_t from, size_t end)
{
	size_t i;

	for (i = from; i < end && is_text(&t.v[i]);)
		i++;
	return i > from && i < end && t.v[i].type == ':' ? i + 1 : from;
}

/* ":include:/file" is a plain address here: nothing is read. */
static void join_colons(struct toks t)
{
	size_t i;

	for (i = 0; i < t.n; i++)
		if (t.v[i].type == ':' &&
		    (i == 0 || t.v[i - 1].type == ',' || t.v[i].blank ||
			(i >= 2 && t.v[i - 2].type == 'w' &&
			    t.v[i - 2].s.n == 1 && t.v[i - 2].s.p[0] == ':')))
			t.v[i].type = 'w';
}

enum st address_list(const struct address_rules *rules, struct str text,
    struct arena *a, struct str **list, size_t *n, struct err *e)
{
	AUTO_ARENA tmp = { 0 };
	struct list_state ls = { .rules = rules, .a = a };
	size_t from, end;
	enum st st = ST_OK;

	*list = NULL;
	*n = 0;
	if (!tokenize(text, &tmp, &ls.t))
		return err_perm(e, "5.1.3", "unbalanced quote or bracket");
	join_colons(ls.t);
	ls.v = arena_array(a, ls.t.n + 1, sizeof(*ls.v));
	for (from = 0; st == ST_OK && from < ls.t.n; from = end + 1) {
		end = element_end(ls.t, from);
		from = skip_group_name(ls.t, from, end);
		st = list_element(&ls, part(ls.t, from, end), e);
	}
	if (st != ST_OK)
		return st;
	*list = ls.v;
	*n = ls.n;
	return ls.n != 0 ? ST_OK : ST_NONE;
}
