/* lookup - one map, list or name question at a time. Runs in: lookup. */

#include "vdeliver/lookup.h"

#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "map/addr_find.h"
#include "map/map.h"
#include "map/maps.h"
#include "map/match_list.h"
#include "priv/ipc.h"
#include "vdeliver/relayhost.h"
#include "vdeliver/wire.h"

/* The longest value of a table, as $virtual_alias_expansion_limit allows it. */
#define VALUE_MAX 60000

struct lookup {
	const struct settings *set;
	struct maps *maps[Q_COUNT];
	struct match_list *lists[Q_COUNT];
	int64_t opened_ms;
};

/* Parameters by question; what has a list kind is a match list. */
static const struct row {
	enum question question;
	const char *param;
	size_t field;
	bool is_list;
	enum match_kind kind;
	unsigned flags;
} rows[] = {
#define FIELD(f) #f, offsetof(struct settings, f)
	{ Q_MYDESTINATION, FIELD(mydestination), true, MATCH_DOMAIN, MAP_FOLD },
	{ Q_ALIAS_DOMAINS, FIELD(virtual_alias_domains), true, MATCH_DOMAIN,
	    MAP_FOLD },
	{ Q_MAILBOX_DOMAINS, FIELD(virtual_mailbox_domains), true, MATCH_DOMAIN,
	    MAP_FOLD },
	{ Q_MYNETWORKS, FIELD(mynetworks), true, MATCH_NETWORK, MAP_FOLD },
	{ Q_LF_EXCLUSIONS, FIELD(smtpd_forbid_bare_newline_exclusions), true,
	    MATCH_NETWORK, MAP_FOLD },
	{ Q_EVENT_EXCEPTIONS, FIELD(smtpd_client_event_limit_exceptions), true,
	    MATCH_NETWORK, MAP_FOLD },
	{ Q_XCLIENT, FIELD(smtpd_authorized_xclient_hosts), true, MATCH_NETWORK,
	    MAP_FOLD },
	{ Q_XFORWARD, FIELD(smtpd_authorized_xforward_hosts), true,
	    MATCH_NETWORK, MAP_FOLD },
	{ Q_REWRITE, "local_header_rewrite_clients",
	    offsetof(struct settings, rewrite_tables), true, MATCH_NETWORK,
	    MAP_FOLD },
	{ Q_ALIAS, FIELD(virtual_alias_maps), false, 0, MAP_FOLD },
	{ Q_MAILBOX, FIELD(virtual_mailbox_maps), false, 0, MAP_DELIVERY },
	{ Q_UID, FIELD(virtual_uid_maps), false, 0, MAP_DELIVERY },
	{ Q_GID, FIELD(virtual_gid_maps), false, 0, MAP_DELIVERY },
	{ Q_PASSWORD, FIELD(smtp_sasl_password_maps), false, 0, MAP_FOLD },
};

/* Passwords are read where they are needed. */
static bool logs_in(const struct settings *set)
{
	return set->relayhost[0] != '\0' && set->smtp_sasl_auth_enable;
}

struct lookup *lookup_open(const struct settings *set)
{
	struct lookup *l = xcalloc(1, sizeof(*l));
	unsigned utf8 = set->smtputf8_enable ? MAP_UTF8 : 0;
	const struct row *r;
	struct str text;

	l->set = set;
	l->opened_ms = clock_ms();
	for (r = rows; r < rows + NELEM(rows); r++) {
		text =
		    str_c(*(const char *const *)((const char *)set + r->field));
		if (r->question == Q_PASSWORD && !logs_in(set))
			continue;
		if (r->is_list)
			l->lists[r->question] = match_list_open(r->param, text,
			    r->kind, r->flags | utf8);
		else
			l->maps[r->question] = maps_open(r->param, text,
			    set->default_database_type, r->flags | utf8);
	}
	return l;
}

static bool changed(struct lookup *l)
{
	size_t i;

	for (i = 0; i < Q_COUNT; i++)
		if ((l->lists[i] != NULL && match_list_changed(l->lists[i])) ||
		    (l->maps[i] != NULL && maps_changed(l->maps[i])))
			return true;
	return false;
}

/* A name counts when one of its addresses is the one we asked with. */
static bool name_has(const char *name, const struct addrinfo *want)
{
	struct addrinfo hints = { .ai_family = want->ai_family,
		.ai_socktype = SOCK_STREAM },
			*list, *ai;
	bool has = false;

	if (getaddrinfo(name, NULL, &hints, &list) != 0)
		return false;
	for (ai = list; ai != NULL && !has; ai = ai->ai_next)
		has = ai->ai_addrlen == want->ai_addrlen &&
		    memcmp(ai->ai_addr, want->ai_addr, ai->ai_addrlen) == 0;
	freeaddrinfo(list);
	return has;
}

static enum st peer_name(const char *addr, struct buf *val)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST,
		.ai_socktype = SOCK_STREAM },
			*ai;
	char name[NI_MAXHOST];
	enum st st = ST_NONE;

	if (getaddrinfo(addr, NULL, &hints, &ai) != 0)
		return ST_NONE;
	if (getnameinfo(ai->ai_addr, ai->ai_addrlen, name, sizeof(name), NULL,
		0, NI_NAMEREQD) == 0 &&
	    name_has(name, ai)) {
		buf_setf(val, "%s", name);
		st = ST_OK;
	}
	freeaddrinfo(ai);
	return st;
}

const char *lookup_param(enum question question)
{
	size_t i;

	for (i = 0; i < NELEM(rows); i++)
		if (rows[i].question == question)
			return rows[i].param;
	return NULL;
}

struct maps *lookup_maps(const struct lookup *l, enum question question)
{
	return l->maps[question];
}

