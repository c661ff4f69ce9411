/* workers - worker processes and the jobs for them. Runs in: router. */

#include "vdeliver/workers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "vdeliver/boxes.h"
#include "vdeliver/chan.h"
#include "vdeliver/wire.h"
#include "vdeliver/workers_state.h"

/* A worker with nothing to do for this long is let go. */
#define IDLE_SECONDS 100.0
/* How often deadlines are looked at, while there are any. */
#define TICK_SECONDS 1.0

static void feed(struct worker_proc *p);

/* Nobody up the stack can have one of them in hand any more. */
static void on_bury(struct ev_loop *loop, struct ev_timer *t, int events)
{
	struct workers *ws = CONTAINER_OF(t, struct workers, bury);
	struct list *l;

	(void)loop;
	(void)events;
	while ((l = list_pop(&ws->gone)) != NULL)
		free(CONTAINER_OF(l, struct worker_proc, grave));
}

static void on_hunger(struct ev_loop *loop, struct ev_timer *t, int events);

struct workers *workers_new(struct ev_loop *loop, const struct settings *set,
    workers_want_fn *want, workers_kill_fn *kill, void *arg)
{
	struct workers *ws = xcalloc(1, sizeof(*ws));

	ws->loop = loop;
	ws->set = set;
	ws->procs = hash_new();
	ws->want = want;
	ws->kill = kill;
	ws->arg = arg;
	list_init(&ws->starved);
	list_init(&ws->gone);
	ev_timer_init(&ws->bury, on_bury, 0, 0);
	ev_timer_init(&ws->hunger, on_hunger, 0, TICK_SECONDS);
	return ws;
}

struct str workers_key(uint32_t uid, uint32_t gid, char key[32])
{
	snprintf(key, 32, "%u:%u", uid, gid);
	return str_c(key);
}

static bool is_verdict(enum job_phase phase)
{
	return phase == JOB_LOCK || phase == JOB_COMMIT || phase == JOB_ABORT;
}

static bool stays_prepared(enum job_phase phase)
{
	return phase == JOB_PREPARE || phase == JOB_LOCK;
}

static void fail_work(struct work *w, const char *dsn, const char *text)
{
	struct route *r;
	size_t i;

	for (i = 0; i < w->n; i++) {
		r = w->routes[i];
		/* After the verdict the others have failed for a reason. */
		if (r->st == ST_OK || !is_verdict(w->phase))
			r->st = err_temp(&r->err, dsn, "%s", text);
	}
	w->at = NULL;
	w->sent = false;
	w->done(w);
}

static void fail_list(struct list *l, const char *dsn, const char *text)
{
	struct list all = LIST_INIT(all), *p;

	list_splice(&all, l);
	while ((p = list_pop(&all)) != NULL)
		fail_work(CONTAINER_OF(p, struct work, link), dsn, text);
}

static bool is_idle(const struct worker_proc *p)
{
	return list_empty(&p->queue) && list_empty(&p->flying) &&
	    list_empty(&p->staged);
}

static void proc_free(struct worker_proc *p)
{
	struct workers *ws = p->home;
	char key[32];

	workers_asks_over(p);

	ev_timer_stop(ws->loop, &p->timer);
	chan_close(&p->chan);
	hash_del(ws->procs, workers_key(p->uid, p->gid, key));
	/* It may be the one whose message is being handled. */
	list_add_tail(&ws->gone, &p->grave);
	if (!ev_is_active(&ws->bury)) {
		ev_timer_set(&ws->bury, 0, 0);
		ev_timer_start(ws->loop, &ws->bury);
	}
}

static void on_hunger(struct ev_loop *loop, struct ev_timer *t, int events)
{
	struct workers *ws = CONTAINER_OF(t, struct workers, hunger);
	struct list late = LIST_INIT(late);
	int64_t now = clock_ms();

	(void)events;
	list_foreach_safe(p, next, &ws->starved) {
		if (CONTAINER_OF(p, struct work, link)->deadline > now)
			continue;
		list_del(p);
		list_add_tail(&late, p);
	}
	if (!list_empty(&late))
		log_warn("no place for a worker: vdeliver_worker_limit = %lld "
			 "is reached",
		    (long long)ws->set->vdeliver_worker_limit);
	fail_list(&late, "4.3.0",
	    "all delivery processes are busy; try again later");
	if (list_empty(&ws->starved))
		ev_timer_stop(loop, t);
}

