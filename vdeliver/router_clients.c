/* router_clients - who a client is: its name, its lists. Runs in: router. */

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "vdeliver/router_state.h"

/* In this order; the others may be the same list as the first. */
static const struct list_row {
	enum question question;
	size_t field;
	enum client_flags flag;
	bool has_names; /* host names are items, too */
} lists[] = {
#define LIST(f) offsetof(struct settings, f)
	{ Q_MYNETWORKS, LIST(mynetworks), CF_TRUSTED, false },
	{ Q_LF_EXCLUSIONS, LIST(smtpd_forbid_bare_newline_exclusions),
	    CF_BARE_LF, false },
	{ Q_EVENT_EXCEPTIONS, LIST(smtpd_client_event_limit_exceptions),
	    CF_EXEMPT, true },
	{ Q_XCLIENT, LIST(smtpd_authorized_xclient_hosts), CF_XCLIENT, true },
	{ Q_XFORWARD, LIST(smtpd_authorized_xforward_hosts), CF_XFORWARD,
	    true },
	{ Q_REWRITE, LIST(rewrite_tables), CF_LOCAL, false },
#undef LIST
};

static void send_welcome(struct client *c, unsigned code, const char *dsn,
    const char *text)
{
	AUTO_IPC_OUT o = IPC_OUT;

	c->waiting = WAIT_NOTHING;
	if (access_is_local(c->front->home->access, c->addr,
		c->flags & CF_TRUSTED))
		c->flags |= CF_LOCAL;
	ipc_begin(&o, W_CONNECT_REPLY);
	ipc_put_u32(&o, c->number);
	ipc_put_u32(&o, c->flags);
	ipc_put_str(&o, str_c(c->name));
	ipc_put_u32(&o, code);
	ipc_put_str(&o, str_c(dsn));
	ipc_put_str(&o, str_c(text));
	chan_send(&c->front->chan, &o, -1);
}

bool router_over_limit(struct client *c, enum throttle_event event)
{
	struct router *r = c->front->home;
	char tag[256];
	int64_t n;

	if (c->is_unix || (c->flags & (CF_EXEMPT | CF_XCLIENT)))
		return false;
	n = throttle_event(r->throttle, c->addr, event);
	if (n == 0)
		return false;
	snprintf(tag, sizeof(tag), "%s/smtpd", r->set->syslog_name);
	log_as(tag, LOG_WARN,
	    "%s rate limit exceeded: %lld from %s[%s] for service %s",
	    throttle_name(event), (long long)n, c->name, c->addr, c->service);
	return true;
}

/* Has it too many connections? The one that comes is counted. */
static bool is_crowd(struct client *c)
{
	struct router *r = c->front->home;
	char tag[256];

	if (c->is_unix)
		return false;
	if (throttle_enter(r->throttle, c->addr,
		c->flags & (CF_EXEMPT | CF_XCLIENT))) {
		c->counted = true;
		return false;
	}
	snprintf(tag, sizeof(tag), "%s/smtpd", r->set->syslog_name);
	log_as(tag, LOG_WARN,
	    "Connection concurrency limit exceeded: %lld from %s[%s] for "
	    "service %s",
	    (long long)r->set->smtpd_client_connection_count_limit + 1, c->name,
	    c->addr, c->service);
	return true;
}

static void admit(struct client *c)
{
	char text[600];

	if (is_crowd(c) || router_over_limit(c, THROTTLE_CONNECT)) {
		snprintf(text, sizeof(text),
		    "%s Error: too many connections from %s",
		    c->front->home->set->myhostname, c->addr);
		send_welcome(c, 421, "4.7.0", text);
		return;
	}
	send_welcome(c, 0, "", "");
}

static void ask_client(struct client *c, enum question question,
    const char *key,
    void (*done)(struct question_wait *, const struct answer *))
{
	c->ask.question = question;
	c->ask.flags = 0;
	c->ask.key = str_c(key);
	c->ask.done = done;
	c->ask.sure = false;
	asking_put(c->front->home->asking, &c->ask);
}

