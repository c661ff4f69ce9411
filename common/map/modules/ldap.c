/*
 * ldap: - a search in an LDAP directory. ldap_table(5).
 *
 * Connecting is in ldap_bind.c. A special_result_attribute holds DNs or URLs,
 * whose entries are searched in turn: groups and their members.
 */

#include "map/modules/ldap.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/xalloc.h"

/* A lookup under way. */
struct search {
	const struct ldap_conn *c;
	struct db_answer *a;
	char **attributes; /* all that are asked for, NULL-ended */
	int64_t depth;
};

/* --- attributes ---------------------------------------------------------- */

#define SEPARATORS ", \t\r\n"

static bool is_in(const struct db *d, enum ldap_setting list, const char *name)
{
	struct str rest = str_c(d->values[list].text), word;

	while (str_word(&rest, SEPARATORS, &word))
		if (str_ieqc(word, name))
			return true;
	return false;
}

static const enum ldap_setting attribute_lists[] = { RESULT_ATTRIBUTE,
	SPECIAL_ATTRIBUTE, TERMINAL_ATTRIBUTE, LEAF_ATTRIBUTE };

static void free_list(char ***list)
{
	char **p;

	for (p = *list; p != NULL && *p != NULL; p++)
		free(*p);
	free(*list);
}

/* Those that are asked for; of a URL with attributes, those it has as well. */
static char **list_attributes(const struct db *d, char **only)
{
	char **list = NULL;
	size_t n = 0, i;
	struct str rest, word;

	for (i = 0; i < NELEM(attribute_lists); i++) {
		rest = str_c(d->values[attribute_lists[i]].text);
		while (str_word(&rest, SEPARATORS, &word)) {
			char **o = only;

			while (o != NULL && *o != NULL && !str_ieqc(word, *o))
				o++;
			if (o != NULL && *o == NULL)
				continue;
			list = xreallocarray(list, n + 2, sizeof(*list));
			list[n++] = xstrndup(word);
			list[n] = NULL;
		}
	}
	return list;
}

/* --- entries ------------------------------------------------------------- */

static enum st search(const struct search *s, const char *base, int scope,
    const char *filter, struct err *e);

static bool has_values(const struct search *s, LDAPMessage *entry,
    enum ldap_setting list)
{
	const struct db *d = s->c->db;
	struct str rest = str_c(d->values[list].text), word;
	bool found = false;

	while (!found && str_word(&rest, SEPARATORS, &word)) {
		char *name = xstrndup(word);
		struct berval **v = ldap_get_values_len(s->c->ld, entry, name);

		found = v != NULL && v[0] != NULL;
		ldap_value_free_len(v);
		free(name);
	}
	return found;
}

/* What an LDAP URL leads to; its host does not count. */
static enum st follow_url(struct search *s, const char *value, struct err *e)
{
	CLEANUP(free_list) char **attributes = NULL;
	LDAPURLDesc *url;
	int rc = ldap_url_parse(value, &url);
	enum st st;

	if (rc != LDAP_URL_SUCCESS)
		return err_temp(e, "4.3.5",
		    "dict_ldap_get_values[%d]: malformed URL %s: %s(%d)",
		    (int)s->depth - 1, value, ldap_err2string(rc), rc);
	attributes = list_attributes(s->c->db, url->lud_attrs);
	s->attributes = attributes;
	/* None that we want: nothing to look for. */
	st = attributes == NULL
	    ? ST_OK
	    : search(s, url->lud_dn != NULL ? url->lud_dn : "",
		  url->lud_scope == LDAP_SCOPE_DEFAULT ? LDAP_SCOPE_BASE
						       : url->lud_scope,
		  url->lud_filter != NULL ? url->lud_filter : "(objectClass=*)",
		  e);
	ldap_free_urldesc(url);
	return st;
}

static enum st follow(const struct search *s, const char *name,
    const char *value, struct err *e)
{
	const struct db *d = s->c->db;
	struct search next = *s;

	if (++next.depth > d->values[RECURSION_LIMIT].number)
		return err_temp(e, "4.3.5",
		    "dict_ldap_get_values[%d]: %s: Recursion limit exceeded "
		    "for special attribute %s=%s",
		    (int)s->depth, d->file, name, value);
	if (ldap_is_ldap_url(value))
		return follow_url(&next, value, e);
	return search(&next, value, LDAP_SCOPE_BASE, "(objectClass=*)", e);
}

/* One attribute's values: results, or more to search. */
static enum st take_values(const struct search *s, LDAPMessage *entry,
    const char *name, bool special, struct err *e)
{
	struct berval **v = ldap_get_values_len(s->c->ld, entry, name);
	enum st st = ST_OK;
	size_t i;

	for (i = 0; v != NULL && v[i] != NULL && st == ST_OK; i++) {
		struct str value = { v[i]->bv_val, v[i]->bv_len };

		/* The library ends each with a NUL. */
		st = special ? follow(s, name, value.p, e)
			     : s->a->add(s->a, value, e);
	}
	ldap_value_free_len(v);
	return st;
}

static enum st take_entry(const struct search *s, LDAPMessage *entry,
    struct err *e)
{
	const struct db *d = s->c->db;
	bool terminal = has_values(s, entry, TERMINAL_ATTRIBUTE);
	bool leaf = !has_values(s, entry, SPECIAL_ATTRIBUTE);
	enum st st = ST_OK;
	BerElement *at = NULL;
	char *name;

