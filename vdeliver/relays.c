/* relays - relay processes and the messages for them. Runs in: router. */

#include "vdeliver/relays.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "vdeliver/chan.h"
#include "vdeliver/relayhost.h"
#include "vdeliver/wire.h"

/* A process with nothing to do for this long is let go. */
#define IDLE_SECONDS 100.0
/* The process keeps the deadline itself; later than this it is killed. */
#define GRACE_MS 5000
/* How long the addresses of relayhost count. */
#define PLACES_MS 5000
/* Octets of addresses in one message, and how many targets. */
#define NAMES_MAX   30000
#define TARGETS_MAX 200

struct relay_proc {
	struct list link;
	struct chan chan;
	struct relays *home;
	pid_t pid;
	struct relay_work *now; /* NULL: idle, or given up */
	bool busy;
	struct ev_timer idle;
};

struct relays {
	struct ev_loop *loop;
	const struct settings *set;
	struct asking *asking;
	struct list procs, queue;
	struct list placeless; /* messages that wait for the addresses */
	struct question_wait ask;
	struct buf places;
	int64_t places_until; /* clock.h: how long they count */
	bool asks;
	size_t count, asked, queued;
	uint32_t last_id;
	relays_want_fn *want;
	relays_kill_fn *kill;
	void *arg;
};

static void feed(struct relays *rs);

/* --- the end of a message ------------------------------------------------ */

static void finish(struct relay_work *w)
{
	ev_timer_stop(w->home->loop, &w->late);
	w->ended = clock_ms();
	w->at = NULL;
	w->done(w);
}

/* Those that have no answer get this one. */
static void fail(struct relay_work *w, const char *dsn, const char *text)
{
	struct route *r;
	size_t i;

	/* From the first one on: an answer that made no sense is none. */
	for (i = 0; i < w->n; i++) {
		r = w->routes[i];
		if (r->st == ST_OK && !r->relayed)
			r->st = err_temp(&r->err, dsn, "%s", text);
	}
	finish(w);
}

static void on_late(struct ev_loop *loop, struct ev_timer *t, int events)
{
	struct relay_work *w = CONTAINER_OF(t, struct relay_work, late);
	struct relays *rs = w->home;
	struct relay_proc *p = w->at;

	(void)loop;
	(void)events;
	if (w->placeless) {
		list_del(&w->link);
		fail(w, "4.4.3", "addresses of relayhost not found in time");
		return;
	}
	if (p == NULL) {
		list_del(&w->link);
		rs->queued--;
		log_warn("no place for a relay: vdeliver_relay_limit = %lld is "
			 "reached",
		    (long long)rs->set->vdeliver_relay_limit);
		fail(w, "4.4.2",
		    "all relay processes are busy; try again "
		    "later");
		return;
	}
	log_warn("relay process %ld missed its deadline", (long)p->pid);
	p->now = NULL;
	rs->kill(p->pid, rs->arg);
	fail(w, "4.4.2", "relaying took too long; try again later");
}

/* --- to a process -------------------------------------------------------- */

static void send_mail(struct relay_proc *p, const struct relay_work *w,
    size_t targets)
{
	AUTO_IPC_OUT o = IPC_OUT;
	int64_t left =
	    clock_left(w->began + p->home->set->vdeliver_relay_timeout * 1000);

	ipc_begin(&o, W_MAIL);
	ipc_put_u32(&o, w->id);
	ipc_put_u32(&o, w->flags);
	ipc_put_u64(&o, (uint64_t)left);
	ipc_put_u64(&o, w->size);
	ipc_put_str(&o, w->qid);
	ipc_put_str(&o, w->sender);
	ipc_put_str(&o, w->ret);
	ipc_put_str(&o, w->envid);
	ipc_put_str(&o, buf_str(&p->home->places));
	ipc_put_u32(&o, (uint32_t)targets);
	ipc_put_u32(&o, w->fd < 0);
	ipc_put_str(&o, w->fd < 0 ? w->body : STR_NONE);
	chan_send(&p->chan, &o, w->fd);
}

static size_t names_size(const struct route *r)
{
	return r->final.n + r->orcpt.n + r->notify.n + 16;
}

/* As many as fit one message, from *at on; how many of them. */
static uint32_t batch(const struct relay_work *w, size_t *at)
{
	size_t names = 0;
	uint32_t n = 0;
	const struct route *r;

	for (; *at < w->n && n < TARGETS_MAX; (*at)++) {
		r = w->routes[*at];
		if (r->st != ST_OK)
			continue;
		names += names_size(r);
		if (n != 0 && names > NAMES_MAX)
			break;
		n++;
	}
	return n;
}