static const char *list_text(const struct client *c, size_t i)
{
	return *(const char *const *)((const char *)c->front->home->set +
	    lists[i].field);
}

static void on_list(struct question_wait *q, const struct answer *a);

/* Ask for the next list that is not empty, nor the same as mynetworks. */
static void ask_lists(struct client *c)
{
	for (; c->list < NELEM(lists); c->list++) {
		const char *text = list_text(c, c->list);

		if (str_trim(str_c(text)).n == 0)
			continue;
		if (c->list != 0 && !c->is_unix && text == list_text(c, 0)) {
			if (c->flags & CF_TRUSTED)
				c->flags |= lists[c->list].flag;
			continue;
		}
		c->waiting = WAIT_TRUST;
		ask_client(c, lists[c->list].question,
		    c->by_name ? c->name : c->addr, on_list);
		return;
	}
	admit(c);
}

static void on_list(struct question_wait *q, const struct answer *a)
{
	struct client *c = CONTAINER_OF(q, struct client, ask);
	const struct list_row *l = &lists[c->list];

	/* When the list cannot tell, a stranger is what it is. */
	if (a->st == ST_TEMP)
		log_warn("list of clients: %s", a->text);
	if (a->st == ST_OK)
		c->flags |= l->flag;
	if (a->st == ST_TEMP && l->flag == CF_TRUSTED)
		c->trust_unknown = true;
	if (a->st == ST_NONE && l->has_names && !c->by_name &&
	    strcmp(c->name, "unknown") != 0) {
		c->by_name = true;
	} else {
		c->by_name = false;
		c->list++;
	}
	ask_lists(c);
}

static void on_name(struct question_wait *q, const struct answer *a)
{
	struct client *c = CONTAINER_OF(q, struct client, ask);

	snprintf(c->name, sizeof(c->name), "%.*s",
	    STR_ARG(a->st == ST_OK ? a->value : STR("unknown")));
	ask_lists(c);
}

void router_connect(struct client *c, struct ipc_in *in)
{
	struct str addr = ipc_get_str(in), service = ipc_get_str(in);

	if (!ipc_in_ok(in) || addr.n >= sizeof(c->addr) ||
	    service.n >= sizeof(c->service))
		bug("malformed connect from a front");
	memcpy(c->service, service.p, service.n);
	if (addr.n == 0) {
		/* Who may open the socket is trusted. */
		snprintf(c->name, sizeof(c->name), "localhost");
		snprintf(c->addr, sizeof(c->addr), "127.0.0.1");
		c->is_unix = true;
		c->flags = CF_TRUSTED;
		c->list = 1;
		ask_lists(c);
		return;
	}
	memcpy(c->addr, addr.p, addr.n);
	c->waiting = WAIT_NAME;
	if (c->front->home->set->smtpd_peername_lookup)
		ask_client(c, Q_PEER_NAME, c->addr, on_name);
	else
		on_name(&c->ask, &(struct answer){ .st = ST_NONE });
}

/* The front was told who the client is, by one who may tell. */
void router_xclient(struct client *c, struct ipc_in *in)
{
	struct str name = ipc_get_str(in), addr = ipc_get_str(in);

	if (!ipc_in_ok(in) || c->waiting != WAIT_NOTHING ||
	    !(c->flags & CF_XCLIENT) || name.n >= sizeof(c->name) ||
	    addr.n >= sizeof(c->addr))
		bug("malformed XCLIENT from a front");
	if (c->counted)
		throttle_leave(c->front->home->throttle, c->addr);
	snprintf(c->name, sizeof(c->name), "%.*s", STR_ARG(name));
	snprintf(c->addr, sizeof(c->addr), "%.*s", STR_ARG(addr));
	c->is_unix = c->counted = c->trust_unknown = c->by_name = false;
	c->flags = 0;
	c->list = 0;
	ask_lists(c);
}
