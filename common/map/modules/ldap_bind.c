/* ldap_bind - settings of ldap: tables, connecting, TLS, who we are. */

#include <stdlib.h>
#include <strings.h>

#include "base/xalloc.h"
#include "map/modules/ldap.h"

/* clang-format off */
const struct db_setting ldap_settings[LDAP_SETTINGS] = {
	[SERVER_HOST] = { "server_host", DB_WORD, "localhost", 0 },
	[SERVER_PORT] = { "server_port", DB_NUMBER, "389", 1 },
	[TIMEOUT] = { "timeout", DB_NUMBER, "10", 1 },
	[SEARCH_BASE] = { "search_base", DB_TEXT, "", 0 },
	[QUERY_FILTER] = { "query_filter", DB_WORD,
	    "(mailacceptinggeneralid=%s)", 0 },
	[RESULT_ATTRIBUTE] = { "result_attribute", DB_TEXT, "maildrop", 0 },
	[SPECIAL_ATTRIBUTE] = { "special_result_attribute", DB_TEXT, "", 0 },
	[TERMINAL_ATTRIBUTE] = { "terminal_result_attribute", DB_TEXT, "", 0 },
	[LEAF_ATTRIBUTE] = { "leaf_result_attribute", DB_TEXT, "", 0 },
	[SCOPE] = { "scope", DB_WORD, "sub", 0 },
	[BIND] = { "bind", DB_WORD, "yes", 0 },
	[BIND_DN] = { "bind_dn", DB_TEXT, "", 0 },
	[BIND_PW] = { "bind_pw", DB_TEXT, "", 0 },
	[RECURSION_LIMIT] = { "recursion_limit", DB_NUMBER, "1000", 1 },
	[EXPANSION_LIMIT] = { "expansion_limit", DB_NUMBER, "0", 0 },
	[SIZE_LIMIT] = { "size_limit", DB_NUMBER, NULL, 0 },
	[DEREFERENCE] = { "dereference", DB_NUMBER, "0", 0 },
	[CHASE_REFERRALS] = { "chase_referrals", DB_BOOL, "no", 0 },
	[PROTOCOL] = { "version", DB_NUMBER, "2", INT64_MIN },
	[START_TLS] = { "start_tls", DB_BOOL, "no", 0 },
	[TLS_CA_DIR] = { "tls_ca_cert_dir", DB_TEXT, "", 0 },
	[TLS_CA_FILE] = { "tls_ca_cert_file", DB_TEXT, "", 0 },
	[TLS_CERT] = { "tls_cert", DB_TEXT, "", 0 },
	[TLS_KEY] = { "tls_key", DB_TEXT, "", 0 },
	[TLS_CIPHERS] = { "tls_cipher_suite", DB_TEXT, "", 0 },
	[TLS_REQUIRE] = { "tls_require_cert", DB_BOOL, "no", 0 },
	[LDAP_KNOWN] =
	DB_SETTING_DOMAIN,
	DB_SETTING_FORMAT,
	{ "result_filter", DB_ABSENT, NULL, 0 },
	{ "cache", DB_ABSENT, NULL, 0 },
	{ "cache_expiry", DB_ABSENT, NULL, 0 },
	{ "cache_size", DB_ABSENT, NULL, 0 },
	{ "debuglevel", DB_ABSENT, NULL, 0 },
	{ "tls_random_file", DB_ABSENT, NULL, 0 },
	{ "sasl_mechs", DB_ABSENT, NULL, 0 },
	{ "sasl_realm", DB_ABSENT, NULL, 0 },
	{ "sasl_authz_id", DB_ABSENT, NULL, 0 },
	{ "sasl_minssf", DB_ABSENT, NULL, 0 },
};
/* clang-format on */

static const struct {
	const char *name;
	int scope;
} scopes[] = {
	{ "sub", LDAP_SCOPE_SUBTREE },
	{ "base", LDAP_SCOPE_BASE },
	{ "one", LDAP_SCOPE_ONELEVEL },
};

static const char *text_of(const struct db *d, enum ldap_setting s)
{
	return d->values[s].text;
}

static int64_t number_of(const struct db *d, enum ldap_setting s)
{
	return d->values[s].number;
}

/* -1: no such scope. */
static int find_scope(const char *name)
{
	size_t i;

	for (i = 0; i < NELEM(scopes); i++)
		if (strcasecmp(name, scopes[i].name) == 0)
			return scopes[i].scope;
	return -1;
}

