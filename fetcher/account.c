/* account - merge what was said into accounts, and check it. */

#include "fetcher/account.h"

#include <netdb.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/num.h"
#include "fetcher/iface.h"
#include "fetcher/report.h"
#include "fetcher/route.h"
#include "fetcher/smtphost.h"
#include "fetcher/tidings.h"

/* More processes than this help nobody. */
#define PARALLEL_MAX 500

const char *calling_user(void)
{
	static const char *const names[] = { "FETCHMAILUSER", "LOGNAME",
		"USER" };
	static char user[256];
	const struct passwd *pw;
	const char *v;
	size_t i;

	if (user[0] != '\0')
		return user;
	for (i = 0; i < NELEM(names) && user[0] == '\0'; i++) {
		v = getenv(names[i]);
		pw = v != NULL ? getpwnam(v) : NULL;
		if (pw != NULL && pw->pw_uid == getuid())
			snprintf(user, sizeof(user), "%s", v);
	}
	pw = user[0] == '\0' ? getpwuid(getuid()) : NULL;
	if (pw != NULL)
		snprintf(user, sizeof(user), "%s", pw->pw_name);
	return user;
}

static bool label_matches(const struct record *r, const char *name)
{
	const struct option_item *i;

	if (strcmp(r->label, name) == 0)
		return true;
	for (i = opt_list(&r->opts, OPT_AKA); i != NULL; i = i->next)
		if (strcasecmp(i->text, name) == 0)
			return true;
	return false;
}

static void add_record(struct config *c, const char *name)
{
	struct record *r = arena_alloc(&c->arena, sizeof(*r));

	r->label = name;
	r->wanted = true;
	*c->end = r;
	c->end = &r->next;
}

/* Which records are polled. */
static void choose(struct config *c, const struct cli *cli)
{
	struct record *r;
	bool found;
	int i;

	for (r = c->records; r != NULL && cli->n == 0; r = r->next)
		r->wanted = !r->skip;
	for (i = 0; i < cli->n; i++) {
		for (r = c->records, found = false; r != NULL; r = r->next)
			if (label_matches(r, cli->servers[i]))
				r->wanted = found = true;
		if (!found)
			add_record(c, cli->servers[i]);
	}
}

static void merge(struct config *c, const struct cli *cli,
    const struct record *r, const struct user *u, struct account *a)
{
	const struct record *d = c->defaults;

	if (d != NULL) {
		options_merge(&a->o, &d->opts, false, &c->arena);
		if (d->users != NULL)
			options_merge(&a->o, &d->users->opts, false, &c->arena);
	}
	options_merge(&a->o, &r->opts, false, &c->arena);
	if (u != NULL)
		options_merge(&a->o, &u->opts, false, &c->arena);
	options_merge(&a->o, &cli->opts, true, &c->arena);
}

/* "tls WORD" stands for ssl, sslproto and sslcertck together. */
static void settle_tls(struct options *o)
{
	const char *proto = opt_text(o, OPT_SSLPROTO);
	int64_t word = opt_num(o, OPT_TLS);

	if (word == TLS_WORD_NOT_SAID)
		return;
	options_set_num(o, OPT_SSL, word == TLS_WORD_IMPLICIT);
	o->v[OPT_SSLPROTO].set = word != TLS_WORD_OPTIONAL;
	if (word == TLS_WORD_NONE)
		o->v[OPT_SSLPROTO].text = "";
	else if (proto == NULL || proto[0] == '\0')
		o->v[OPT_SSLPROTO].text = "auto";
	if (word == TLS_WORD_OPTIONAL)
		options_set_num(o, OPT_SSLCERTCK, 0);
}

static void name_user(const struct cli *cli, const struct config *c,
    const struct user *u, struct account *a)
{
	const char *user = opt_text(&cli->opts, OPT_USER);

	if (user == NULL && u != NULL)
		user = u->remote;
	if (user == NULL && c->defaults != NULL && c->defaults->users != NULL)
		user = c->defaults->users->remote;
	a->user = user != NULL ? user : calling_user();
	a->password = opt_text(&a->o, OPT_PASSWORD);
}

/* Set to something that wants to be done. */
static bool is_used(const struct option_value *v)
{
	return v->set &&
	    (v->num != 0 || v->list != NULL ||
		(v->text != NULL && v->text[0] != '\0'));
}