	name = ldap_first_attribute(s->c->ld, entry, &at);
	while (name != NULL) {
		bool special = is_in(d, SPECIAL_ATTRIBUTE, name);
		bool wanted = terminal
		    ? is_in(d, TERMINAL_ATTRIBUTE, name)
		    : special || is_in(d, RESULT_ATTRIBUTE, name) ||
			(leaf && is_in(d, LEAF_ATTRIBUTE, name));

		if (wanted && st == ST_OK)
			st = take_values(s, entry, name, special && !terminal,
			    e);
		ldap_memfree(name);
		name = ldap_next_attribute(s->c->ld, entry, at);
	}
	if (at != NULL)
		ber_free(at, 0);
	return st;
}

static enum st take_entries(const struct search *s, LDAPMessage *result,
    struct err *e)
{
	const struct db *d = s->c->db;
	int64_t limit = ldap_size_limit(d), n = 0;
	LDAPMessage *entry = ldap_first_entry(s->c->ld, result);
	enum st st = ST_OK;

	while (entry != NULL && st == ST_OK) {
		if (limit > 0 && ++n > limit)
			return err_temp(e, "4.3.5",
			    "dict_ldap_get_values[%d]: %s: Query size limit "
			    "(%lld) exceeded",
			    (int)s->depth, d->file, (long long)limit);
		st = take_entry(s, entry, e);
		entry = ldap_next_entry(s->c->ld, entry);
	}
	return st;
}

/* --- searching ----------------------------------------------------------- */

/* A member that is gone is passed over; that our settings are wrong is not. */
static enum st not_there(const struct search *s, const char *base, int rc,
    struct err *e)
{
	const struct db *d = s->c->db;

	if (s->depth > 1)
		d->warn("dict_ldap_get_values[%d]: DN %s not found, skipping ",
		    (int)s->depth - 1, base);
	if (s->depth > 1 || strchr(d->values[SEARCH_BASE].text, '%') != NULL)
		return ST_OK;
	return err_temp(e, "4.3.5",
	    "dict_ldap_lookup: %s: Search base '%s' not found: %d: %s", d->file,
	    base, rc, ldap_err2string(rc));
}

static enum st search_failed(const struct search *s, int rc, struct err *e)
{
	s->a->lost = rc == LDAP_SERVER_DOWN || rc == LDAP_UNAVAILABLE ||
	    rc == LDAP_CONNECT_ERROR;
	return err_temp(e, "4.3.0", "dict_ldap_lookup: Search error %d: %s ",
	    rc, ldap_err2string(rc));
}

static enum st search(const struct search *s, const char *base, int scope,
    const char *filter, struct err *e)
{
	const struct db *d = s->c->db;
	struct timeval tv = { .tv_sec = d->values[TIMEOUT].number };
	LDAPMessage *result = NULL;
	int64_t limit = ldap_size_limit(d);
	enum st st;
	int rc = ldap_search_ext_s(s->c->ld, base, scope, filter, s->attributes,
	    0, NULL, NULL, &tv, limit > 0 ? (int)limit + 1 : LDAP_NO_LIMIT,
	    &result);

	if (rc == LDAP_SUCCESS)
		st = take_entries(s, result, e);
	else if (rc == LDAP_NO_SUCH_OBJECT)
		st = not_there(s, base, rc, e);
	else
		st = search_failed(s, rc, e);
	ldap_msgfree(result);
	return st;
}

static enum st ldap_query(void *conn, const struct buf *text,
    struct db_answer *a, struct err *e)
{
	const struct ldap_conn *c = conn;
	CLEANUP(free_list)
	char **attributes = list_attributes(c->db, NULL);
	struct search s = { .c = c,
		.a = a,
		.attributes = attributes,
		.depth = 1 };

	return search(&s, buf_c(&text[0]), ldap_scope(c->db), buf_c(&text[1]),
	    e);
}

/* --- quoting ------------------------------------------------------------- */

/* RFC 4515 3: what has a meaning in filters, as \XX. */
static enum st quote_filter(void *conn UNUSED, struct str part, struct buf *out,
    struct err *e UNUSED)
{
	size_t i;

	for (i = 0; i < part.n; i++) {
		if (part.p[i] == '\0' || strchr("*()\\", part.p[i]) != NULL)
			buf_addf(out, "\\%02x", (unsigned char)part.p[i]);
		else
			buf_addch(out, part.p[i]);
	}
	return ST_OK;
}

/* RFC 4514 2.4: what has a meaning in names, and more, as \XX. */
static enum st quote_dn(void *conn UNUSED, struct str part, struct buf *out,
    struct err *e UNUSED)
{
	size_t i;

	for (i = 0; i < part.n; i++) {
		unsigned char c = (unsigned char)part.p[i];
		bool edge = i == 0 || i + 1 == part.n;

		if (c < ' ' || strchr("\"+,;<>\\=#", c) != NULL ||
		    (c == ' ' && edge))
			buf_addf(out, "\\%02x", c);
		else
			buf_addch(out, (char)c);
	}
	return ST_OK;
}

DB_MODULE const struct db_engine map_module = {
	.abi = DB_ENGINE_ABI,
	.type = "ldap",
	.settings = ldap_settings,
	.n_settings = LDAP_SETTINGS,
	.templates = { { "search_base", quote_dn },
	    { "query_filter", quote_filter } },
	.limit_name = "dict_ldap_get_values[1]",
	.limit_key = "key:",
	.check = ldap_check,
	.connect = ldap_open_conn,
	.query = ldap_query,
	.disconnect = ldap_close_conn,
};