/* Jobs that found all places taken are tried again. */
static void retry_starved(struct workers *ws)
{
	struct list all = LIST_INIT(all), *l;

	list_splice(&all, &ws->starved);
	while ((l = list_pop(&all)) != NULL)
		workers_put(ws, CONTAINER_OF(l, struct work, link));
}

static void on_gone(struct chan *c, void *arg)
{
	struct worker_proc *p = arg;
	struct workers *ws = p->home;
	struct list flying = LIST_INIT(flying), queue = LIST_INIT(queue);
	struct list *l;

	(void)c;
	list_splice(&flying, &p->flying);
	list_splice(&queue, &p->queue);
	while ((l = list_pop(&p->staged)) != NULL)
		CONTAINER_OF(l, struct work, link)->at = NULL;
	if (!list_empty(&flying))
		log_warn("worker %ld for uid %u ended with jobs under way",
		    (long)p->pid, p->uid);
	proc_free(p);
	fail_list(&flying, "4.3.0", "delivery process ended; try again later");
	while ((l = list_pop(&queue)) != NULL)
		workers_put(ws, CONTAINER_OF(l, struct work, link));
	retry_starved(ws);
}

static struct work *find_flying(struct worker_proc *p, uint32_t id)
{
	list_foreach(l, &p->flying)
		if (CONTAINER_OF(l, struct work, link)->id == id)
			return CONTAINER_OF(l, struct work, link);
	return NULL;
}

static void read_outcome(struct ipc_in *in, struct work *w, struct route *r)
{
	uint32_t st = ipc_get_u32(in);
	struct str dsn = ipc_get_str(in), text = ipc_get_str(in);

	/* What the verdict dropped keeps the reason it was dropped for. */
	if (w->phase == JOB_ABORT || (is_verdict(w->phase) && r->st != ST_OK))
		return;
	r->st = st <= ST_PERM ? (enum st)st : ST_TEMP;
	snprintf(r->err.dsn, sizeof(r->err.dsn), "%.*s", STR_ARG(dsn));
	snprintf(r->err.text, sizeof(r->err.text), "%.*s", STR_ARG(text));
}

static bool has_success(const struct work *w)
{
	size_t i;

	for (i = 0; i < w->n; i++)
		if (w->routes[i]->st == ST_OK)
			return true;
	return false;
}

bool work_has_mbox(const struct work *w)
{
	size_t i;

	for (i = 0; i < w->n; i++)
		if (w->routes[i]->st == ST_OK &&
		    target_is_mbox(w->routes[i]->path))
			return true;
	return false;
}

static void on_waits(struct worker_proc *p, struct work *w)
{
	if (w->waits)
		return;
	p->unanswered--;
	w->waits = true;
	w->waiting(w);
	feed(p);
}

static void on_message(struct chan *c, struct ipc_in *in, void *arg)
{
	struct worker_proc *p = arg;
	struct workers *ws = p->home;
	uint32_t id = ipc_get_u32(in);
	struct work *w = find_flying(p, id);
	size_t i;

	if (in->type == W_ROOM_REPLY && workers_on_room(p, in, id)) {
		feed(p);
		return;
	}

	(void)c;
	if (in->type == W_WAITS && w != NULL) {
		on_waits(p, w);
		return;
	}
	if (in->type != W_DONE || w == NULL || ipc_get_u32(in) != w->n) {
		log_error("worker %ld talks nonsense", (long)p->pid);
		p->home->kill(p->pid, p->home->arg);
		return;
	}
	for (i = 0; i < w->n; i++)
		read_outcome(in, w, w->routes[i]);
	list_del(&w->link);
	w->sent = false;
	if (!w->waits)
		p->unanswered--;
	/* The worker keeps a prepared job as long as one target went well. */
	if (stays_prepared(w->phase) && has_success(w))
		list_add_tail(&p->staged, &w->link);
	else
		w->at = NULL;
	feed(p);
	if (is_idle(p) && !list_empty(&ws->starved))
		retry_starved(ws);
	w->done(w);
}

