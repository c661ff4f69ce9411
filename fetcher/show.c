/* show - settings for people and programs, and mistakes in them. */

#include "fetcher/show.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/num.h"
#include "fetcher/account.h"
#include "fetcher/dump.h"
#include "fetcher/host.h"
#include "fetcher/plan.h"
#include "fetcher/report.h"
#include "fetcher/route.h"
#include "fetcher/settings.h"
#include "fetcher/status.h"
#include "fetcher/tlsplan.h"

#define FEATURES "'pop3','imap','etrn','odmr','ssl',"

static int write_out(const struct buf *text)
{
	if (!text->full && fwrite(buf_c(text), 1, text->n, stdout) == text->n &&
	    fflush(stdout) == 0)
		return PS_SUCCESS;
	report_error(text->full ? "the settings are too many to be shown"
				: "write to standard output: %m");
	return PS_IOERR;
}

static void add_accounts(struct buf *out, const struct show *s,
    const struct account *a, bool all)
{
	for (; a != NULL; a = a->next)
		if (s->cli->n == 0 || a->active)
			settings_account(out, a, all);
}

int show_version(const struct show *s)
{
	AUTO_BUF out = BUF_MAX(DUMP_MAX);
	bool all = s->cli->verbose > 0;
	struct account *first;
	enum st st = accounts_list(s->config, s->cli, &first);

	buf_addf(&out,
	    "This is %s release %s (fetcher)\n"
	    "TLS library: %s; TLS 1.2 and later.\n"
	    "Features: " FEATURES "\n"
	    "Settings: the command line and %s\n"
	    "Id file: %s\n",
	    report_prog(), PACKAGE_VERSION, OpenSSL_version(OPENSSL_VERSION),
	    s->rc, s->idfile);
	settings_global(&out, &s->config->global, all);
	add_accounts(&out, s, first, all);
	if (st == ST_NONE)
		fprintf(stderr,
		    "No mailservers set up -- perhaps %s is missing?\n", s->rc);
	return write_out(&out);
}

int show_dump(const struct show *s)
{
	AUTO_BUF out = BUF_MAX(DUMP_MAX);
	const char *set = opt_text(&s->config->global, OPT_POSTMASTER);
	struct dump_files f = { FEATURES, s->idfile, set, calling_user(),
		host_fqdn() };
	struct account *first;

	if (set == NULL)
		f.postmaster = host_default_postmaster();
	if (accounts_list(s->config, s->cli, &first) == ST_NONE)
		first = NULL; /* an empty list of servers */
	dump_config(&out, s->cli->json ? DUMP_JSON : DUMP_PYTHON, first,
	    &s->config->global, &f);
	return write_out(&out);
}

void show_plan(const struct account *first)
{
	AUTO_BUF out = BUF_MAX(DUMP_MAX);

	for (; first != NULL; first = first->next)
		plan_text(&out, first);
	if (write_out(&out) != PS_SUCCESS)
		report_error("the plan is not complete");
}

int show_explain_tls(const struct show *s)
{
	AUTO_BUF out = BUF_MAX(DUMP_MAX);
	struct account *first;
	struct err e;
	enum st st = accounts_settle(s->config, s->cli, &first, &e);

	for (; st == ST_OK && first != NULL; first = first->next)
		tlsplan_text(&out, first);
	if (st == ST_OK)
		return write_out(&out);
	report_error("%s",
	    st == ST_NONE ? "no mailservers have been specified." : e.text);
	return PS_SYNTAX;
}

int show_quote(void)
{
	AUTO_BUF in = BUF_MAX(1 << 16);
	AUTO_BUF out = BUF_MAX(1 << 18);
	struct str all, line;
	struct err e;

	if (io_slurp(STDIN_FILENO, "standard input", &in, &e) != ST_OK) {
		report_error("%s", e.text);
		return PS_IOERR;
	}
	all = buf_str(&in);
	str_cut(&all, '\n', &line);
	if (line.n != 0 && memchr(line.p, '\0', line.n) != NULL) {
		report_error("a NUL cannot stand in an rc file");
		return PS_SYNTAX;
	}
	buf_cut(&in, line.n);
	settings_quote(&out, buf_c(&in));
	buf_addch(&out, '\n');
	return write_out(&out);
}

/* --- mistakes ------------------------------------------------------------- */

static bool is_port(const struct account *a, const char *plain,
    const char *name)
{
	const char *port = opt_text(&a->o, OPT_SERVICE);

	return port != NULL &&
	    (strcmp(port, plain) == 0 || strcmp(port, name) == 0);
}

static bool clear_on_tls_port(const struct account *a)
{
	return !opt_flag(&a->o, OPT_SSL) &&
	    (is_port(a, "995", "pop3s") || is_port(a, "993", "imaps"));
}

static bool tls_on_clear_port(const struct account *a)
{
	return opt_flag(&a->o, OPT_SSL) &&
	    (is_port(a, "110", "pop3") || is_port(a, "143", "imap"));
}

static bool no_tls(const struct account *a)
{
	const char *proto = opt_text(&a->o, OPT_SSLPROTO);

	return !opt_flag(&a->o, OPT_SSL) && proto != NULL && proto[0] == '\0';
}

static bool unverified(const struct account *a)
{
	return !opt_flag(&a->o, OPT_SSLCERTCK) && !no_tls(a) &&
	    opt_text(&a->o, OPT_SSLFINGERPRINT) == NULL;
}

static bool old_tls(const struct account *a)
{
	const char *p = opt_text(&a->o, OPT_SSLPROTO);

	return p != NULL && strncasecmp(p, "ssl", 3) == 0;
}

static bool no_envelope(const struct account *a)
{
	return route_is_multidrop(a) && !opt_is_set(&a->o, OPT_ENVELOPE);
}

