/* server - connect, TLS, log in. Runs in: poll child. */

#include "fetcher/server.h"

#include <string.h>

#include "base/log.h"
#include "fetcher/plugin.h"
#include "fetcher/report.h"

enum tls_want server_tls_want(const struct account *a, bool loopback)
{
	const char *proto = opt_text(&a->o, OPT_SSLPROTO);

	if (opt_flag(&a->o, OPT_SSL))
		return TLS_WRAPPED;
	if (proto != NULL && proto[0] == '\0')
		return TLS_NEVER;
	if (proto != NULL || opt_text(&a->o, OPT_SSLFINGERPRINT) != NULL)
		return TLS_MUST;
	if (opt_flag(&a->o, OPT_SSLCERTCK))
		return loopback ? TLS_MAY : TLS_MUST;
	return TLS_MAY;
}

static const struct {
	const char *word;
	int min, max;
} protos[] = {
	{ "auto", 0, 0 },
	{ "tls1+", 0, 0 },
	{ "tls1.1+", 0, 0 },
	{ "tls1.2", TLS1_2_VERSION, TLS1_2_VERSION },
	{ "tls1.2+", TLS1_2_VERSION, 0 },
	{ "tls1.3", TLS1_3_VERSION, TLS1_3_VERSION },
	{ "tls1.3+", TLS1_3_VERSION, 0 },
};

static void set_versions(const struct account *a, struct tls_rules *r)
{
	const char *word = opt_text(&a->o, OPT_SSLPROTO);
	size_t i;

	if (word == NULL || word[0] == '\0')
		return;
	for (i = 0; i < NELEM(protos); i++)
		if (str_ieqc(str_c(word), protos[i].word)) {
			r->min_version = protos[i].min;
			r->max_version = protos[i].max;
			return;
		}
	report_error("sslproto \"%s\" is unknown or too old; TLS 1.2 and "
		     "later are used",
	    word);
}

static void make_rules(const struct account *a, struct tls_rules *r)
{
	const char *name = opt_text(&a->o, OPT_SSLCOMMONNAME);

	*r = (struct tls_rules){
		.name = name != NULL ? name : a->host,
		.verify = opt_flag(&a->o, OPT_SSLCERTCK),
		.ca_file = opt_text(&a->o, OPT_SSLCERTFILE),
		.ca_path = opt_text(&a->o, OPT_SSLCERTPATH),
		.cert = opt_text(&a->o, OPT_SSLCERT),
		.key = opt_text(&a->o, OPT_SSLKEY),
		.fingerprint = opt_text(&a->o, OPT_SSLFINGERPRINT),
	};
	set_versions(a, r);
}

static enum status no_tls(const struct account *a, struct err *e,
    const char *why)
{
	report_error("%s: upgrade to TLS failed.", a->host);
	report_error(
	    "%s: %s. Ways out: \"ssl\" if it has TLS on a port of "
	    "its own; trust its CA (sslcertfile) if the certificate is the "
	    "matter; \"sslproto ''\" to send the password in clear text.",
	    a->host, why);
	err_temp(e, "", "Socket or TLS error on %s@%s", a->user, a->host);
	return PS_SOCKET;
}

static enum status connect_to(const struct account *a, struct pop3 *p,
    struct err *e)
{
	bool ssl = opt_flag(&a->o, OPT_SSL);
	const char *port = opt_text(&a->o, OPT_SERVICE);
	int64_t seconds = opt_num(&a->o, OPT_TIMEOUT);
	struct plugin_to to;

	if (port == NULL)
		port = ssl ? "995" : "110";
	if (seconds <= 0)
		seconds = 300;
	to = (struct plugin_to){ a->host, port, seconds * 1000 };
	if (plugin_connect(&p->conn, a, OPT_PLUGIN, &to, e) != ST_OK) {
		report_error("Connection errors for this poll:");
		report_error("name 0: %s", e->text);
		err_temp(e, "",
		    "POP3 connection to %s failed: is the server "
		    "up, and is port %s right?",
		    a->host, port);
		return PS_SOCKET;
	}
	if (report_verbose() && conn_peer(p->conn)[0] != '\0')
		report_note("Trying to connect to %s/%u...connected.",
		    conn_peer(p->conn), conn_peer_port(p->conn));
	return PS_SUCCESS;
}