static bool missed_deadline(const struct worker_proc *p)
{
	int64_t now = clock_ms();

	list_foreach(l, (struct list *)&p->flying)
		if (now > CONTAINER_OF(l, struct work, link)->deadline)
			return true;
	return false;
}

static void on_timer(struct ev_loop *loop, struct ev_timer *t, int events)
{
	struct worker_proc *p = CONTAINER_OF(t, struct worker_proc, timer);
	struct workers *ws = p->home;

	(void)events;
	if (is_idle(p)) {
		proc_free(p);
		retry_starved(ws);
		return;
	}
	if (missed_deadline(p)) {
		log_warn("worker %ld for uid %u missed its deadline",
		    (long)p->pid, p->uid);
		ws->kill(p->pid, ws->arg);
		on_gone(&p->chan, p);
		return;
	}
	ev_timer_again(loop, t);
}

/* The idle time begins anew with each call; the ticks go on, or new jobs would
 * put off the deadlines of old ones for ever. */
static void arm(struct worker_proc *p)
{
	bool idle = is_idle(p);

	if (!idle && ev_is_active(&p->timer) && !p->resting)
		return;
	p->resting = idle;
	p->timer.repeat = idle ? IDLE_SECONDS : TICK_SECONDS;
	ev_timer_again(p->home->loop, &p->timer);
}

static void send_job(struct worker_proc *p, struct work *w)
{
	AUTO_IPC_OUT o = IPC_OUT;
	size_t i;

	ipc_begin(&o, W_JOB);
	ipc_put_u32(&o, w->id);
	ipc_put_u32(&o, (uint32_t)w->phase);
	ipc_put_str(&o, w->sender);
	ipc_put_u64(&o, w->limit);
	ipc_put_u64(&o, w->size);
	ipc_put_u32(&o, (uint32_t)w->n);
	for (i = 0; i < w->n; i++) {
		ipc_put_str(&o, w->routes[i]->path);
		ipc_put_str(&o, w->routes[i]->orig);
		ipc_put_str(&o, w->routes[i]->final);
		ipc_put_u32(&o, w->routes[i]->group);
	}
	ipc_put_u32(&o, w->fd < 0);
	ipc_put_str(&o, w->fd < 0 ? w->body : STR_NONE);
	chan_send(&p->chan, &o, w->fd);
}

/* The worker gives up its locks by itself, well before it is killed. */
static int64_t patience_ms(const struct settings *set, const struct work *w)
{
	int64_t ms = set->vdeliver_worker_timeout * 1000;

	if (w->phase == JOB_COMMIT || w->phase == JOB_ABORT ||
	    !work_has_mbox(w))
		return ms;
	return ms +
	    boxes_patience_ms(set->mailbox_locks, set->deliver_lock_attempts,
		set->deliver_lock_delay * 1000);
}

static void fly(struct worker_proc *p, struct work *w)
{
	w->at = p;
	w->sent = true;
	w->waits = false;
	w->deadline = clock_deadline(patience_ms(p->home->set, w));
	list_add_tail(&p->flying, &w->link);
	p->unanswered++;
}

static void feed(struct worker_proc *p)
{
	struct list *l;

	while (p->pid != 0 && p->unanswered < WIRE_WORKER_WINDOW &&
	    (l = list_pop(&p->queue)) != NULL) {
		struct work *w = CONTAINER_OF(l, struct work, link);

		fly(p, w);
		send_job(p, w);
	}
	if (p->pid != 0)
		arm(p);
}

struct idle_search {
	struct worker_proc *found;
};

static void find_idle(struct str key, void *value, void *arg)
{
	struct worker_proc *p = value;
	struct idle_search *s = arg;

	(void)key;
	if (p->pid != 0 && is_idle(p))
		s->found = p;
}