static bool auth_is_built(enum auth auth, enum protocol p)
{
	bool push = p == PROTO_ETRN || p == PROTO_ODMR;

	return auth <= AUTH_CRAM_MD5 || auth == AUTH_EXTERNAL ||
	    (auth > AUTH_EXTERNAL && p != PROTO_APOP && !push) ||
	    (auth == AUTH_SSH && (p == PROTO_IMAP || p == PROTO_AUTO));
}

/* What makes no sense with some protocols: fetchmail's words. */
static const struct {
	enum option_id id;
	unsigned not_with; /* bits by enum protocol */
} misfits[] = {
#define WITH(p) (1u << PROTO_##p)
	{ OPT_FOLDER, WITH(POP3) | WITH(APOP) | WITH(ETRN) | WITH(ODMR) },
	{ OPT_MOVE, WITH(POP3) | WITH(APOP) | WITH(ETRN) | WITH(ODMR) },
	{ OPT_TRACK, WITH(POP3) | WITH(APOP) | WITH(ETRN) | WITH(ODMR) },
	{ OPT_FLUSH, WITH(ETRN) | WITH(ODMR) },
	{ OPT_KEEP, WITH(ETRN) | WITH(ODMR) },
#undef WITH
};

enum st account_fits(const struct account *a, struct err *e)
{
	unsigned bit = 1u << opt_num(&a->o, OPT_PROTOCOL);
	static const char *const names[] = { [PROTO_POP3] = "POP3",
		[PROTO_APOP] = "POP3",
		[PROTO_ETRN] = "ETRN",
		[PROTO_ODMR] = "ODMR" };
	size_t i;

	for (i = 0; i < NELEM(misfits); i++)
		if ((misfits[i].not_with & bit) != 0 &&
		    is_used(&a->o.v[misfits[i].id]))
			return err_temp(e, "",
			    "Option --%s is not supported with %s",
			    option_row(misfits[i].id)->keyword,
			    names[opt_num(&a->o, OPT_PROTOCOL)]);
	return ST_OK;
}

/* Protocols and options of the language that are yet to come. */
static enum st check_done(const struct account *a, struct err *e)
{
	enum protocol p = (enum protocol)opt_num(&a->o, OPT_PROTOCOL);
	size_t i;

	if (p > PROTO_ODMR)
		return err_temp(e, "",
		    "%s: protocol %s is not supported; "
		    "say: protocol pop3",
		    a->label, protocol_name(p));
	if (!auth_is_built((enum auth)opt_num(&a->o, OPT_AUTH), p))
		return err_temp(e, "",
		    "%s: this auth type is not supported "
		    "with %s; say: auth password",
		    a->label, protocol_name(p));
	for (i = 0; i < OPT_COUNT; i++)
		if (!option_row((enum option_id)i)->done &&
		    (is_used(&a->o.v[i]) || is_used(&a->global->v[i])))
			return err_temp(e, "", "%s: option %s is not supported",
			    a->label, option_row((enum option_id)i)->keyword);
	return ST_OK;
}

static enum st check_service(const struct account *a, struct err *e)
{
	const char *service = opt_text(&a->o, OPT_SERVICE);
	uint64_t port;

	if (service == NULL || getservbyname(service, "tcp") != NULL ||
	    (num_u64(str_c(service), 65535, &port) && port > 0))
		return ST_OK;
	return err_temp(e, "",
	    "%s configuration invalid, specify positive "
	    "port number for service or port",
	    a->label);
}

static enum st check_lmtp(const struct account *a, struct err *e)
{
	const struct option_item *i = opt_list(&a->o, OPT_SMTPHOST);
	struct smtphost h;

	if (!opt_flag(&a->o, OPT_LMTP))
		return ST_OK;
	for (; i != NULL; i = i->next)
		if (i->text[0] == '/' ||
		    (smtphost_parse(i->text, &h, e) == ST_OK &&
			strcmp(h.port, "25") != 0))
			return ST_OK;
	return err_temp(e, "",
	    "%s configuration invalid, LMTP can't use "
	    "default SMTP port",
	    a->label);
}

/* They are put in with quotes around them: more would end those. */
static enum st check_mda(const struct account *a, struct err *e)
{
	const char *c = opt_text(&a->o, OPT_MDA);
	char quote = '\0';