static enum status wrap(const struct account *a, struct pop3 *p, struct err *e)
{
	struct tls_rules rules;

	make_rules(a, &rules);
	if (conn_starttls(p->conn, &rules, e) == ST_OK)
		return PS_SUCCESS;
	report_error("%s", e->text);
	err_temp(e, "", "%s: SSL connection failed.", a->host);
	return PS_SOCKET;
}

static enum status upgrade(const struct account *a, struct pop3 *p,
    enum tls_want want, struct err *e)
{
	struct tls_rules rules;
	enum status st;

	if (want == TLS_NEVER || want == TLS_WRAPPED)
		return PS_SUCCESS;
	if (!p->stls)
		return want == TLS_MUST
		    ? no_tls(a, e, "the server does not offer STLS")
		    : PS_SUCCESS;
	make_rules(a, &rules);
	st = pop3_stls(p, &rules, e);
	if (st == PS_SUCCESS)
		return st;
	report_error("%s", e->text);
	return no_tls(a, e, "TLS with it did not come about");
}

/* A server that hangs up at CAPA is asked again without it. */
static enum status open_once(const struct account *a, struct pop3 *p, bool capa,
    bool *hung_up, struct err *e)
{
	enum status st = connect_to(a, p, e);
	enum tls_want want;

	*hung_up = false;
	if (st != PS_SUCCESS)
		return st;
	want = server_tls_want(a, conn_is_loopback(p->conn));
	if (want == TLS_WRAPPED)
		st = wrap(a, p, e);
	if (st == PS_SUCCESS)
		st = pop3_greeting(p, e);
	if (st == PS_SUCCESS && capa) {
		st = pop3_capa(p, e);
		*hung_up = st == PS_SOCKET && !conn_timed_out(p->conn);
	}
	if (st == PS_SUCCESS)
		st = upgrade(a, p, want, e);
	return st;
}

/*
 * CRAM-MD5 where it is offered, then USER and PASS: a refusal of the first
 * says nothing about the second.
 */
static enum status log_in(const struct account *a, struct pop3 *p,
    struct err *e)
{
	int64_t auth = opt_num(&a->o, OPT_AUTH);
	enum status st = PS_NOMAIL;

	if (opt_num(&a->o, OPT_PROTOCOL) == PROTO_APOP)
		return pop3_apop(p, a->user, a->password, e);
	if (auth == AUTH_ANY || auth == AUTH_CRAM_MD5)
		st = pop3_auth(p, "CRAM-MD5", a->user, a->password, e);
	if (auth == AUTH_CRAM_MD5 && st == PS_NOMAIL) {
		err_temp(e, "",
		    "the server does not offer CRAM-MD5; say: "
		    "auth password");
		return PS_AUTHFAIL;
	}
	if (st == PS_NOMAIL || (st == PS_AUTHFAIL && auth == AUTH_ANY))
		st = pop3_login(p, a->user, a->password, e);
	return st;
}

/* With APOP nothing that CAPA says is needed, unless it is STLS. */
static bool wants_capa(const struct account *a)
{
	enum tls_want want = server_tls_want(a, false);

	return opt_num(&a->o, OPT_PROTOCOL) != PROTO_APOP || want == TLS_MAY ||
	    want == TLS_MUST;
}

enum status server_open(const struct account *a, struct pop3 *p, struct err *e)
{
	bool hung_up;
	enum status st = open_once(a, p, wants_capa(a), &hung_up, e);

	if (hung_up) {
		conn_close(p->conn);
		p->conn = NULL;
		st = open_once(a, p, false, &hung_up, e);
	}
	return st == PS_SUCCESS ? log_in(a, p, e) : st;
}
