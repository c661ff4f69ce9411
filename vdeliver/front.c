/*
 * front - sockets, timers and the event loop around the sessions.
 * Runs in: front.
 *
 * A connection is known to the router from its first moment on (W_CONNECT, by
 * which it gets its name) to its last (W_GONE).
 */

#include "vdeliver/front.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ev.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/io.h"
#include "base/list.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "priv/ipc.h"
#include "vdeliver/chan.h"
#include "vdeliver/client.h"
#include "vdeliver/session.h"
#include "vdeliver/throttle.h"
#include "vdeliver/wire.h"

/* How long nothing is accepted when the system is short of something. */
#define REST_SECONDS 1.0

static struct str number_key(const uint32_t *n)
{
	return (struct str){ (const char *)n, sizeof(*n) };
}

/* --- requests to the router ---------------------------------------------- */

static void put_rcpt(struct client *c, struct ipc_out *o)
{
	const struct session_rcpt *r = &c->session->rcpt;

	ipc_put_u32(o, (uint32_t)c->txn);
	ipc_put_u32(o, (r->verify ? WF_VRFY : 0) | (r->routed ? WF_ROUTED : 0));
	ipc_put_str(o, r->original);
	ipc_put_str(o, r->address);
	ipc_put_str(o, r->orcpt);
	ipc_put_str(o, r->notify);
	ipc_put_u64(o, c->session->mail.size_hint);
}

static void put_commit(struct client *c, struct ipc_out *o)
{
	const struct session_mail *m = &c->session->mail;
	bool in_memory = spool_fd(&m->spool) < 0;

	ipc_put_u32(o, (uint32_t)c->txn);
	ipc_put_u32(o,
	    (c->proto == LISTEN_LMTP ? WF_LMTP : 0) |
		(m->body_8bit ? WF_8BIT : 0) | (m->smtputf8 ? WF_UTF8 : 0));
	ipc_put_str(o, str_c(m->qid));
	ipc_put_str(o, m->sender);
	ipc_put_str(o, m->ret);
	ipc_put_str(o, m->envid);
	ipc_put_u64(o, spool_size(&m->spool));
	ipc_put_u64(o, (uint64_t)m->start_ms);
	ipc_put_str(o, in_memory ? spool_inline(&m->spool) : STR_NONE);
}

static void peer_text(const struct sockaddr_storage *sa, char text[])
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)sa;

	text[0] = '\0';
	if (sa->ss_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)sa)->sin_addr,
		    text, INET6_ADDRSTRLEN);
	else if (sa->ss_family == AF_INET6)
		inet_ntop(AF_INET6, &v6->sin6_addr, text, INET6_ADDRSTRLEN);
}

/* Where the client came in, as Postfix names a service: "127.0.0.1:25". */
static void put_service(struct client *c, struct ipc_out *o)
{
	struct sockaddr_storage sa = { 0 };
	socklen_t n = sizeof(sa);
	char addr[INET6_ADDRSTRLEN] = "", text[80];
	unsigned port;

	if (getsockname(c->fd, (struct sockaddr *)&sa, &n) == 0)
		peer_text(&sa, addr);
	/* At the same place in both families. */
	port = ntohs(((const struct sockaddr_in *)&sa)->sin_port);
	snprintf(text, sizeof(text), "%s:%u", addr, port);
	ipc_put_str(o, str_c(addr[0] != '\0' ? text : "unix"));
}

static void send_request(struct client *c)
{
	static const enum wire types[] = { [REQ_CONNECT] = W_CONNECT,
		[REQ_XCLIENT] = W_XCLIENT,
		[REQ_EVENT] = W_EVENT,
		[REQ_RCPT] = W_RCPT,
		[REQ_COMMIT] = W_COMMIT };
	AUTO_IPC_OUT o = IPC_OUT;
	int fd = -1;

	ipc_begin(&o, types[c->request]);
	ipc_put_u32(&o, c->number);
	if (c->request == REQ_CONNECT) {
		ipc_put_str(&o, str_c(c->addr));
		put_service(c, &o);
	} else if (c->request == REQ_EVENT) {
		ipc_put_u32(&o,
		    c->session->event == EVENT_TLS ? THROTTLE_TLS
						   : THROTTLE_MAIL);
	} else if (c->request == REQ_XCLIENT) {
		ipc_put_str(&o, str_c(c->session->claim.name));
		ipc_put_str(&o, str_c(c->session->claim.addr));
	} else if (c->request == REQ_RCPT) {
		put_rcpt(c, &o);
	} else {
		put_commit(c, &o);
		fd = spool_fd(&c->session->mail.spool);
	}
	c->sent = true;
	/* Its name may take long, and holds up no other client. */
	c->aside = c->request == REQ_CONNECT;
	c->home->unanswered += !c->aside;
	chan_send(&c->home->router, &o, fd);
}