	for (; c != NULL && *c != '\0'; c++) {
		if (quote == '\0' && (*c == '\'' || *c == '"'))
			quote = *c;
		else if (*c == quote)
			quote = '\0';
		else if (*c == '\\' && quote != '\'' && c[1] != '\0')
			c++;
		else if (quote != '\0' && *c == '%' &&
		    (c[1] == 'T' || c[1] == 'F'))
			return err_temp(e, "",
			    "%s: %%%c must not stand in quotes in mda; it "
			    "gets its own: leave out the quotes",
			    a->label, c[1]);
	}
	return ST_OK;
}

static enum st check_smtphost(const struct account *a, struct err *e)
{
	const struct option_item *i = opt_list(&a->o, OPT_SMTPHOST);
	struct smtphost h;
	enum st st = ST_OK;

	for (; i != NULL && st == ST_OK; i = i->next)
		st = smtphost_parse(i->text, &h, e);
	return st;
}

static enum st check_interface(const struct account *a, struct err *e)
{
	const char *spec = opt_text(&a->o, OPT_INTERFACE);

	return spec != NULL ? iface_check(spec, e) : ST_OK;
}

static enum st check_global(const struct account *a, struct err *e)
{
	return tidings_check(a->global, e);
}

static enum st check_nomail_status(const struct account *a, struct err *e)
{
	int64_t n = opt_num(a->global, OPT_NOMAILSTATUS);

	return n >= 0 && n <= 1
	    ? ST_OK
	    : err_temp(e, "", "nomail-status is 0 or 1, not %lld",
		  (long long)n);
}

static enum st check_parallel(const struct account *a, struct err *e)
{
	static const enum option_id ids[] = { OPT_PARALLEL,
		OPT_PARALLELPERHOST };
	size_t i;

	for (i = 0; i < NELEM(ids); i++)
		if (opt_num(a->global, ids[i]) < 1 ||
		    opt_num(a->global, ids[i]) > PARALLEL_MAX)
			return err_temp(e, "", "%s is 1 to %d, not %lld",
			    option_row(ids[i])->keyword, PARALLEL_MAX,
			    (long long)opt_num(a->global, ids[i]));
	return ST_OK;
}

/* Where what was delivered goes must not be fetched from. */
static enum st check_move(const struct account *a, struct err *e)
{
	const char *to = opt_text(&a->o, OPT_MOVE);
	const struct option_item *i = opt_list(&a->o, OPT_FOLDER);
	bool same = to != NULL && i == NULL && strcasecmp(to, "INBOX") == 0;

	for (; to != NULL && i != NULL; i = i->next)
		same |= strcmp(i->text, to) == 0;
	if (same)
		return err_temp(e, "",
		    "%s: move \"%s\": mail is fetched from there; name "
		    "another folder",
		    a->label, to);
	if (to != NULL && opt_flag(&a->o, OPT_KEEP))
		return err_temp(e, "",
		    "%s: keep leaves mail where it is, and move does not; "
		    "leave out one of them",
		    a->label);
	return ST_OK;
}

static enum st check_secret(const struct account *a, struct err *e)
{
	if ((opt_text(&a->o, OPT_PASSWORD) != NULL) +
		(opt_text(&a->o, OPT_PASSWORDEVAL) != NULL) +
		(opt_text(&a->o, OPT_PASSWORDFILE) != NULL) <=
	    1)
		return ST_OK;
	return err_temp(e, "",
	    "%s: password, passwordeval and passwordfile: only one of them "
	    "can be the password of %s",
	    a->label, a->user);
}

/* In this order; the first that fails is told. */
static enum st (*const checks[])(const struct account *a, struct err *e) = {
	check_service,
	check_smtphost,
	check_lmtp,
	check_mda,
	check_interface,
	check_secret,
	check_move,
	check_nomail_status,
	check_parallel,
	check_global,
	check_done,
};

static struct account *add_account(struct config *c, const struct cli *cli,
    const struct record *r, const struct user *u, struct account ***end)
{
	struct account *a = arena_alloc(&c->arena, sizeof(*a));
	const char *via;

	a->label = r->label;
	a->active = r->wanted;
	merge(c, cli, r, u, a);
	settle_tls(&a->o);
	via = opt_text(&a->o, OPT_VIA);
	a->host = via != NULL ? via : r->label;
	a->rc_dir = c->rc_dir;
	a->global = &c->global;
	name_user(cli, c, u, a);
	**end = a;
	*end = &a->next;
	return a;
}

