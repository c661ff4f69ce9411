/*
 * router - clients, transactions and who is asked what. Runs in: router.
 *
 * A front names its sessions by numbers. Each has at most one request that
 * waits for an answer (connect, RCPT or commit), so the request lies in the
 * client itself.
 */

#include "vdeliver/router.h"

#include <ev.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "priv/ipc.h"
#include "vdeliver/router_state.h"

static struct str number_key(const uint32_t *n)
{
	return (struct str){ (const char *)n, sizeof(*n) };
}

/* --- the transaction ---------------------------------------------------- */

static void txn_reset(struct client *c, uint32_t txn)
{
	arena_clear(&c->arena);
	c->rcpts = NULL;
	c->end = &c->rcpts;
	c->rcpt_count = 0;
	hash_free(c->owners, NULL);
	c->owners = NULL;
	c->txn = txn;
	c->start_ms = clock_ms();
}

static void client_free(struct client *c)
{
	struct router *r = c->front->home;

	if (c->waiting == WAIT_NAME || c->waiting == WAIT_TRUST ||
	    c->waiting == WAIT_RCPT)
		asking_cancel(r->asking, &c->ask);
	if (c->waiting == WAIT_ROOM)
		room_cancel(&c->room);
	if (c->counted)
		throttle_leave(r->throttle, c->addr);
	hash_del(c->front->clients, number_key(&c->number));
	arena_clear(&c->arena);
	hash_free(c->owners, NULL);
	free(c);
}

/* --- RCPT ---------------------------------------------------------------- */

static void send_rcpt_reply(struct client *c, const struct reply *reply,
    bool logged)
{
	AUTO_IPC_OUT o = IPC_OUT;

	c->waiting = WAIT_NOTHING;
	ipc_begin(&o, W_RCPT_REPLY);
	ipc_put_u32(&o, c->number);
	ipc_put_u32(&o, c->txn);
	ipc_put_u32(&o, reply->code);
	ipc_put_str(&o, str_c(reply->dsn));
	ipc_put_str(&o, str_c(reply->text));
	ipc_put_u32(&o, logged);
	chan_send(&c->front->chan, &o, -1);
}

static struct str owner_key(const struct final *f, uint32_t key[2])
{
	key[0] = f->uid;
	key[1] = f->gid;
	return (struct str){ (const char *)key, 2 * sizeof(*key) };
}

/*
 * All owners of a message prepare before any commits: more of them than there
 * may be workers could never be served. The client sends the rest in another
 * transaction (RFC 5321 4.5.3.1.10).
 */
static bool take_owners(struct client *c)
{
	int64_t limit = c->front->home->set->vdeliver_worker_limit;
	struct hash *fresh = hash_new();
	const struct final *f;
	uint32_t key[2];
	bool fits;

	if (c->owners == NULL)
		c->owners = hash_new();
	for (f = c->resolve.finals; f != NULL; f = f->next)
		if (!f->outside &&
		    hash_get(c->owners, owner_key(f, key)) == NULL)
			hash_put(fresh, owner_key(f, key), c);
	fits = (int64_t)(hash_count(c->owners) + hash_count(fresh)) <= limit;
	for (f = c->resolve.finals; fits && f != NULL; f = f->next)
		if (!f->outside)
			hash_put(c->owners, owner_key(f, key), c);
	hash_free(fresh, NULL);
	return fits;
}

static void rcpt_done(struct client *c);

/* Is there room? Its own trouble is no reason to refuse. */
static void on_room(struct room_wait *w, enum st st, const struct err *e)
{
	struct client *c = CONTAINER_OF(w, struct client, room);

	if (st != ST_OK && strcmp(e->dsn, "4.3.1") == 0)
		reply_set(&c->resolve.reply, 452, e->dsn, "%s", e->text);
	else if (st != ST_OK)
		reply_set(&c->resolve.reply, reply_code(e->dsn), e->dsn,
		    "<%.*s>: Recipient address rejected: mailbox is over "
		    "quota",
		    STR_ARG(c->resolve.given));
	rcpt_done(c);
}

static bool has_mailbox(const struct resolve *r)
{
	const struct final *f;

	for (f = r->finals; f != NULL; f = f->next)
		if (!f->outside)
			return true;
	return false;
}

static void rcpt_resolved(struct client *c)
{
	struct router *r = c->front->home;

	if (c->resolve.reply.code != 250 || c->vrfy ||
	    !r->set->vdeliver_check_room || !has_mailbox(&c->resolve)) {
		rcpt_done(c);
		return;
	}
	c->waiting = WAIT_ROOM;
	c->room.finals = c->resolve.finals;
	c->room.size = c->size;
	c->room.done = on_room;
	room_ask(r->room, &c->room);
}