int ldap_scope(const struct db *d)
{
	int scope = find_scope(text_of(d, SCOPE));

	return scope < 0 ? LDAP_SCOPE_SUBTREE : scope;
}

int64_t ldap_size_limit(const struct db *d)
{
	return text_of(d, SIZE_LIMIT) != NULL ? number_of(d, SIZE_LIMIT)
					      : number_of(d, EXPANSION_LIMIT);
}

static bool binds(const struct db *d)
{
	return strcasecmp(text_of(d, BIND), "yes") == 0;
}

static int version_of(const struct db *d)
{
	struct str host = str_c(text_of(d, SERVER_HOST));

	/* These came with version 3. */
	if (str_search(host, STR("ldaps://")) >= 0 ||
	    str_search(host, STR("ldapi://")) >= 0)
		return 3;
	return number_of(d, PROTOCOL) == 2 ? 2 : 3;
}

static int dereference_of(const struct db *d)
{
	return number_of(d, DEREFERENCE) <= 3 ? (int)number_of(d, DEREFERENCE)
					      : 0;
}

static void warn_of_values(const struct db *d)
{
	const char *filter = text_of(d, QUERY_FILTER);

	if (find_scope(text_of(d, SCOPE)) < 0)
		d->warn("dict_ldap_open: %s: Unrecognized value %s specified "
			"for scope; using sub",
		    d->file, text_of(d, SCOPE));
	if (number_of(d, PROTOCOL) != 2 && number_of(d, PROTOCOL) != 3)
		d->warn("dict_ldap_open: %s Unknown version %d, using 3.",
		    d->file, (int)number_of(d, PROTOCOL));
	if (dereference_of(d) != number_of(d, DEREFERENCE))
		d->warn("dict_ldap_open: %s Unrecognized value %d specified "
			"for dereference; using 0",
		    d->file, (int)number_of(d, DEREFERENCE));
	if (str_find(str_c(filter), '%') < 0)
		d->warn("dict_ldap_open: %s: Fixed query_filter %s is "
			"probably useless",
		    d->file, filter);
}

enum st ldap_check(struct db *d, struct err *e)
{
	const char *bind = text_of(d, BIND);

	warn_of_values(d);
	if (!binds(d) && strcasecmp(bind, "no") != 0 &&
	    strcasecmp(bind, "none") != 0)
		return err_temp(e, "4.3.5",
		    "%s: unsupported parameter value: bind = %s", d->file,
		    bind);
	/* In the original this is a warning, and no TLS. */
	if (number_of(d, START_TLS) != 0 && version_of(d) < 3)
		return err_temp(e, "4.3.5",
		    "%s: start_tls requires protocol version 3", d->file);
	return ST_OK;
}

/* --- connecting ---------------------------------------------------------- */

/* Hosts with ports and URLs, in their order, as the library wants them. */
static void list_servers(const struct db *d, struct buf *out)
{
	struct str rest = str_c(text_of(d, SERVER_HOST)), word;

	while (str_word(&rest, ", \t\r\n", &word)) {
		if (out->n != 0)
			buf_addch(out, ' ');
		if (str_search(word, STR("://")) >= 0)
			buf_add(out, word);
		else if (str_find(word, ':') >= 0)
			buf_addf(out, "ldap://%.*s", STR_ARG(word));
		else
			buf_addf(out, "ldap://%.*s:%d", STR_ARG(word),
			    (int)number_of(d, SERVER_PORT));
	}
}

static int set_text(LDAP *ld, int option, const char *text)
{
	return *text == '\0' ? LDAP_SUCCESS : ldap_set_option(ld, option, text);
}

/* All of it belongs to this connection alone. */
static int set_tls(const struct db *d, LDAP *ld)
{
	static const struct {
		enum ldap_setting setting;
		int option;
	} files[] = {
		{ TLS_CA_DIR, LDAP_OPT_X_TLS_CACERTDIR },
		{ TLS_CA_FILE, LDAP_OPT_X_TLS_CACERTFILE },
		{ TLS_CERT, LDAP_OPT_X_TLS_CERTFILE },
		{ TLS_KEY, LDAP_OPT_X_TLS_KEYFILE },
		{ TLS_CIPHERS, LDAP_OPT_X_TLS_CIPHER_SUITE },
	};
	int check = number_of(d, TLS_REQUIRE) != 0 ? LDAP_OPT_X_TLS_DEMAND
						   : LDAP_OPT_X_TLS_NEVER;
	int rc = LDAP_SUCCESS, client = 0;
	size_t i;

	for (i = 0; i < NELEM(files) && rc == LDAP_SUCCESS; i++)
		rc =
		    set_text(ld, files[i].option, text_of(d, files[i].setting));
	if (rc == LDAP_SUCCESS)
		rc = ldap_set_option(ld, LDAP_OPT_X_TLS_REQUIRE_CERT, &check);
	if (rc == LDAP_SUCCESS)
		rc = ldap_set_option(ld, LDAP_OPT_X_TLS_NEWCTX, &client);
	return rc;
}