bool lookup_broken(const struct lookup *l)
{
	size_t i;

	for (i = 0; i < Q_COUNT; i++)
		if ((l->lists[i] != NULL && match_list_broken(l->lists[i])) ||
		    (l->maps[i] != NULL && maps_broken(l->maps[i])))
			return true;
	return false;
}

bool lookup_lasts(const struct lookup *l, enum question question)
{
	if (clock_ms() - l->opened_ms < LOOKUP_GRAIN_MS)
		return false;
	if (l->lists[question] != NULL)
		return match_list_lasts(l->lists[question]);
	return l->maps[question] != NULL && maps_last(l->maps[question]);
}

void lookup_close(struct lookup *l)
{
	size_t i;

	for (i = 0; l != NULL && i < Q_COUNT; i++) {
		match_list_close(l->lists[i]);
		maps_close(l->maps[i]);
	}
	free(l);
}

enum st lookup_answer(struct lookup *l, enum question question, uint32_t flags,
    struct str key, struct buf *val, struct str *ext, struct err *e)
{
	struct addr_find how = { .delimiters = l->set->recipient_delimiter,
		.local = (flags & ASK_LOCAL) != 0 };
	char addr[64];

	*ext = STR_NONE;
	/* Who comes so far has not changed: lookup_run(). */
	if (question == Q_SAME)
		return ST_OK;
	if (question == Q_PEER_NAME) {
		if (key.n >= sizeof(addr))
			return ST_NONE;
		memcpy(addr, key.p, key.n);
		addr[key.n] = '\0';
		return peer_name(addr, val);
	}
	if (question == Q_RELAYHOST)
		return relayhost_places(l->set->relayhost,
		    l->set->inet_protocols, l->maps[Q_PASSWORD], val, e);
	if (l->lists[question] != NULL)
		return match_list_get(l->lists[question], key, e);
	return addr_find(l->maps[question], &how, key, val, ext, e);
}

static bool send_answer(int router, const struct ipc_out *o)
{
	return ipc_out_ok(o) && ipc_send_wait(router, o, -1) == IPC_OK;
}

/* --- names: each in a thread, as resolvers wait for others ----------------- */

#define NAME_STACK (256 * 1024)

struct name_errand {
	int router;
	uint32_t id;
	char addr[64];
};

static void *name_thread(void *arg)
{
	AUTO_IPC_OUT o = IPC_OUT;
	AUTO_BUF val = BUF_MAX(NI_MAXHOST);
	struct name_errand *n = arg;
	enum st st = peer_name(n->addr, &val);

	ipc_begin(&o, W_ANSWER);
	ipc_put_u32(&o, n->id);
	ipc_put_u32(&o, (uint32_t)st);
	ipc_put_u32(&o, 0);
	ipc_put_str(&o, STR_NONE);
	ipc_put_str(&o, STR_NONE);
	ipc_put_str(&o, st == ST_OK ? buf_str(&val) : STR_NONE);
	ipc_put_str(&o, STR_NONE);
	if (!send_answer(n->router, &o))
		log_warn("the router does not take a name");
	free(n);
	return NULL;
}

/* False: no thread can be had; look it up here. */
static bool name_aside(int router, uint32_t id, struct str key)
{
	struct name_errand *n = xcalloc(1, sizeof(*n));
	pthread_attr_t how;
	pthread_t t;
	bool ok;

	n->router = router;
	n->id = id;
	memcpy(n->addr, key.p, key.n);
	pthread_attr_init(&how);
	pthread_attr_setdetachstate(&how, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&how, NAME_STACK);
	ok = pthread_create(&t, &how, name_thread, n) == 0;
	pthread_attr_destroy(&how);
	if (!ok)
		free(n);
	return ok;
}

static bool handle(struct lookup *l, int router, struct ipc_in *in)
{
	AUTO_IPC_OUT o = IPC_OUT;
	AUTO_BUF val = BUF_MAX(VALUE_MAX);
	uint32_t id = ipc_get_u32(in), question = ipc_get_u32(in);
	uint32_t flags = ipc_get_u32(in);
	struct str key = ipc_get_str(in), ext;
	struct err e = { "", "" };
	enum st st;

	if (!ipc_in_ok(in) || in->type != W_ASK || question >= Q_COUNT ||
	    question == Q_PASSWORD)
		bug("malformed question from the router");
	if (question == Q_PEER_NAME &&
	    key.n < sizeof(((struct name_errand *)0)->addr) &&
	    name_aside(router, id, key))
		return true;
	st = lookup_answer(l, (enum question)question, flags, key, &val, &ext,
	    &e);
	if (val.full)
		st = err_temp(&e, "4.3.5",
		    "value of more than %d bytes for "
		    "\"%.*s\"",
		    VALUE_MAX, STR_ARG(key));
	ipc_begin(&o, W_ANSWER);
	ipc_put_u32(&o, id);
	ipc_put_u32(&o, (uint32_t)st);
	ipc_put_u32(&o, lookup_lasts(l, (enum question)question));
	ipc_put_str(&o, str_c(e.dsn));
	ipc_put_str(&o, str_c(e.text));
	ipc_put_str(&o, st == ST_OK ? buf_str(&val) : STR_NONE);
	ipc_put_str(&o, st == ST_OK ? ext : STR_NONE);
	return send_answer(router, &o);
}

void lookup_run(struct lookup *l, int router)
{
	static struct ipc_in in = { .fd = -1 };

	/* The router asks its question again when we end without an answer. */
	while (ipc_recv(router, &in) == IPC_OK)
		if (changed(l) || !handle(l, router, &in))
			break;
	_exit(0);
}