static void rcpt_done(struct client *c)
{
	struct accepted *a;

	if (c->resolve.reply.code == 250 && !c->vrfy && !take_owners(c)) {
		log_warn("mailboxes of more than vdeliver_worker_limit = %lld "
			 "owners in one message",
		    (long long)c->front->home->set->vdeliver_worker_limit);
		reply_set(&c->resolve.reply, 452, "4.5.3",
		    "Error: too many recipients");
	}
	if (c->resolve.reply.code == 250 && !c->vrfy) {
		a = arena_alloc(&c->arena, sizeof(*a));
		a->original = c->original;
		a->given = c->given;
		a->address = c->resolve.rcpt;
		a->finals = c->resolve.finals;
		a->orcpt = c->orcpt;
		a->notify = c->notify;
		*c->end = a;
		c->end = &a->next;
		c->rcpt_count++;
	}
	send_rcpt_reply(c, &c->resolve.reply, false);
}

static void rcpt_step(struct client *c);

static void on_rcpt_answer(struct question_wait *q, const struct answer *a)
{
	struct client *c = CONTAINER_OF(q, struct client, ask);

	resolve_answer(&c->resolve, a);
	rcpt_step(c);
}

static void rcpt_step(struct client *c)
{
	struct asking *asking = c->front->home->asking;
	struct answer a;

	while (resolve_step(&c->resolve)) {
		c->ask.question = c->resolve.question;
		c->ask.flags = c->resolve.flags;
		c->ask.key = c->resolve.key;
		c->ask.done = on_rcpt_answer;
		if (!asking_known(asking, &c->ask, &a)) {
			asking_put(asking, &c->ask);
			return;
		}
		resolve_answer(&c->resolve, &a);
	}
	rcpt_resolved(c);
}

static void on_rcpt(struct client *c, struct ipc_in *in)
{
	uint32_t txn = ipc_get_u32(in), flags = ipc_get_u32(in);
	struct str original = ipc_get_str(in), address = ipc_get_str(in);
	struct str orcpt = ipc_get_str(in), notify = ipc_get_str(in);

	c->size = ipc_get_u64(in);
	if (!ipc_in_ok(in) || c->waiting != WAIT_NOTHING)
		bug("malformed RCPT from a front");
	if (txn != c->txn)
		txn_reset(c, txn);
	c->vrfy = (flags & WF_VRFY) != 0;
	c->given = arena_str(&c->arena, original);
	c->orcpt = orcpt.n != 0 ? arena_str(&c->arena, orcpt) : c->given;
	c->original = c->flags & CF_TRUSTED ? c->orcpt : c->given;
	c->notify = arena_str(&c->arena, notify);
	resolve_init(&c->resolve, c->front->home->set, c->front->home->access,
	    &c->arena, address);
	c->resolve.given = c->given;
	c->resolve.trusted = (c->flags & CF_TRUSTED) != 0;
	c->resolve.trust_unknown = c->trust_unknown;
	c->resolve.routed = (flags & WF_ROUTED) != 0;
	if (!c->vrfy && router_over_limit(c, THROTTLE_RCPT)) {
		reply_set(&c->resolve.reply, 450, "4.7.1",
		    "Error: too many recipients from %s", c->addr);
		send_rcpt_reply(c, &c->resolve.reply, true);
		return;
	}
	c->waiting = WAIT_RCPT;
	c->ask.sure = false;
	rcpt_step(c);
}

static void on_event(struct client *c, struct ipc_in *in)
{
	AUTO_IPC_OUT o = IPC_OUT;
	uint32_t event = ipc_get_u32(in);

	if (!ipc_in_ok(in) || c->waiting != WAIT_NOTHING ||
	    event >= THROTTLE_EVENTS)
		bug("malformed event from a front");
	ipc_begin(&o, W_EVENT_REPLY);
	ipc_put_u32(&o, c->number);
	ipc_put_u32(&o, router_over_limit(c, (enum throttle_event)event));
	chan_send(&c->front->chan, &o, -1);
}

/* --- the message --------------------------------------------------------- */

static void drained(struct router *r);

static void front_free_if_over(struct front *f)
{
	if (!f->gone || f->committing != 0)
		return;
	hash_free(f->clients, NULL);
	free(f);
}