static bool is_again(const struct account *a)
{
	return opt_flag(&a->o, OPT_FETCHALL) && opt_flag(&a->o, OPT_KEEP);
}

static bool loses_flushed(const struct account *a)
{
	return opt_flag(&a->o, OPT_FLUSH) && opt_flag(&a->o, OPT_KEEP);
}

static bool loses_large(const struct account *a)
{
	return opt_flag(&a->o, OPT_LIMITFLUSH) && opt_num(&a->o, OPT_LIMIT) > 0;
}

static bool nobody_named(const struct account *a)
{
	return opt_list(&a->o, OPT_IS) == NULL &&
	    opt_num(&a->o, OPT_PROTOCOL) != PROTO_ETRN &&
	    opt_num(&a->o, OPT_PROTOCOL) != PROTO_ODMR;
}

static bool no_protocol(const struct account *a)
{
	return opt_num(&a->o, OPT_PROTOCOL) == PROTO_AUTO;
}

static bool is_quoted(const struct account *a)
{
	const char *p = a->password;
	size_t n = p != NULL ? strlen(p) : 0;

	return n >= 2 && (p[0] == '"' || p[0] == '\'') && p[n - 1] == p[0];
}

static bool has_blank(const struct account *a)
{
	struct str p = str_c(a->password);

	return p.n != 0 && (str_isspace(p.p[0]) || str_isspace(p.p[p.n - 1]));
}

static bool mda_and_host(const struct account *a)
{
	return opt_list(&a->o, OPT_SMTPHOST) != NULL &&
	    (opt_text(&a->o, OPT_MDA) != NULL ||
		opt_text(&a->o, OPT_BSMTP) != NULL);
}

static bool nobody_hears(const struct account *a)
{
	return !opt_flag(a->global, OPT_BOUNCEMAIL) &&
	    !opt_flag(a->global, OPT_SOFTBOUNCE);
}

/* A port is written after a slash. */
static bool colon_port(const struct account *a)
{
	const struct option_item *i;
	const char *colon;

	for (i = opt_list(&a->o, OPT_SMTPHOST); i != NULL; i = i->next) {
		colon = strchr(i->text, ':');
		if (colon != NULL && strchr(colon + 1, ':') == NULL)
			return true;
	}
	return false;
}

static const struct {
	bool (*applies)(const struct account *a);
	const char *text;
} mistakes[] = {
	{ no_protocol,
	    "no protocol is named, so IMAP and then POP3 are tried; "
	    "say: protocol pop3" },
	{ clear_on_tls_port,
	    "this port has TLS from the first octet; say: "
	    "ssl" },
	{ tls_on_clear_port,
	    "ssl wants TLS from the first octet, and this "
	    "port has it not; leave out ssl or port" },
	{ no_tls,
	    "sslproto '' sends the password in clear text; leave it out "
	    "if the server has TLS" },
	{ unverified,
	    "no sslcertck: anybody can pretend to be the server; "
	    "name its CA by sslcertfile, or pin its key by "
	    "sslfingerprint" },
	{ old_tls, "this sslproto is broken and gone; say: sslproto auto" },
	{ no_envelope,
	    "multidrop without envelope guesses recipients from To "
	    "and Cc, and gets mailing lists wrong; say: envelope "
	    "\"Delivered-To\", or what the server writes" },
	{ is_again,
	    "fetchall with keep takes everything again each time; "
	    "leave out fetchall" },
	{ loses_flushed,
	    "flush deletes what keep has kept before; leave out "
	    "one of them" },
	{ loses_large, "limitflush deletes large messages unread" },
	{ nobody_named,
	    "no local name: mail goes to the user who calls; say: "
	    "is NAME here" },
	{ is_quoted,
	    "the password has quotes as its first and last "
	    "character" },
	{ has_blank, "the password begins or ends with a blank" },
	{ mda_and_host,
	    "smtphost has no effect beside mda or bsmtp; leave out "
	    "one of them" },
	{ nobody_hears,
	    "with no bouncemail and no softbounce refused mail "
	    "tells nobody; say: set softbounce" },
	{ colon_port, "a port of smtphost is written host/port" },
};

size_t mistake_count(void)
{
	return NELEM(mistakes);
}

const char *mistake(const struct account *a, size_t n)
{
	if (n >= NELEM(mistakes))
		return NULL;
	return mistakes[n].applies(a) ? mistakes[n].text : "";
}

static size_t add_mistakes(struct buf *out, const struct account *a)
{
	const char *text;
	size_t n, found = 0;

	for (n = 0; (text = mistake(a, n)) != NULL; n++)
		if (text[0] != '\0') {
			buf_addf(out, "  # warning: %s\n", text);
			found++;
		}
	return found;
}

int show_check(const struct show *s)
{
	AUTO_BUF out = BUF_MAX(DUMP_MAX);
	struct account *first, *a;
	struct err e;
	size_t found = 0;
	enum st st = accounts_settle(s->config, s->cli, &first, &e);

	settings_global(&out, &s->config->global, false);
	for (a = first; a != NULL; a = a->next) {
		settings_account(&out, a, false);
		found += add_mistakes(&out, a);
		if (st == ST_OK)
			st = account_fits(a, &e);
	}
	if (st == ST_OK)
		buf_addf(&out, "%s can be used; %zu warning%s.\n", s->rc, found,
		    found == 1 ? "" : "s");
	if (write_out(&out) != PS_SUCCESS)
		return PS_IOERR;
	if (st == ST_OK)
		return PS_SUCCESS;
	report_error("%s",
	    st == ST_NONE ? "no mailservers have been specified." : e.text);
	return PS_SYNTAX;
}