static void feed_router(struct server *s)
{
	struct list *l;

	while (s->unanswered < WIRE_FRONT_WINDOW &&
	    (l = list_pop(&s->waiting)) != NULL)
		send_request(CONTAINER_OF(l, struct client, link));
}

void front_request(struct client *c, enum request what)
{
	c->request = what;
	c->sent = false;
	c->txn = c->session != NULL ? c->session->txn : 0;
	c->reply_have = 0;
	list_add_tail(&c->home->waiting, &c->link);
	feed_router(c->home);
}

/* The answer is there: the client may ask the next thing. */
static void answered(struct client *c)
{
	c->request = REQ_NONE;
	c->sent = false;
	c->home->unanswered -= !c->aside;
	feed_router(c->home);
}

/* --- connections come and go --------------------------------------------- */

static void set_accepting(struct server *s)
{
	bool want = !s->draining && !s->resting && s->count < s->max;
	size_t i;

	if (want == s->accepting)
		return;
	s->accepting = want;
	for (i = 0; i < s->n; i++)
		if (want)
			ev_io_start(s->loop, &s->listeners[i].io);
		else
			ev_io_stop(s->loop, &s->listeners[i].io);
}

static void end_if_drained(struct server *s)
{
	if (s->draining && s->count == 0)
		_exit(0);
}

void front_forget(struct client *c)
{
	struct server *s = c->home;
	AUTO_IPC_OUT o = IPC_OUT;

	client_stop(c);
	/* Its answer will come, and will find nobody. */
	if (c->request != REQ_NONE && c->sent)
		s->unanswered -= !c->aside;
	list_del(&c->link);
	ipc_begin(&o, W_GONE);
	ipc_put_u32(&o, c->number);
	if (c->request != REQ_CONNECT || c->sent)
		chan_send(&s->router, &o, -1);
	hash_del(s->clients, number_key(&c->number));
	session_free(c->session);
	buf_clear(&c->in);
	tls_pipe_free(c->tls);
	arena_clear(&c->reply_arena);
	fd_clear(&c->fd);
	free(c);
	s->count--;
	feed_router(s);
	set_accepting(s);
	end_if_drained(s);
}

static void add_client(struct listener *l, int fd,
    const struct sockaddr_storage *sa)
{
	struct server *s = l->home;
	struct client *c = xcalloc(1, sizeof(*c));
	int on = 1;

	c->home = s;
	c->fd = fd;
	c->proto = l->what.proto;
	c->wrapped = l->what.tls;
	peer_text(sa, c->addr);
	if (!l->what.is_unix)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	client_init(c);
	do
		c->number = ++s->last_number;
	while (hash_get(s->clients, number_key(&c->number)) != NULL);
	hash_put(s->clients, number_key(&c->number), c);
	s->count++;
	front_request(c, REQ_CONNECT);
	set_accepting(s);
}

static bool is_shortage(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM ||
	    error == ENOBUFS;
}

/* The one that could not be accepted stays where it is, and would wake us
 * again and again. */
static void rest(struct server *s)
{
	log_warn("accept: %m; raise the limit of open files");
	s->resting = true;
	set_accepting(s);
	ev_timer_set(&s->rest, REST_SECONDS, 0);
	ev_timer_start(s->loop, &s->rest);
}

static void on_rested(struct ev_loop *loop, struct ev_timer *t, int events)
{
	struct server *s = CONTAINER_OF(t, struct server, rest);

	(void)loop;
	(void)events;
	s->resting = false;
	set_accepting(s);
}

static void on_accept(struct ev_loop *loop, struct ev_io *w, int events)
{
	struct listener *l = CONTAINER_OF(w, struct listener, io);
	struct sockaddr_storage sa = { 0 };
	socklen_t n = sizeof(sa);
	int fd;

	(void)loop;
	(void)events;
	fd = accept4(w->fd, (struct sockaddr *)&sa, &n,
	    SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0)
		add_client(l, fd, &sa);
	else if (is_shortage(errno))
		rest(l->home);
}

/* --- answers of the router ----------------------------------------------- */

static char *keep(struct client *c, struct str s)
{
	return arena_strz(&c->reply_arena, s);
}