static void on_delivered(struct message *m, const struct reply *replies,
    size_t n)
{
	struct front *f = m->owner;
	struct router *r = f->home;
	struct client *c;
	size_t i;

	for (i = 0; i < n; i++) {
		AUTO_IPC_OUT o = IPC_OUT;

		ipc_begin(&o, W_COMMIT_REPLY);
		ipc_put_u32(&o, m->client);
		ipc_put_u32(&o, m->txn);
		ipc_put_u32(&o, (uint32_t)i);
		ipc_put_u32(&o, (uint32_t)n);
		ipc_put_u32(&o, replies[i].code);
		ipc_put_str(&o, str_c(replies[i].dsn));
		ipc_put_str(&o, str_c(replies[i].text));
		chan_send(&f->chan, &o, -1);
	}
	c = f->gone ? NULL : hash_get(f->clients, number_key(&m->client));
	if (c != NULL && c->waiting == WAIT_COMMIT)
		c->waiting = WAIT_NOTHING;
	r->committing--;
	f->committing--;
	front_free_if_over(f);
	drained(r);
}

static void on_delivery_waits(struct message *m)
{
	AUTO_IPC_OUT o = IPC_OUT;
	struct front *f = m->owner;

	ipc_begin(&o, W_COMMIT_WAITS);
	ipc_put_u32(&o, m->client);
	ipc_put_u32(&o, m->txn);
	chan_send(&f->chan, &o, -1);
}

/* A body that its maker can still change, or that is no memory file at all,
 * is not taken. */
static bool is_sealed(int fd)
{
	int want = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & want) == want;
}

static void on_commit(struct client *c, struct ipc_in *in)
{
	struct router *r = c->front->home;
	struct message m = { .fd = -1 };
	uint32_t txn = ipc_get_u32(in), flags = ipc_get_u32(in);
	struct str qid = ipc_get_str(in), sender = ipc_get_str(in), body;
	struct str ret = ipc_get_str(in), envid = ipc_get_str(in);

	m.size = ipc_get_u64(in);
	ipc_get_u64(in);
	body = ipc_get_str(in);
	if (!ipc_in_ok(in) || c->waiting != WAIT_NOTHING || txn != c->txn ||
	    c->rcpt_count == 0 || (in->fd < 0 && body.n != m.size) ||
	    (in->fd >= 0 && !is_sealed(in->fd)))
		bug("malformed commit from a front");
	m.qid = arena_str(&c->arena, qid);
	m.sender = arena_str(&c->arena, sender);
	m.ret = arena_str(&c->arena, ret);
	m.envid = arena_str(&c->arena, envid);
	m.body = arena_str(&c->arena, body);
	m.fd = fd_take(&in->fd);
	m.lmtp = (flags & WF_LMTP) != 0;
	m.flags = flags;
	m.rcpts = c->rcpts;
	m.rcpt_count = c->rcpt_count;
	m.start_ms = c->start_ms;
	m.arena = c->arena;
	m.done = on_delivered;
	m.waits = on_delivery_waits;
	m.owner = c->front;
	m.client = c->number;
	m.txn = txn;
	c->arena = (struct arena){ 0 };
	txn_reset(c, 0);
	c->waiting = WAIT_COMMIT;
	c->front->committing++;
	r->committing++;
	delivering_start(&r->ways, &m);
}

static void on_connect(struct front *f, uint32_t number, struct ipc_in *in)
{
	struct client *c = xcalloc(1, sizeof(*c));

	c->front = f;
	c->number = number;
	txn_reset(c, 0);
	hash_put(f->clients, number_key(&c->number), c);
	router_connect(c, in);
}

/* --- fronts -------------------------------------------------------------- */

static void on_front_message(struct chan *chan, struct ipc_in *in, void *arg)
{
	struct front *f = arg;
	uint32_t number = ipc_get_u32(in);
	struct client *c = hash_get(f->clients, number_key(&number));

	(void)chan;
	if ((in->type == W_CONNECT) != (c == NULL))
		bug("client %u of a front is out of step", number);
	switch (in->type) {
	case W_CONNECT:
		on_connect(f, number, in);
		break;
	case W_EVENT:
		on_event(c, in);
		break;
	case W_XCLIENT:
		router_xclient(c, in);
		break;
	case W_RCPT:
		on_rcpt(c, in);
		break;
	case W_COMMIT:
		on_commit(c, in);
		break;
	case W_GONE:
		client_free(c);
		break;
	default:
		bug("message %u from a front", in->type);
	}
}

