/* postconf_dbms - names of table settings that stand in main.cf itself. */

#include "maptool/postconf_dbms.h"

#include "base/buf.h"
#include "base/hash.h"

#define VALUE_MAX (64 * 1024 * 1024)

/* The settings of each type; ldap_table(5), mysql_table(5) and so on. */
static const struct {
	const char *type, *settings;
} types[] = {
	{ "ldap",
	    "bind bind_dn bind_pw cache_expiry cache_size chase_referrals "
	    "debuglevel dereference domain expansion_limit "
	    "leaf_result_attribute query_filter recursion_limit "
	    "result_filter result_format sasl_authz_id "
	    "sasl_mechs sasl_minssf sasl_realm scope search_base server_host "
	    "server_port size_limit special_result_attribute start_tls "
	    "terminal_result_attribute timeout tls_ca_cert_dir "
	    "tls_ca_cert_file tls_cert tls_cipher_suite tls_key "
	    "tls_random_file tls_require_cert version" },
	{ "memcache",
	    "backup data_size_limit domain flags key_format line_size_limit "
	    "max_try memcache retry_pause timeout ttl" },
	{ "mysql",
	    "additional_conditions dbname domain expansion_limit hosts "
	    "option_file option_group password query require_result_set "
	    "result_format select_field table tls_CAfile tls_CApath "
	    "tls_cert_file tls_ciphers tls_key_file tls_verify_cert user "
	    "where_field" },
	{ "pgsql",
	    "additional_conditions dbname domain expansion_limit hosts "
	    "password query result_format select_field select_function table "
	    "user where_field" },
	{ "sqlite",
	    "additional_conditions dbpath domain expansion_limit query "
	    "result_format select_field table where_field" },
};

static void note_table(struct pc_names *n, const struct master_entry *scope,
    struct str type, struct str name)
{
	struct str rest, setting;
	size_t i;

	for (i = 0; i < NELEM(types); i++) {
		if (!str_eqc(type, types[i].type))
			continue;
		rest = str_c(types[i].settings);
		while (str_word(&rest, " ", &setting)) {
			AUTO_BUF full = BUF_MAX(VALUE_MAX);

			buf_addf(&full, "%.*s_%.*s", STR_ARG(name),
			    STR_ARG(setting));
			pc_refer(n, scope, buf_str(&full));
		}
	}
}

/* Find "ldap:name", also in "proxy:ldap:name" and "unionmap:{...}". */
static void note_tables(struct pc_names *n, const struct master_entry *scope,
    struct str value)
{
	struct str word, type;

	while (str_word(&value, ", \t\r\n{}", &word)) {
		while (str_starts(word, STR("proxy:")))
			word = str_skip(word, 6);
		/* With a path, the settings are in a file of their own. */
		if (str_cut(&word, ':', &type) && word.n != 0 &&
		    word.p[0] != '/' && word.p[0] != '.')
			note_table(n, scope, type, word);
	}
}

static bool look_main(const char *name, const char *value UNUSED, void *arg)
{
	struct pc_names *n = arg;
	const char *expanded;
	struct err e;

	if (param_find(name) != NULL &&
	    conf_str(n->conf, name, &expanded, &e) == ST_OK)
		note_tables(n, NULL, str_c(expanded));
	return true;
}

static void look_master(struct pc_names *n, const struct master_entry *it,
    const struct master_arg *o)
{
	AUTO_BUF name = BUF_MAX(VALUE_MAX);
	AUTO_BUF value = BUF_MAX(VALUE_MAX);
	struct err e;

	buf_add(&name, o->name);
	if (param_find(buf_c(&name)) != NULL &&
	    conf_expand(n->conf, o->value, &value, &e) == ST_OK)
		note_tables(n, it, buf_str(&value));
}

void pc_dbms_names(struct pc_names *n)
{
	conf_each(n->conf, look_main, n);
	list_foreach(p, &n->master.entries) {
		struct master_entry *it =
		    CONTAINER_OF(p, struct master_entry, link);

		master_options(o, it)
			look_master(n, it, o);
	}
}