static struct session_client client_of(const struct client *c, unsigned flags,
    const char *name, const char *addr)
{
	return (struct session_client){ .name = name,
		.addr = addr,
		.local = flags & CF_LOCAL,
		.trusted = flags & CF_TRUSTED,
		.tls = c->wrapped,
		.unix_socket = c->addr[0] == '\0',
		.xclient_ok = flags & CF_XCLIENT,
		.xforward_ok = flags & CF_XFORWARD,
		.bare_lf_ok = flags & CF_BARE_LF,
		.lf_dot_ok = (flags & CF_BARE_LF) && c->home->lf_dot_set };
}

static void greet(struct client *c, const struct session_client *who,
    const struct session_reply *no)
{
	char early[READ_CHUNK];
	ssize_t n = 0;

	c->session = session_new(c->home->env, who,
	    c->proto == LISTEN_LMTP ? SESSION_LMTP : SESSION_SMTP);
	c->session->owner = c;
	if (!c->wrapped)
		n = recv(c->fd, early, sizeof(early), MSG_PEEK | MSG_DONTWAIT);
	if (no == NULL)
		session_start(c->session,
		    (struct str){ early, n > 0 ? (size_t)n : 0 });
	else
		session_refuse(c->session, no);
	/* Who waits for a handshake reads no clear text. */
	if (no != NULL && c->wrapped)
		buf_reset(&c->session->out);
}

/* The first answer, or the one to XCLIENT. */
static void on_connect_reply(struct client *c, struct ipc_in *in)
{
	unsigned flags = ipc_get_u32(in);
	const char *name = keep(c, ipc_get_str(in));
	struct session_reply no = { .code = (int)ipc_get_u32(in) };
	const char *addr = c->addr[0] != '\0' ? c->addr : "127.0.0.1";
	struct session_client who;

	no.dsn = keep(c, ipc_get_str(in));
	no.text = keep(c, ipc_get_str(in));
	if (c->session != NULL)
		addr = keep(c, str_c(c->session->claim.addr));
	who = client_of(c, flags, name, addr);
	answered(c);
	if (c->session == NULL)
		greet(c, &who, no.code != 0 ? &no : NULL);
	else
		session_resume_xclient(c->session, &who,
		    no.code != 0 ? &no : NULL);
	arena_clear(&c->reply_arena);
	/* It came while we were told to end. */
	if (c->home->stopping && c->session->wish != WISH_CLOSE)
		session_shutdown(c->session);
	client_go_on(c);
}

static void on_event_reply(struct client *c, struct ipc_in *in)
{
	bool over = ipc_get_u32(in) != 0;

	answered(c);
	session_resume_event(c->session, over);
	client_go_on(c);
}

static void on_rcpt_reply(struct client *c, struct ipc_in *in)
{
	struct session_reply r;

	ipc_get_u32(in);
	r.code = (int)ipc_get_u32(in);
	r.dsn = keep(c, ipc_get_str(in));
	r.text = keep(c, ipc_get_str(in));
	c->session->rcpt.logged = ipc_get_u32(in) != 0;
	answered(c);
	session_resume_rcpt(c->session, &r);
	arena_clear(&c->reply_arena);
	client_go_on(c);
}

/* One message for each recipient (LMTP), or one alone. */
static void on_commit_reply(struct client *c, struct ipc_in *in)
{
	uint32_t at, n;
	struct session_reply *r;

	ipc_get_u32(in);
	at = ipc_get_u32(in);
	n = ipc_get_u32(in);
	if (n == 0 || at >= n || at != c->reply_have)
		bug("replies of the router are out of step");
	if (at == 0) {
		c->replies = arena_array(&c->reply_arena, n, sizeof(*r));
		c->reply_count = n;
	}
	r = &c->replies[c->reply_have++];
	r->code = (int)ipc_get_u32(in);
	r->dsn = keep(c, ipc_get_str(in));
	r->text = keep(c, ipc_get_str(in));
	if (c->reply_have != c->reply_count)
		return;
	answered(c);
	session_resume_commit(c->session, c->replies, c->reply_count);
	arena_clear(&c->reply_arena);
	if (c->home->stopping)
		session_shutdown(c->session);
	client_go_on(c);
}

/* The mailbox is locked by others: the other clients go on. */
static void on_commit_waits(struct client *c, struct ipc_in *in)
{
	(void)in;
	c->home->unanswered -= !c->aside;
	c->aside = true;
	feed_router(c->home);
}