/* The users of a record, each an account. */
static void add_accounts(struct config *c, const struct cli *cli,
    const struct record *r, struct account ***end)
{
	const struct user *u = r->users;
	size_t number = 0;

	do {
		add_account(c, cli, r, u, end)->number_in_record = number++;
		u = u != NULL ? u->next : NULL;
	} while (u != NULL);
}

enum st accounts_list(struct config *c, const struct cli *cli,
    struct account **first)
{
	struct account **end = first;
	const struct record *r;

	*first = NULL;
	choose(c, cli);
	for (r = c->records; r != NULL; r = r->next)
		add_accounts(c, cli, r, &end);
	return c->records != NULL ? ST_OK : ST_NONE;
}

/* Those that are polled, of a list of all. */
static void drop_inactive(struct account **first)
{
	while (*first != NULL)
		if ((*first)->active)
			first = &(*first)->next;
		else
			*first = (*first)->next;
}

/* Who waits in one folder does not come to another, nor to another account. */
static enum st check_idle(const struct account *first, struct err *e)
{
	const struct option_item *folder;
	const struct account *a;

	for (a = first; a != NULL; a = a->next) {
		folder = opt_list(&a->o, OPT_FOLDER);
		if (opt_flag(&a->o, OPT_IDLE) &&
		    (first->next != NULL ||
			(folder != NULL &&
			    (folder->next != NULL ||
				strchr(folder->text, '*') != NULL))))
			return err_temp(e, "",
			    "Error: idle mode does not work for multiple "
			    "folders or accounts!");
	}
	return ST_OK;
}

enum st accounts_settle(struct config *c, const struct cli *cli,
    struct account **first, struct err *e)
{
	const struct account *a;
	size_t i;
	enum st st = accounts_list(c, cli, first);

	drop_inactive(first);
	for (a = *first; a != NULL; a = a->next)
		for (i = 0; i < NELEM(checks) && st == ST_OK; i++)
			st = checks[i](a, e);
	return st == ST_OK ? check_idle(*first, e) : st;
}

/* --- what is odd ---------------------------------------------------------- */

static const struct {
	const char *port, *service;
	bool tls; /* from the first octet */
	const char *need;
} ports[] = {
	{ "110", "pop3", false, "port 995/service pop3s for --ssl" },
	{ "143", "imap", false, "port 993/service imaps for --ssl" },
	{ "993", "imaps", true, "--ssl for port 993/service imaps" },
	{ "995", "pop3s", true, "--ssl for port 995/service pop3s" },
};

static void warn_of_port(const struct account *a)
{
	const char *port = opt_text(&a->o, OPT_SERVICE);
	bool ssl = opt_flag(&a->o, OPT_SSL);
	size_t i;

	for (i = 0; i < NELEM(ports) && port != NULL; i++) {
		if (strcmp(port, ports[i].port) != 0 &&
		    strcmp(port, ports[i].service) != 0)
			continue;
		if (ports[i].tls != ssl)
			report_error("WARNING: %s configuration invalid, you "
				     "normally need %s.",
			    a->label, ports[i].need);
	}
}

static void warn_of_envelope(const struct account *a)
{
	if (!route_is_multidrop(a) || opt_is_set(&a->o, OPT_ENVELOPE))
		return;
	report_error("warning: multidrop for %s requires envelope option!",
	    a->label);
	report_error("warning: without it recipients are guessed from To and "
		     "Cc, and much goes to the postmaster");
}

void accounts_warn(const struct account *first, bool again_and_again)
{
	const struct account *a;
	bool loops = false;

	for (a = first; a != NULL; a = a->next) {
		warn_of_port(a);
		warn_of_envelope(a);
		loops |= (again_and_again || opt_flag(&a->o, OPT_IDLE)) &&
		    opt_flag(&a->o, OPT_FETCHALL) && opt_flag(&a->o, OPT_KEEP);
	}
	if (loops)
		fprintf(stderr,
		    "Both fetchall and keep on in daemon or idle mode is a "
		    "mistake!\n");
}
