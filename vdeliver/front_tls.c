/* front_tls - settings become TLS contexts. Runs in: monitor. */

#include "vdeliver/front_tls.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "net/tls_server.h"

/* OpenSSL's list for a grade; NULL: no such grade. */
static const char *cipher_list(const struct settings *set, const char *grade)
{
	const struct {
		const char *grade, *list;
	} rows[] = {
		{ "high", set->tls_high_cipherlist },
		{ "medium", set->tls_medium_cipherlist },
		{ "low", set->tls_low_cipherlist },
		{ "export", set->tls_export_cipherlist },
		{ "null", set->tls_null_cipherlist },
	};
	size_t i;

	for (i = 0; i < NELEM(rows); i++)
		if (str_ieqc(str_c(grade), rows[i].grade))
			return rows[i].list;
	return NULL;
}

static struct tls_server_rules rules_of(const struct settings *set, bool must)
{
	return (struct tls_server_rules){
		.chain_files = set->smtpd_tls_chain_files,
		.pairs = { { set->smtpd_tls_cert_file,
			       set->smtpd_tls_key_file },
		    { set->smtpd_tls_eccert_file, set->smtpd_tls_eckey_file },
		    { set->smtpd_tls_dcert_file, set->smtpd_tls_dkey_file } },
		.ca_file = set->smtpd_tls_CAfile,
		.ca_path = set->smtpd_tls_CApath,
		.protocols = must ? set->smtpd_tls_mandatory_protocols
				  : set->smtpd_tls_protocols,
		.exclude = set->smtpd_tls_exclude_ciphers,
		.exclude_too =
		    must ? set->smtpd_tls_mandatory_exclude_ciphers : "",
		.own_order = set->tls_preempt_cipherlist,
	};
}

static enum st load(SSL_CTX **ctx, const struct settings *set, bool must,
    struct err *e)
{
	struct tls_server_rules rules = rules_of(set, must);
	const char *name =
	    must ? "smtpd_tls_mandatory_ciphers" : "smtpd_tls_ciphers";
	const char *grade =
	    must ? set->smtpd_tls_mandatory_ciphers : set->smtpd_tls_ciphers;

	rules.ciphers = cipher_list(set, grade);
	if (rules.ciphers == NULL)
		return err_temp(e, "",
		    "%s = %s: write high, medium, low, export or null", name,
		    grade);
	if (!tls_server_has_cert(&rules))
		return err_temp(e, "",
		    "TLS without a certificate: set smtpd_tls_chain_files, or "
		    "smtpd_tls_cert_file and smtpd_tls_key_file, or "
		    "smtpd_tls_security_level = none");
	return tls_server(ctx, &rules, e);
}

enum st front_tls_load(struct front_tls **tls, const struct settings *set,
    bool wanted, struct err *e)
{
	struct front_tls *t;

	if (!set->smtpd_use_tls && !wanted) {
		*tls = NULL;
		return ST_OK;
	}
	t = xcalloc(1, sizeof(*t));
	if (load(&t->may, set, false, e) != ST_OK ||
	    load(&t->must, set, true, e) != ST_OK) {
		err_prefix(e, "TLS: ");
		front_tls_free(t);
		return ST_TEMP;
	}
	*tls = t;
	return ST_OK;
}

void front_tls_free(struct front_tls *t)
{
	if (t == NULL)
		return;
	SSL_CTX_free(t->may);
	SSL_CTX_free(t->must);
	free(t);
}

void front_tls_files(const struct settings *set, struct buf *names)
{
	struct tls_server_rules r = rules_of(set, false);
	struct str list = str_c(r.chain_files), one;
	bool chains = list.n != 0;
	size_t i;

	while (str_word(&list, ", \t\r\n", &one))
		buf_addf(names, "%.*s\n", STR_ARG(one));
	for (i = 0; !chains && i < TLS_PAIRS_MAX; i++)
		if (r.pairs[i].cert[0] != '\0')
			buf_addf(names, "%s\n%s\n", r.pairs[i].cert,
			    r.pairs[i].key);
	if (r.ca_file[0] != '\0')
		buf_addf(names, "%s\n", r.ca_file);
}