static void send_targets(struct relay_proc *p, const struct relay_work *w)
{
	size_t at = 0, end = 0;
	uint32_t n;

	while ((n = batch(w, &end)) != 0) {
		AUTO_IPC_OUT o = IPC_OUT;

		ipc_begin(&o, W_TARGETS);
		ipc_put_u32(&o, w->id);
		ipc_put_u32(&o, n);
		for (; at < end; at++) {
			const struct route *r = w->routes[at];

			if (r->st != ST_OK)
				continue;
			ipc_put_str(&o, r->final);
			ipc_put_str(&o, r->orcpt);
			ipc_put_str(&o, r->notify);
			ipc_put_u32(&o, r->group);
		}
		chan_send(&p->chan, &o, -1);
	}
}

static void give(struct relay_proc *p, struct relay_work *w)
{
	size_t n = 0, i;

	for (i = 0; i < w->n; i++)
		n += w->routes[i]->st == ST_OK;
	ev_timer_stop(p->home->loop, &p->idle);
	p->now = w;
	p->busy = true;
	w->at = p;
	w->id = ++p->home->last_id;
	send_mail(p, w, n);
	send_targets(p, w);
}

static void feed(struct relays *rs)
{
	int64_t limit = rs->set->vdeliver_relay_limit;

	list_foreach(l, &rs->procs) {
		struct relay_proc *p = CONTAINER_OF(l, struct relay_proc, link);
		struct list *first;

		if (p->busy)
			continue;
		first = list_pop(&rs->queue);
		if (first == NULL)
			return;
		rs->queued--;
		give(p, CONTAINER_OF(first, struct relay_work, link));
	}
	while (rs->asked < rs->queued &&
	    (int64_t)(rs->count + rs->asked) < limit) {
		rs->asked++;
		rs->want(rs->arg);
	}
}

/* --- from a process ------------------------------------------------------ */

static void be_idle(struct relay_proc *p)
{
	p->now = NULL;
	p->busy = false;
	ev_timer_set(&p->idle, IDLE_SECONDS, 0);
	ev_timer_start(p->home->loop, &p->idle);
}

/* The next route that an answer is for, NULL: there is none. */
static struct route *next_route(struct relay_work *w)
{
	for (; w->next < w->n; w->next++)
		if (w->routes[w->next]->st == ST_OK)
			return w->routes[w->next++];
	return NULL;
}

static bool read_outcome(struct ipc_in *in, struct relay_work *w)
{
	struct route *r = next_route(w);
	uint32_t st = ipc_get_u32(in), code = ipc_get_u32(in);
	struct str dsn = ipc_get_str(in), text = ipc_get_str(in);

	if (r == NULL || in->bad || st == ST_NONE || st > ST_PERM)
		return false;
	r->st = (enum st)st;
	r->relayed = st == ST_OK;
	r->code = code;
	snprintf(r->err.dsn, sizeof(r->err.dsn), "%.*s", STR_ARG(dsn));
	snprintf(r->err.text, sizeof(r->err.text), "%.*s", STR_ARG(text));
	return true;
}

static bool read_outcomes(struct ipc_in *in, struct relay_work *w)
{
	struct str place;
	uint32_t n, i;

	if (in->type != W_RELAYED || ipc_get_u32(in) != w->id)
		return false;
	place = ipc_get_str(in);
	snprintf(w->place, sizeof(w->place), "%.*s", STR_ARG(place));
	w->connect_ms = ipc_get_u32(in);
	n = ipc_get_u32(in);
	for (i = 0; i < n; i++)
		if (!read_outcome(in, w))
			return false;
	return ipc_in_ok(in) && n != 0;
}

static bool is_complete(const struct relay_work *w)
{
	size_t i;

	for (i = w->next; i < w->n; i++)
		if (w->routes[i]->st == ST_OK)
			return false;
	return true;
}

static void on_message(struct chan *c, struct ipc_in *in, void *arg)
{
	struct relay_proc *p = arg;
	struct relay_work *w = p->now;
	struct relays *rs = p->home;

	(void)c;
	if (!p->busy || (w != NULL && !read_outcomes(in, w))) {
		log_error("relay process %ld talks nonsense", (long)p->pid);
		rs->kill(p->pid, rs->arg);
		return;
	}
	if (w == NULL || !is_complete(w))
		return;
	be_idle(p);
	feed(rs);
	finish(w);
}

