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
#include "fetcher/report.h"

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
	return auth <= AUTH_CRAM_MD5 || auth == AUTH_EXTERNAL ||
	    (auth == AUTH_SSH && (p == PROTO_IMAP || p == PROTO_AUTO));
}

/* What makes no sense with some protocols: fetchmail's words. */
static const struct {
	enum option_id id;
	unsigned not_with; /* bits by enum protocol */
} misfits[] = {
#define WITH(p) (1u << PROTO_##p)
	{ OPT_FOLDER, WITH(POP3) | WITH(APOP) | WITH(ETRN) | WITH(ODMR) },
	{ OPT_FLUSH, WITH(ETRN) | WITH(ODMR) },
	{ OPT_KEEP, WITH(ETRN) | WITH(ODMR) },
#undef WITH
};

static enum st check_fits(const struct account *a, enum protocol p,
    struct err *e)
{
	static const char *const names[] = { [PROTO_POP3] = "POP3",
		[PROTO_APOP] = "POP3",
		[PROTO_ETRN] = "ETRN",
		[PROTO_ODMR] = "ODMR" };
	size_t i;

	for (i = 0; i < NELEM(misfits); i++)
		if ((misfits[i].not_with & 1u << p) != 0 &&
		    is_used(&a->o.v[misfits[i].id]))
			return err_temp(e, "",
			    "Option --%s is not supported with %s",
			    option_row(misfits[i].id)->keyword, names[p]);
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
	if (check_fits(a, p, e) != ST_OK)
		return ST_TEMP;
	for (i = 0; i < OPT_COUNT; i++)
		if (!option_row((enum option_id)i)->done &&
		    (is_used(&a->o.v[i]) || is_used(&a->global->v[i])))
			return err_temp(e, "",
			    "%s: option %s is not supported "
			    "yet",
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
	const char *slash;

	if (!opt_flag(&a->o, OPT_LMTP))
		return ST_OK;
	for (; i != NULL; i = i->next) {
		slash = strchr(i->text, '/');
		if (slash != NULL && strcmp(slash, "/25") != 0)
			return ST_OK;
	}
	return err_temp(e, "",
	    "%s configuration invalid, LMTP can't use "
	    "default SMTP port",
	    a->label);
}

static enum st settle_one(struct config *c, const struct cli *cli,
    const struct record *r, const struct user *u, size_t number,
    struct account ***end, struct err *e)
{
	struct account *a = arena_alloc(&c->arena, sizeof(*a));
	const char *via;

	a->label = r->label;
	a->number_in_record = number;
	merge(c, cli, r, u, a);
	via = opt_text(&a->o, OPT_VIA);
	a->host = via != NULL ? via : r->label;
	a->global = &c->global;
	name_user(cli, c, u, a);
	if (check_service(a, e) != ST_OK || check_lmtp(a, e) != ST_OK ||
	    check_done(a, e) != ST_OK)
		return ST_TEMP;
	**end = a;
	*end = &a->next;
	return ST_OK;
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
			(folder != NULL && folder->next != NULL)))
			return err_temp(e, "",
			    "Error: idle mode does not work for multiple "
			    "folders or accounts!");
	}
	return ST_OK;
}

enum st accounts_settle(struct config *c, const struct cli *cli,
    struct account **first, struct err *e)
{
	struct account **end = first;
	const struct record *r;
	const struct user *u;
	size_t number;

	*first = NULL;
	choose(c, cli);
	if (c->records == NULL)
		return ST_NONE;
	for (r = c->records; r != NULL; r = r->next) {
		if (!r->wanted)
			continue;
		u = r->users;
		number = 0;
		do {
			if (settle_one(c, cli, r, u, number++, &end, e) !=
			    ST_OK)
				return ST_TEMP;
			u = u != NULL ? u->next : NULL;
		} while (u != NULL);
	}
	return check_idle(*first, e);
}
