/* relay_tls - settings become a context. Runs in: monitor (to check), relay. */

#include "vdeliver/relay_tls.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "net/tls.h"

struct relay_tls {
	const struct settings *set;
	SSL_CTX *ctx;
};

static const char *or_null(const char *s)
{
	return s[0] != '\0' ? s : NULL;
}

static bool verifies(const struct settings *set)
{
	return set->relay_level >= RELAY_TLS_VERIFY;
}

static enum st check_trust(const struct settings *set, struct err *e)
{
	if (!verifies(set) || set->smtp_tls_CAfile[0] != '\0' ||
	    set->smtp_tls_CApath[0] != '\0' || set->tls_append_default_CA)
		return ST_OK;
	return err_temp(e, "",
	    "smtp_tls_security_level = %s has nothing to verify with: set "
	    "smtp_tls_CAfile or smtp_tls_CApath, or tls_append_default_CA = "
	    "yes",
	    set->smtp_tls_security_level);
}

enum st relay_tls_load(struct relay_tls **tls, const struct settings *set,
    struct err *e)
{
	bool must = set->relay_level >= RELAY_TLS_ENCRYPT;
	struct tls_rules rules = { .verify = verifies(set),
		.ca_file = or_null(set->smtp_tls_CAfile),
		.ca_path = or_null(set->smtp_tls_CApath),
		.ca_default = set->tls_append_default_CA,
		.ca_now = true,
		.cert = or_null(set->smtp_tls_cert_file),
		.key = or_null(set->smtp_tls_key_file),
		.protocols = must ? set->smtp_tls_mandatory_protocols
				  : set->smtp_tls_protocols };
	SSL_CTX *ctx;
	struct relay_tls *t;

	*tls = NULL;
	if (set->relayhost[0] == '\0' || set->relay_level == RELAY_TLS_NONE)
		return ST_OK;
	if (check_trust(set, e) != ST_OK)
		return ST_TEMP;
	if (tls_client(&ctx, &rules, e) != ST_OK) {
		err_prefix(e, "TLS towards relayhost: ");
		return ST_TEMP;
	}
	t = xcalloc(1, sizeof(*t));
	t->set = set;
	t->ctx = ctx;
	*tls = t;
	return ST_OK;
}

void relay_tls_free(struct relay_tls *t)
{
	if (t == NULL)
		return;
	SSL_CTX_free(t->ctx);
	free(t);
}

enum st relay_tls_check(const struct settings *set, struct err *e)
{
	struct relay_tls *t;
	enum st st = relay_tls_load(&t, set, e);

	relay_tls_free(t);
	return st;
}

/* What may stand in the certificate. Without MX records the host that is
 * talked to is the one that was written, so "hostname" is "nexthop". */
static void expect(const struct settings *set, const char *host,
    struct buf *names)
{
	struct str list = str_c(set->relay_level == RELAY_TLS_SECURE
		? set->smtp_tls_secure_cert_match
		: set->smtp_tls_verify_cert_match);
	struct str word;

	while (str_word(&list, ":, \t\r\n", &word)) {
		if (str_ieqc(word, "nexthop") || str_ieqc(word, "hostname"))
			buf_addf(names, "%s ", host);
		else if (str_ieqc(word, "dot-nexthop"))
			buf_addf(names, ".%s ", host);
		else
			buf_addf(names, "%.*s ", STR_ARG(word));
	}
}

enum st relay_tls_start(const struct relay_tls *t, struct conn *conn,
    const char *host, struct err *e)
{
	AUTO_BUF names = BUF_MAX(4000);
	struct tls_rules rules = { .name = host,
		.verify = verifies(t->set),
		.ctx = t->ctx };

	expect(t->set, host, &names);
	rules.names = buf_c(&names);
	return conn_starttls(conn, &rules, e);
}
