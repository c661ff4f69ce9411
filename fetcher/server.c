/* server - connect, TLS, log in. Runs in: poll child. */

#include "fetcher/server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "fetcher/method.h"
#include "fetcher/plugin.h"
#include "fetcher/report.h"
#include "fetcher/secret.h"

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
		.ca_default =
		    getenv("FETCHMAIL_INCLUDE_DEFAULT_X509_CA_CERTS") != NULL,
		.cert = opt_text(&a->o, OPT_SSLCERT),
		.key = opt_text(&a->o, OPT_SSLKEY),
		.fingerprint = opt_text(&a->o, OPT_SSLFINGERPRINT),
	};
	set_versions(a, r);
}

/* Who will have it without sslcertck hears what it costs. */
static void warn_of(const struct account *a, const struct conn *c)
{
	char text[512];

	if (opt_flag(&a->o, OPT_SSLCERTCK) ||
	    !conn_doubt(c, text, sizeof(text)))
		return;
	report_error("%s", text);
	report_error("Warning: the connection to %s is not safe: anybody may "
		     "be at its other end (see sslcertck).",
	    a->host);
}

/* e: why. */
static enum status no_tls(const struct account *a, struct err *e)
{
	report_error("%s: upgrade to TLS failed.", a->host);
	report_error(
	    "%s: %s. Ways out: \"ssl\" if it has TLS on a port of "
	    "its own; trust its CA (sslcertfile) if the certificate is the "
	    "matter; \"sslproto ''\" to send the password in clear text.",
	    a->host, e->text);
	err_temp(e, "", "Socket or TLS error on %s@%s", a->user, a->host);
	return PS_SOCKET;
}

enum status server_connect(const struct account *a, const char *name,
    const char *port, struct conn **c, struct err *e)
{
	const char *service = opt_text(&a->o, OPT_SERVICE);
	int64_t seconds = opt_num(&a->o, OPT_TIMEOUT);
	struct plugin_to to;

	if (service != NULL)
		port = service;
	if (seconds <= 0)
		seconds = 300;
	to = (struct plugin_to){ a->host, port, seconds * 1000 };
	if (plugin_connect(c, a, OPT_PLUGIN, &to, e) != ST_OK) {
		plugin_tell_failed(name, &to, e);
		return PS_SOCKET;
	}
	plugin_tell_connected(*c);
	return PS_SUCCESS;
}

enum status server_wrap(const struct account *a, struct conn *c, struct err *e)
{
	struct tls_rules rules;

	make_rules(a, &rules);
	if (conn_starttls(c, &rules, e) == ST_OK) {
		warn_of(a, c);
		return PS_SUCCESS;
	}
	report_error("%s", e->text);
	err_temp(e, "", "%s: SSL connection failed.", a->host);
	return PS_SOCKET;
}

/*
 * Who says that we are logged in before TLS may be anybody, and there is no
 * way to TLS from there; loopback is no excuse.
 */
static enum status refuse_preauth(const struct account *a, struct err *e)
{
	report_error("%s: configuration requires TLS, but the server has "
		     "logged us in before that (PREAUTH). Ways out: \"ssl\", "
		     "or \"sslproto ''\".",
	    a->host);
	err_temp(e, "", "Socket or TLS error on %s@%s", a->user, a->host);
	return PS_SOCKET;
}

static enum status upgrade(const struct account *a, struct proto *p,
    enum tls_want want, struct err *e)
{
	struct tls_rules rules;
	enum status st;

	if (want == TLS_NEVER || want == TLS_WRAPPED)
		return PS_SUCCESS;
	if (p->logged_in)
		return server_tls_want(a, false) == TLS_MUST
		    ? refuse_preauth(a, e)
		    : PS_SUCCESS;
	if (!p->tls_offered && want != TLS_MUST)
		return PS_SUCCESS;
	if (!p->tls_offered) {
		err_temp(e, "", "the server does not offer %s",
		    p->ops->tls_verb);
		return no_tls(a, e);
	}
	make_rules(a, &rules);
	st = p->ops->start_tls(p, &rules, e);
	if (st == PS_SUCCESS) {
		warn_of(a, p->conn);
		return st;
	}
	report_error("%s", e->text);
	err_temp(e, "", "TLS with it did not come about");
	return no_tls(a, e);
}