static bool wants_tls(const struct db *d)
{
	return number_of(d, START_TLS) != 0 ||
	    str_search(str_c(text_of(d, SERVER_HOST)), STR("ldaps://")) >= 0;
}

static int set_options(const struct db *d, LDAP *ld)
{
	struct timeval tv = { .tv_sec = number_of(d, TIMEOUT) };
	int version = version_of(d), deref = dereference_of(d);

	ldap_set_option(ld, LDAP_OPT_NETWORK_TIMEOUT, &tv);
	ldap_set_option(ld, LDAP_OPT_TIMEOUT, &tv);
	ldap_set_option(ld, LDAP_OPT_PROTOCOL_VERSION, &version);
	ldap_set_option(ld, LDAP_OPT_DEREF, &deref);
	ldap_set_option(ld, LDAP_OPT_REFERRALS,
	    number_of(d, CHASE_REFERRALS) != 0 ? LDAP_OPT_ON : LDAP_OPT_OFF);
	return wants_tls(d) ? set_tls(d, ld) : LDAP_SUCCESS;
}

static int say_who(const struct db *d, LDAP *ld)
{
	const char *pw = text_of(d, BIND_PW);
	struct str s = str_c(pw);
	struct berval secret = { .bv_len = s.n, .bv_val = (char *)s.p };

	return ldap_sasl_bind_s(ld, text_of(d, BIND_DN), LDAP_SASL_SIMPLE,
	    &secret, NULL, NULL, NULL);
}

void ldap_close_conn(void *conn)
{
	struct ldap_conn *c = conn;

	if (c->ld != NULL)
		ldap_unbind_ext(c->ld, NULL, NULL);
	free(c);
}

/* What the TLS library says tells more than the code. */
static enum st no_tls(LDAP *ld, int rc, struct err *e)
{
	char *why = NULL;

	ldap_get_option(ld, LDAP_OPT_DIAGNOSTIC_MESSAGE, &why);
	err_temp(e, "4.3.0",
	    "dict_ldap_connect: Unable to set STARTTLS: %d: %s%s%s", rc,
	    ldap_err2string(rc), why != NULL ? ": " : "",
	    why != NULL ? why : "");
	ldap_memfree(why);
	return ST_TEMP;
}

static enum st begin(struct ldap_conn *c, const char *servers, struct err *e)
{
	const struct db *d = c->db;
	const char *dn = text_of(d, BIND_DN);
	int rc = ldap_initialize(&c->ld, servers);

	if (rc != LDAP_SUCCESS)
		return err_temp(e, "4.3.5",
		    "dict_ldap_connect: Unable to init LDAP server %s: %s",
		    servers, ldap_err2string(rc));
	rc = set_options(d, c->ld);
	if (rc != LDAP_SUCCESS)
		return err_temp(e, "4.3.5",
		    "dict_ldap_connect: Unable to allocate new TLS context "
		    "%d: %s",
		    rc, ldap_err2string(rc));
	if (number_of(d, START_TLS) != 0)
		rc = ldap_start_tls_s(c->ld, NULL, NULL);
	if (rc != LDAP_SUCCESS)
		return no_tls(c->ld, rc, e);
	if (binds(d))
		rc = say_who(d, c->ld);
	if (rc != LDAP_SUCCESS)
		return err_temp(e, "4.3.0",
		    "dict_ldap_connect: Unable to bind to server %s with dn "
		    "%s: %d (%s)",
		    servers, *dn != '\0' ? dn : "empty or implicit", rc,
		    ldap_err2string(rc));
	return ST_OK;
}

enum st ldap_open_conn(struct db *d, struct str host UNUSED, void **conn,
    struct err *e)
{
	AUTO_BUF servers = BUF_MAX(10000);
	struct ldap_conn *c = xcalloc(1, sizeof(*c));

	c->db = d;
	list_servers(d, &servers);
	if (begin(c, buf_c(&servers), e) != ST_OK) {
		ldap_close_conn(c);
		return ST_TEMP;
	}
	*conn = c;
	return ST_OK;
}