struct first {
	struct client *c;
};

static void take_first(struct str key, void *value, void *arg)
{
	(void)key;
	((struct first *)arg)->c = value;
}

static void on_front_gone(struct chan *chan, void *arg)
{
	struct front *f = arg;
	struct router *r = f->home;
	struct first first;

	(void)chan;
	while (hash_count(f->clients) != 0) {
		hash_each(f->clients, take_first, &first);
		client_free(first.c);
	}
	list_del(&f->link);
	f->gone = true;
	front_free_if_over(f);
	drained(r);
}

static void add_front(struct router *r, int fd, uint32_t pid)
{
	struct front *f = xcalloc(1, sizeof(*f));

	f->home = r;
	f->pid = pid;
	f->clients = hash_new();
	f->chan.message = on_front_message;
	f->chan.gone = on_front_gone;
	f->chan.arg = f;
	chan_open(&f->chan, r->loop, fd);
	list_add_tail(&r->fronts, &f->link);
}

/* --- the monitor --------------------------------------------------------- */

static void want_worker(uint32_t uid, uint32_t gid, void *arg)
{
	AUTO_IPC_OUT o = IPC_OUT;
	struct router *r = arg;

	ipc_begin(&o, W_WANT_WORKER);
	ipc_put_u32(&o, uid);
	ipc_put_u32(&o, gid);
	chan_send(&r->monitor, &o, -1);
}

static void want_relay(void *arg)
{
	AUTO_IPC_OUT o = IPC_OUT;
	struct router *r = arg;

	ipc_begin(&o, W_WANT_RELAY);
	chan_send(&r->monitor, &o, -1);
}

static void kill_child(pid_t pid, void *arg)
{
	AUTO_IPC_OUT o = IPC_OUT;
	struct router *r = arg;

	ipc_begin(&o, W_KILL);
	ipc_put_u32(&o, (uint32_t)pid);
	chan_send(&r->monitor, &o, -1);
}

static void on_worker(struct router *r, struct ipc_in *in)
{
	uint32_t uid = ipc_get_u32(in), gid = ipc_get_u32(in);
	uint32_t pid = ipc_get_u32(in);
	struct str text = ipc_get_str(in);

	workers_answer(r->ways.workers, uid, gid, (pid_t)pid, fd_take(&in->fd),
	    text);
}

/* After W_DRAIN, without a front, nothing can come any more; but a message
 * whose client has left is still delivered. */
static void drained(struct router *r)
{
	if (r->draining && list_empty(&r->fronts) && r->committing == 0)
		_exit(0);
}

static void on_monitor_message(struct chan *chan, struct ipc_in *in, void *arg)
{
	struct router *r = arg;

	(void)chan;
	switch (in->type) {
	case W_FRONT:
		ipc_get_u32(in);
		add_front(r, fd_take(&in->fd), ipc_get_u32(in));
		break;
	case W_LOOKUP:
		ipc_get_u32(in);
		asking_add(r->asking, fd_take(&in->fd), (pid_t)ipc_get_u32(in));
		break;
	case W_RELAY:
		ipc_get_u32(in);
		relays_answer(r->ways.relays, fd_take(&in->fd),
		    (pid_t)ipc_get_u32(in));
		break;
	case W_WORKER:
		on_worker(r, in);
		break;
	case W_DRAIN:
		r->draining = true;
		drained(r);
		break;
	default:
		bug("message %u from the monitor", in->type);
	}
}

static void on_monitor_gone(struct chan *chan, void *arg)
{
	(void)chan;
	(void)arg;
	_exit(0);
}

void router_run(const struct settings *set, int monitor, int base)
{
	struct router r = { .set = set };

	r.loop = ev_loop_new(EVFLAG_AUTO);
	if (r.loop == NULL)
		bug("no event loop");
	list_init(&r.fronts);
	r.asking = asking_new(r.loop, set, kill_child, &r);
	r.ways.set = set;
	r.ways.workers = workers_new(r.loop, set, want_worker, kill_child, &r);
	r.ways.relays =
	    relays_new(r.loop, set, r.asking, want_relay, kill_child, &r);
	r.throttle = throttle_new(set);
	r.access = access_new(set);
	r.room = room_new(r.loop, set, r.ways.workers, base);
	r.monitor.message = on_monitor_message;
	r.monitor.gone = on_monitor_gone;
	r.monitor.arg = &r;
	chan_open(&r.monitor, r.loop, monitor);
	ev_run(r.loop, 0);
	bug("the router's loop ended");
}
