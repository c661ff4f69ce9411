/* db_common - fill in the templates of database tables. */

#include "map/db_common.h"

#include <string.h>

bool db_template_ok(struct str text)
{
	size_t i;

	for (i = 0; i < text.n; i++) {
		if (text.p[i] != '%')
			continue;
		if (++i == text.n || text.p[i] == '\0' ||
		    strchr("%sudSUD123456789", text.p[i]) == NULL)
			return false;
	}
	return true;
}

bool db_template_bare(struct str text)
{
	char quote = '\0';
	size_t i;

	for (i = 0; i + 1 < text.n; i++) {
		char c = text.p[i];

		if (c == '%' && text.p[++i] != '%' && quote != '\'')
			return true;
		if (c == quote)
			quote = '\0';
		else if (quote == '\0' && (c == '\'' || c == '"' || c == '`'))
			quote = c;
	}
	return false;
}

/* Before and behind the last '@'; without one, all of it and nothing. */
static struct str local_of(struct str s)
{
	ptrdiff_t at = str_rfind(s, '@');

	return at < 0 ? s : str_head(s, (size_t)at);
}

static struct str domain_of(struct str s)
{
	ptrdiff_t at = str_rfind(s, '@');

	return at < 0 ? STR_NONE : str_skip(s, (size_t)at + 1);
}

/* The nth label from the right; empty ones do not count. */
static struct str label_of(struct str domain, int nth)
{
	struct str label = STR_NONE;
	ptrdiff_t dot;

	while (nth > 0 && domain.n != 0) {
		dot = str_rfind(domain, '.');
		label = str_skip(domain, (size_t)(dot + 1));
		domain = str_head(domain, dot < 0 ? 0 : (size_t)dot);
		if (label.n != 0)
			nth--;
	}
	return nth == 0 ? label : STR_NONE;
}

/* What %letter stands for; empty: there is no such part. */
static struct str part_of(const struct db_parts *p, char letter)
{
	bool lower = strchr("sud", letter) != NULL;
	struct str s = p->is_result && lower ? p->value : p->key;

	switch (letter) {
	case 's':
	case 'S':
		return s;
	case 'u':
	case 'U':
		return local_of(s);
	case 'd':
	case 'D':
		return domain_of(s);
	default:
		return label_of(domain_of(s), letter - '0');
	}
}

static enum st add_part(const struct db_parts *p, char letter, struct buf *out,
    struct err *e)
{
	struct str part;

	if (letter == '%') {
		buf_addch(out, '%');
		return ST_OK;
	}
	part = part_of(p, letter);
	if (part.n == 0)
		return ST_NONE;
	if (p->quote != NULL)
		return p->quote(p->conn, part, out, e);
	buf_add(out, part);
	return ST_OK;
}

enum st db_expand(struct str text, const struct db_parts *parts,
    struct buf *out, struct err *e)
{
	size_t start = out->n, i;
	enum st st = ST_OK;

	for (i = 0; i < text.n && st == ST_OK; i++) {
		if (text.p[i] == '%' && i + 1 < text.n)
			st = add_part(parts, text.p[++i], out, e);
		else
			buf_addch(out, text.p[i]);
	}
	if (st == ST_OK && out->full)
		st = err_temp(e, "4.3.5", "longer than %zu bytes", out->max);
	if (st != ST_OK)
		buf_cut(out, start);
	return st;
}

void db_old_query(const char *select_field, const char *table,
    const char *where_field, const char *additional, struct buf *out)
{
	buf_addf(out, "SELECT %s FROM %s WHERE %s = '%%s' %s", select_field,
	    table, where_field, additional);
}