static enum status connect_to(const struct account *a, struct proto *p,
    struct err *e)
{
	const struct proto_ops *ops = p->ops;
	bool ssl = opt_flag(&a->o, OPT_SSL);

	enum status st = server_connect(a, ops->name,
	    ssl ? ops->ssl_port : ops->port, &p->conn, e);

	p->silent = st != PS_SUCCESS && errno == ETIMEDOUT;
	return st;
}

/* A server that hangs up at CAPA is asked again without it. */
static enum status open_once(const struct account *a, struct proto *p,
    bool capa, bool *hung_up, struct err *e)
{
	enum status st = connect_to(a, p, e);
	enum tls_want want;

	*hung_up = false;
	if (st != PS_SUCCESS)
		return st;
	want = server_tls_want(a, conn_is_loopback(p->conn));
	if (want == TLS_WRAPPED)
		st = server_wrap(a, p->conn, e);
	if (st == PS_SUCCESS)
		st = p->ops->greet(p, e);
	if (st == PS_SUCCESS && capa) {
		st = p->ops->capa(p, e);
		*hung_up = st == PS_SOCKET && p->ops->capa_is_optional &&
		    !conn_timed_out(p->conn);
	}
	if (st == PS_SUCCESS)
		st = upgrade(a, p, want, e);
	return st;
}

/* With APOP nothing that CAPA says is needed, unless it is STLS. */
static bool wants_capa(const struct account *a)
{
	enum tls_want want = server_tls_want(a, false);

	return opt_num(&a->o, OPT_PROTOCOL) != PROTO_APOP || want == TLS_MAY ||
	    want == TLS_MUST;
}

static enum status open_and_login(const struct proto_ops *ops,
    const struct account *a, const struct poll_how *how, struct proto **p,
    struct err *e)
{
	enum status st;
	bool hung_up;

	proto_free(*p);
	*p = proto_new(ops, a, how);
	st = open_once(a, *p, wants_capa(a), &hung_up, e);
	if (hung_up) {
		proto_free(*p);
		*p = proto_new(ops, a, how);
		st = open_once(a, *p, false, &hung_up, e);
	}
	if (st != PS_SUCCESS || (*p)->logged_in)
		return st;
	return (*p)->ops->login(*p, e);
}

/*
 * A token may have expired: once, a fresh one is asked for. A session of its
 * own: some servers end the one with the refusal.
 */
static enum status open_by(const struct proto_ops *ops, const struct account *a,
    const struct poll_how *how, struct proto **p, struct err *e)
{
	struct account *own = (struct account *)a; /* this process's own */
	enum status st = open_and_login(ops, a, how, p, e);
	struct err why;

	if (st != PS_AUTHFAIL || !method_wants_token(a))
		return st;
	switch (secret_renew(own, &why)) {
	case ST_OK:
		report_note("%s; once more, with a fresh token", e->text);
		return open_and_login(ops, a, how, p, e);
	case ST_NONE:
		return st;
	default:
		report_error("%s", why.text);
		return st;
	}
}

/* Who serves a protocol; those of auto in their order. */
static const struct {
	enum protocol protocol;
	const struct proto_ops *ops;
} rows[] = {
	{ PROTO_POP3, &pop3_ops },
	{ PROTO_APOP, &pop3_ops },
	{ PROTO_IMAP, &imap_ops },
	{ PROTO_AUTO, &imap_ops },
	{ PROTO_AUTO, &pop3_ops },
};

/* Auto goes on to the next when nobody is there, or talks something else. */
static bool is_elsewhere(enum status st)
{
	return st == PS_SOCKET || st == PS_PROTOCOL;
}

enum status server_open(const struct account *a, const struct poll_how *how,
    struct proto **p, struct err *e)
{
	int64_t protocol = opt_num(&a->o, OPT_PROTOCOL);
	enum status st = PS_PROTOCOL;
	size_t i;

	for (i = 0; i < NELEM(rows) && is_elsewhere(st); i++) {
		if (rows[i].protocol != protocol)
			continue;
		if (*p != NULL && e->text[0] != '\0')
			report_error("%s", e->text);
		st = open_by(rows[i].ops, a, how, p, e);
	}
	return st;
}