static void proc_free(struct relay_proc *p)
{
	ev_timer_stop(p->home->loop, &p->idle);
	chan_close(&p->chan);
	list_del(&p->link);
	p->home->count--;
	free(p);
}

/* What the server has of the message by then, nobody knows. */
static void on_gone(struct chan *c, void *arg)
{
	struct relay_proc *p = arg;
	struct relay_work *w = p->now;
	struct relays *rs = p->home;

	(void)c;
	proc_free(p);
	feed(rs);
	if (w != NULL)
		fail(w, "4.3.0", "relay process ended; try again later");
}

static void on_idle(struct ev_loop *loop, struct ev_timer *t, int events)
{
	(void)loop;
	(void)events;
	proc_free(CONTAINER_OF(t, struct relay_proc, idle));
}

/* --- from outside -------------------------------------------------------- */

struct relays *relays_new(struct ev_loop *loop, const struct settings *set,
    struct asking *asking, relays_want_fn *want, relays_kill_fn *kill,
    void *arg)
{
	struct relays *rs = xcalloc(1, sizeof(*rs));

	rs->loop = loop;
	rs->set = set;
	rs->asking = asking;
	rs->want = want;
	rs->kill = kill;
	rs->arg = arg;
	list_init(&rs->procs);
	list_init(&rs->queue);
	list_init(&rs->placeless);
	rs->places = BUF_MAX(RELAYHOST_PLACES_MAX);
	return rs;
}

static void refuse_first(struct relays *rs)
{
	struct list *first = list_pop(&rs->queue);

	if (first == NULL)
		return;
	rs->queued--;
	fail(CONTAINER_OF(first, struct relay_work, link), "4.3.0",
	    "cannot start a relay process; try again later");
}

void relays_answer(struct relays *rs, int fd, pid_t pid)
{
	struct relay_proc *p;

	if (rs->asked == 0)
		bug("a relay process that was not wanted");
	rs->asked--;
	if (pid == 0) {
		refuse_first(rs);
		return;
	}
	p = xcalloc(1, sizeof(*p));
	p->home = rs;
	p->pid = pid;
	p->chan.message = on_message;
	p->chan.gone = on_gone;
	p->chan.arg = p;
	ev_timer_init(&p->idle, on_idle, 0, 0);
	chan_open(&p->chan, rs->loop, fd);
	list_add_tail(&rs->procs, &p->link);
	rs->count++;
	be_idle(p);
	feed(rs);
}

static void enqueue(struct relays *rs, struct relay_work *w)
{
	w->placeless = false;
	list_add_tail(&rs->queue, &w->link);
	rs->queued++;
}

static void on_places(struct question_wait *q, const struct answer *a)
{
	struct relays *rs = CONTAINER_OF(q, struct relays, ask);
	struct list all = LIST_INIT(all), *l;

	rs->asks = false;
	list_splice(&all, &rs->placeless);
	if (a->st == ST_OK) {
		buf_set(&rs->places, a->value);
		rs->places_until = clock_deadline(PLACES_MS);
	}
	while ((l = list_pop(&all)) != NULL) {
		struct relay_work *w = CONTAINER_OF(l, struct relay_work, link);

		if (a->st == ST_OK)
			enqueue(rs, w);
		else
			fail(w, a->dsn[0] == '4' ? a->dsn : "4.4.3", a->text);
	}
	feed(rs);
}

void relays_put(struct relays *rs, struct relay_work *w)
{
	double seconds =
	    (double)rs->set->vdeliver_relay_timeout + GRACE_MS / 1000.0;

	w->home = rs;
	w->at = NULL;
	w->began = clock_ms();
	w->next = 0;
	snprintf(w->place, sizeof(w->place), "none");
	ev_timer_init(&w->late, on_late, seconds, 0);
	ev_timer_start(rs->loop, &w->late);
	if (clock_ms() < rs->places_until) {
		enqueue(rs, w);
		feed(rs);
		return;
	}
	w->placeless = true;
	list_add_tail(&rs->placeless, &w->link);
	if (rs->asks)
		return;
	rs->asks = true;
	rs->ask.question = Q_RELAYHOST;
	rs->ask.flags = 0;
	rs->ask.key = STR_NONE;
	rs->ask.done = on_places;
	rs->ask.sure = false;
	asking_put(rs->asking, &rs->ask);
}
