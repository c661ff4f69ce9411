/* rc_lex - words of a fetchmailrc. */

#include "fetcher/rc_lex.h"

void rc_lex_init(struct rc_lex *l, struct str text)
{
	*l = (struct rc_lex){ .rest = text,
		.line = 1,
		.text = BUF_MAX(RC_WORD_MAX) };
}

void rc_lex_clear(struct rc_lex *l)
{
	if (l != NULL)
		buf_clear(&l->text);
}

static bool is_noise_char(char c)
{
	return str_isspace(c) || c == ':' || c == ';' || c == ',';
}

static char take(struct rc_lex *l)
{
	char c = *l->rest.p;

	if (c == '\n')
		l->line++;
	l->rest = str_skip(l->rest, 1);
	return c;
}

static void skip(struct rc_lex *l)
{
	while (l->rest.n != 0) {
		if (*l->rest.p == '#')
			while (l->rest.n != 0 && *l->rest.p != '\n')
				take(l);
		else if (is_noise_char(*l->rest.p))
			take(l);
		else
			break;
	}
}

/* Up to max digits of a base, at least one is there. */
static char number(struct rc_lex *l, int base, int max)
{
	int v = 0, d;

	while (l->rest.n != 0 && max-- > 0) {
		char c = str_lower(*l->rest.p);

		d = c >= '0' && c <= '9'   ? c - '0'
		    : c >= 'a' && c <= 'f' ? c - 'a' + 10
					   : 99;
		if (d >= base)
			break;
		v = v * base + d;
		take(l);
	}
	return (char)v;
}

static bool is_hex(char c)
{
	c = str_lower(c);
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* What follows a backslash; false: nothing (a joined line, the end). */
static bool escape(struct rc_lex *l, char *out)
{
	static const char from[] = "ntbr", to[] = "\n\t\b\r";
	const char *p;
	char c;

	if (l->rest.n == 0)
		return false;
	c = *l->rest.p;
	if (str_lower(c) == 'x' && l->rest.n > 1 && is_hex(l->rest.p[1])) {
		take(l);
		*out = number(l, 16, 2);
		return true;
	}
	if (c >= '0' && c <= '9') {
		*out = number(l, c == '0' ? 8 : 10, 3);
		return true;
	}
	take(l);
	p = c != '\0' ? strchr(from, c) : NULL;
	*out = p != NULL ? to[p - from] : c;
	return c != '\n';
}

static enum rc_token quoted(struct rc_lex *l)
{
	char quote = take(l), c;

	while (l->rest.n != 0) {
		c = take(l);
		if (c == quote)
			return RC_QUOTED;
		if (c == '\\' && !escape(l, &c))
			continue;
		buf_addch(&l->text, c);
	}
	return RC_BAD;
}

static bool ends_word(char c)
{
	return is_noise_char(c) || c == '=';
}

/* True when there was an escape in it: then it means no keyword, no number. */
static bool word(struct rc_lex *l)
{
	bool escaped = false;
	char c;

	while (l->rest.n != 0 && !ends_word(*l->rest.p)) {
		c = take(l);
		escaped |= c == '\\';
		if (c == '\\' && !escape(l, &c))
			continue;
		buf_addch(&l->text, c);
	}
	return escaped;
}

static bool is_number(struct str s)
{
	size_t i = s.n != 0 && s.p[0] == '-' ? 1 : 0;

	if (i == s.n)
		return false;
	for (; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return true;
}

static bool is_noise(struct str s)
{
	static const char *const words[] = { "and", "with", "has", "wants",
		"options" };
	size_t i;

	for (i = 0; i < NELEM(words); i++)
		if (str_eqc(s, words[i]))
			return true;
	return false;
}

static enum rc_token read_token(struct rc_lex *l, bool literal)
{
	bool escaped;

	for (;;) {
		skip(l);
		buf_reset(&l->text);
		l->token_line = l->line;
		if (l->rest.n == 0)
			return RC_END;
		if (*l->rest.p == '=') {
			buf_addch(&l->text, take(l));
			return RC_EQUALS;
		}
		if (*l->rest.p == '"' || *l->rest.p == '\'')
			return quoted(l);
		escaped = word(l);
		/* A backslash at the very end is nothing. */
		if (l->text.n == 0)
			continue;
		if (literal)
			return RC_WORD;
		if (escaped)
			return RC_QUOTED;
		if (is_noise(buf_str(&l->text)))
			continue;
		return is_number(buf_str(&l->text)) ? RC_NUMBER : RC_WORD;
	}
}

enum rc_token rc_lex_next(struct rc_lex *l, bool literal)
{
	l->token = read_token(l, literal);
	if (l->text.full)
		l->token = RC_BAD;
	return l->token;
}
