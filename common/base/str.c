/* str - borrowed bytes: compare, split, trim. */

#include "base/str.h"

struct str str_c(const char *s)
{
	return (struct str){ s, s != NULL ? strlen(s) : 0 };
}

bool str_isspace(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

char str_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool str_eqc(struct str a, const char *b)
{
	return str_eq(a, str_c(b));
}

bool str_ieq(struct str a, struct str b)
{
	size_t i;

	if (a.n != b.n)
		return false;
	for (i = 0; i < a.n; i++)
		if (str_lower(a.p[i]) != str_lower(b.p[i]))
			return false;
	return true;
}

bool str_ieqc(struct str a, const char *b)
{
	return str_ieq(a, str_c(b));
}

bool str_starts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && str_eq(str_head(s, prefix.n), prefix);
}

bool str_istarts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && str_ieq(str_head(s, prefix.n), prefix);
}

bool str_ends(struct str s, struct str suffix)
{
	return s.n >= suffix.n && str_eq(str_skip(s, s.n - suffix.n), suffix);
}

int str_cmp(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n != 0 ? memcmp(a.p, b.p, n) : 0;

	if (c != 0)
		return c;
	return a.n < b.n ? -1 : a.n > b.n;
}

ptrdiff_t str_find(struct str s, char c)
{
	const char *p = s.n != 0 ? memchr(s.p, c, s.n) : NULL;

	return p != NULL ? p - s.p : -1;
}

ptrdiff_t str_rfind(struct str s, char c)
{
	const char *p = s.n != 0 ? memrchr(s.p, c, s.n) : NULL;

	return p != NULL ? p - s.p : -1;
}

ptrdiff_t str_search(struct str s, struct str sub)
{
	const char *p;

	if (sub.n == 0)
		return 0;
	if (s.n < sub.n)
		return -1;
	p = memmem(s.p, s.n, sub.p, sub.n);
	return p != NULL ? p - s.p : -1;
}

struct str str_skip(struct str s, size_t n)
{
	if (n >= s.n)
		return (struct str){ s.n != 0 ? s.p + s.n : s.p, 0 };
	return (struct str){ s.p + n, s.n - n };
}

struct str str_head(struct str s, size_t n)
{
	return (struct str){ s.p, n < s.n ? n : s.n };
}

struct str str_trim_left(struct str s)
{
	while (s.n != 0 && str_isspace(*s.p))
		s = str_skip(s, 1);
	return s;
}

struct str str_trim_right(struct str s)
{
	while (s.n != 0 && str_isspace(s.p[s.n - 1]))
		s.n--;
	return s;
}

struct str str_trim(struct str s)
{
	return str_trim_right(str_trim_left(s));
}

bool str_word(struct str *s, const char *seps, struct str *word)
{
	size_t i;

	while (s->n != 0 && strchr(seps, *s->p) != NULL && *s->p != '\0')
		*s = str_skip(*s, 1);
	for (i = 0; i < s->n; i++)
		if (s->p[i] != '\0' && strchr(seps, s->p[i]) != NULL)
			break;
	*word = str_head(*s, i);
	*s = str_skip(*s, i);
	return word->n != 0;
}

bool str_cut(struct str *s, char c, struct str *head)
{
	ptrdiff_t at = str_find(*s, c);

	if (at < 0) {
		*head = *s;
		*s = str_skip(*s, s->n);
		return false;
	}
	*head = str_head(*s, (size_t)at);
	*s = str_skip(*s, (size_t)at + 1);
	return true;
}
