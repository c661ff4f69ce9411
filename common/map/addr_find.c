/* addr_find - an address by its key forms, the first hit wins. */

#include "map/addr_find.h"

#include <string.h>

/* Room for an address with every byte of it quoted. */
#define FORM_MAX 70000

ptrdiff_t addr_split(struct str user, const char *delimiters)
{
	size_t i;

	if (str_ieqc(user, "mailer-daemon") || str_ieqc(user, "double-bounce"))
		return -1;
	/* owner-list and list-request are names, not extensions. */
	if (strchr(delimiters, '-') != NULL &&
	    (str_istarts(user, STR("owner-")) ||
		(user.n > 8 &&
		    str_ieqc(str_skip(user, user.n - 8), "-request"))))
		return -1;
	for (i = 0; i < user.n; i++)
		if (user.p[i] != '\0' && strchr(delimiters, user.p[i]) != NULL)
			return i == 0 ? -1 : (ptrdiff_t)i;
	return -1;
}

/* RFC 5321 4.1.2: what may stand without quotes. */
static bool is_dot_atom(struct str s)
{
	size_t i;

	if (s.n == 0 || s.p[0] == '.' || s.p[s.n - 1] == '.')
		return false;
	for (i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c <= ' ' || c == 0x7f || strchr("()<>[]:;@\\,\"", c) ||
		    (c == '.' && s.p[i + 1] == '.'))
			return false;
	}
	return true;
}

static void quote(struct buf *out, struct str local)
{
	size_t i;

	buf_addch(out, '"');
	for (i = 0; i < local.n; i++) {
		if (local.p[i] == '"' || local.p[i] == '\\')
			buf_addch(out, '\\');
		buf_addch(out, local.p[i]);
	}
	buf_addch(out, '"');
}

struct find {
	struct maps *maps;
	struct buf *val;
	struct err *e;
};

/* One form: quoted first when that differs. domain may be empty. */
static enum st try_form(struct find *f, struct str user, struct str domain,
    bool partial)
{
	AUTO_BUF key = BUF_MAX(FORM_MAX);
	enum st st = ST_NONE;

	if (user.n != 0 && !is_dot_atom(user)) {
		quote(&key, user);
		buf_add(&key, domain);
		st = maps_get(f->maps, buf_str(&key), partial, f->val, f->e);
	}
	if (st != ST_NONE)
		return st;
	buf_set(&key, user);
	buf_add(&key, domain);
	if (key.full)
		return ST_NONE;
	return maps_get(f->maps, buf_str(&key), partial, f->val, f->e);
}

enum st addr_find(struct maps *m, const struct addr_find *how,
    struct str address, struct buf *val, struct str *ext, struct err *e)
{
	struct find f = { m, val, e };
	ptrdiff_t at = str_rfind(address, '@'), split;
	struct str user = str_head(address, at < 0 ? address.n : (size_t)at);
	struct str domain = at < 0 ? STR_NONE : str_skip(address, (size_t)at);
	struct str base, tail;
	enum st st;

	*ext = STR_NONE;
	split = addr_split(user, how->delimiters);
	base = str_head(user, split < 0 ? user.n : (size_t)split);
	tail = split < 0 ? STR_NONE : str_skip(user, (size_t)split);
	st = try_form(&f, user, domain, false);
	if (st == ST_NONE && split >= 0) {
		st = try_form(&f, base, domain, true);
		if (st == ST_OK)
			*ext = tail;
	}
	if (st == ST_NONE && how->local && at >= 0) {
		st = try_form(&f, user, STR_NONE, true);
		if (st == ST_NONE && split >= 0) {
			st = try_form(&f, base, STR_NONE, true);
			if (st == ST_OK)
				*ext = tail;
		}
	}
	if (st == ST_NONE && domain.n > 1)
		st = maps_get(m, domain, true, val, e);
	return st;
}