static void on_router(struct chan *chan, struct ipc_in *in, void *arg)
{
	static const struct {
		enum wire type;
		enum request request;
		void (*run)(struct client *, struct ipc_in *);
	} rows[] = {
		{ W_CONNECT_REPLY, REQ_CONNECT, on_connect_reply },
		{ W_CONNECT_REPLY, REQ_XCLIENT, on_connect_reply },
		{ W_EVENT_REPLY, REQ_EVENT, on_event_reply },
		{ W_RCPT_REPLY, REQ_RCPT, on_rcpt_reply },
		{ W_COMMIT_REPLY, REQ_COMMIT, on_commit_reply },
		{ W_COMMIT_WAITS, REQ_COMMIT, on_commit_waits },
	};
	struct server *s = arg;
	uint32_t number = ipc_get_u32(in);
	struct client *c = hash_get(s->clients, number_key(&number));
	size_t i;

	(void)chan;
	if (c == NULL)
		return; /* it has left */
	for (i = 0; i < NELEM(rows); i++)
		if (rows[i].type == in->type && rows[i].request == c->request)
			break;
	if (i == NELEM(rows) || !c->sent)
		bug("answer %u to nothing", in->type);
	rows[i].run(c, in);
}

static void all_clients(struct server *s, void (*fn)(struct client *));

/* Without the router nothing can be accepted: tell everybody, and end. */
static void say_goodbye(struct client *c)
{
	static const char bye[] = "421 4.3.0 Server local error\r\n";

	if (c->session != NULL && !c->closing)
		client_say_bye(c, (struct str){ bye, sizeof(bye) - 1 });
}

static void on_router_gone(struct chan *chan, void *arg)
{
	(void)chan;
	all_clients(arg, say_goodbye);
	_exit(0);
}

/* --- the monitor --------------------------------------------------------- */

static void collect(struct str key, void *value, void *arg)
{
	struct client ***at = arg;

	(void)key;
	*(*at)++ = value;
}

/* fn may free the client it is called for. */
static void all_clients(struct server *s, void (*fn)(struct client *))
{
	size_t n = hash_count(s->clients), i;
	struct client **all = xcalloc(n, sizeof(struct client *)), **at = all;

	hash_each(s->clients, collect, &at);
	for (i = 0; i < n; i++)
		fn(all[i]);
	free(all);
}

static void drain_client(struct client *c)
{
	if (c->session == NULL || c->closing)
		return;
	session_shutdown(c->session);
	client_go_on(c);
}

static void on_monitor(struct chan *chan, struct ipc_in *in, void *arg)
{
	struct server *s = arg;
	size_t i;

	(void)chan;
	if (in->type != W_DRAIN)
		bug("message %u from the monitor", in->type);
	s->stopping = ipc_get_u32(in) == 0;
	s->draining = true;
	set_accepting(s);
	for (i = 0; i < s->n; i++)
		fd_clear(&s->listeners[i].what.fd);
	if (s->stopping)
		all_clients(s, drain_client);
	end_if_drained(s);
}

static void on_monitor_gone(struct chan *chan, void *arg)
{
	on_router_gone(chan, arg);
}

void front_run(const struct front_start *start)
{
	struct server s = { .set = start->set,
		.tls = start->tls,
		.n = start->n };
	size_t i;

	s.loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
	if (s.loop == NULL)
		bug("no event loop");
	s.clients = hash_new();
	s.budget.limit = (uint64_t)(s.set->vdeliver_memory_limit /
	    s.set->vdeliver_front_count);
	s.lf_dot_set = conf_raw(s.set->conf,
			   "smtpd_forbid_bare_newline_exclusions") != NULL ||
	    conf_raw(s.set->conf, "smtpd_forbid_bare_newline") != NULL;
	s.env = session_env_new(s.set, &s.budget);
	s.max = (size_t)(s.set->default_process_limit /
	    s.set->vdeliver_front_count);
	/* Less than one is no service at all. */
	s.max += s.max == 0;
	ev_timer_init(&s.rest, on_rested, 0, 0);
	list_init(&s.waiting);
	s.router.message = on_router;
	s.router.gone = on_router_gone;
	s.router.arg = s.monitor.arg = &s;
	s.monitor.message = on_monitor;
	s.monitor.gone = on_monitor_gone;
	chan_open(&s.router, s.loop, start->router);
	chan_open(&s.monitor, s.loop, start->monitor);
	s.listeners = xcalloc(s.n, sizeof(*s.listeners));
	for (i = 0; i < s.n; i++) {
		s.listeners[i].home = &s;
		s.listeners[i].what = start->listeners[i];
		ev_io_init(&s.listeners[i].io, on_accept,
		    start->listeners[i].fd, EV_READ);
	}
	set_accepting(&s);
	ev_run(s.loop, 0);
	bug("the front's loop ended");
}