/* A place for one more worker; an idle one has to go for it. */
static bool make_place(struct workers *ws)
{
	struct idle_search s = { NULL };

	if ((int64_t)hash_count(ws->procs) < ws->set->vdeliver_worker_limit)
		return true;
	hash_each(ws->procs, find_idle, &s);
	if (s.found == NULL)
		return false;
	proc_free(s.found);
	return true;
}

static struct worker_proc *proc_new(struct workers *ws, uint32_t uid,
    uint32_t gid)
{
	struct worker_proc *p = xcalloc(1, sizeof(*p));
	char key[32];

	p->uid = uid;
	p->gid = gid;
	p->home = ws;
	p->chan.fd = -1;
	p->chan.message = on_message;
	p->chan.gone = on_gone;
	p->chan.arg = p;
	list_init(&p->queue);
	list_init(&p->flying);
	list_init(&p->staged);
	list_init(&p->asks);
	ev_timer_init(&p->timer, on_timer, 0, TICK_SECONDS);
	hash_put(ws->procs, workers_key(uid, gid, key), p);
	return p;
}

/*
 * Messages that hold prepared copies at some workers and wait for others may
 * wait for each other: so nobody waits for ever.
 */
static void starve(struct workers *ws, struct work *w)
{
	if (w->deadline == 0)
		w->deadline =
		    clock_deadline(ws->set->vdeliver_worker_timeout * 1000);
	list_add_tail(&ws->starved, &w->link);
	if (!ev_is_active(&ws->hunger))
		ev_timer_again(ws->loop, &ws->hunger);
}

void workers_put(struct workers *ws, struct work *w)
{
	char key[32];
	struct worker_proc *p =
	    hash_get(ws->procs, workers_key(w->uid, w->gid, key));

	if (p == NULL && !make_place(ws)) {
		starve(ws, w);
		return;
	}
	if (p == NULL)
		p = proc_new(ws, w->uid, w->gid);
	if (++ws->last_id == 0)
		ws->last_id = 1;
	w->id = ws->last_id;
	list_add_tail(&p->queue, &w->link);
	if (p->pid == 0 && !p->asked) {
		p->asked = true;
		ws->want(w->uid, w->gid, ws->arg);
	}
	feed(p);
}

void workers_answer(struct workers *ws, uint32_t uid, uint32_t gid, pid_t pid,
    int fd, struct str text)
{
	char key[32], why[200];
	struct worker_proc *p = hash_get(ws->procs, workers_key(uid, gid, key));
	struct list queue = LIST_INIT(queue);

	if (p == NULL || p->pid != 0)
		bug("worker for uid %u that was not wanted", uid);
	p->asked = false;
	if (pid != 0) {
		p->pid = pid;
		chan_open(&p->chan, ws->loop, fd);
		feed(p);
		return;
	}
	snprintf(why, sizeof(why), "%.*s", STR_ARG(text));
	list_splice(&queue, &p->queue);
	proc_free(p);
	fail_list(&queue, "4.3.5", why);
	retry_starved(ws);
}

bool workers_verdict(struct workers *ws, struct work *w, enum job_phase phase)
{
	AUTO_IPC_OUT o = IPC_OUT;
	struct worker_proc *p = w->at;
	uint32_t n = 0, i;

	(void)ws;
	if (p == NULL)
		return false;
	for (i = 0; i < w->n; i++)
		n += w->routes[i]->st == ST_OK;
	w->phase = phase;
	ipc_begin(&o, W_VERDICT);
	ipc_put_u32(&o, w->id);
	ipc_put_u32(&o, (uint32_t)phase);
	ipc_put_u32(&o, phase == JOB_ABORT ? 0 : n);
	for (i = 0; i < w->n && phase != JOB_ABORT; i++)
		if (w->routes[i]->st == ST_OK)
			ipc_put_u32(&o, i);
	list_del(&w->link);
	fly(p, w);
	chan_send(&p->chan, &o, -1);
	arm(p);
	return true;
}
