/* room_ask - the look at the store, and questions for workers.
 * Runs in: router; the look itself in a thread of it. */

#include "vdeliver/room_ask.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "vdeliver/room.h"

/* A look is good for this long, and waited for as long. */
#define FRESH_MS   1000
#define PATIENCE_S 1.0

struct room {
	struct ev_loop *loop;
	const struct settings *set;
	struct workers *ws;
	int base;
	struct list waiting;
	struct ev_async news;
	int64_t asked_ms; /* when the look that is under way was wanted */
	bool under_way;
	/* What the loop knows: */
	bool known;
	struct statvfs vfs;
	int64_t seen_ms;
	/* What both threads use, under the lock: */
	pthread_mutex_t lock;
	pthread_cond_t wish;
	bool wanted, seen, good;
	struct statvfs fresh;
};

/* By name first: something may have been mounted there meanwhile. */
static bool look(const struct room *r, struct statvfs *vfs)
{
	return statvfs(r->set->virtual_mailbox_base, vfs) == 0 ||
	    (r->base >= 0 && fstatvfs(r->base, vfs) == 0);
}

static void *look_thread(void *arg)
{
	struct room *r = arg;
	struct statvfs vfs;
	bool good;

	for (;;) {
		pthread_mutex_lock(&r->lock);
		while (!r->wanted)
			pthread_cond_wait(&r->wish, &r->lock);
		r->wanted = false;
		pthread_mutex_unlock(&r->lock);
		good = look(r, &vfs);
		pthread_mutex_lock(&r->lock);
		r->seen = true;
		r->good = good;
		if (good)
			r->fresh = vfs;
		pthread_mutex_unlock(&r->lock);
		ev_async_send(r->loop, &r->news);
	}
	return NULL;
}

static void finish(struct room_wait *w, enum st st, const struct err *e)
{
	room_cancel(w);
	w->done(w, st, e);
}

static void on_answer(struct worker_ask *a, enum st st, const struct err *e)
{
	struct room_wait *w = a->owner;

	w->open--;
	if (st == ST_TEMP || st == ST_PERM)
		finish(w, st, e);
	else if (w->open == 0)
		finish(w, ST_OK, NULL);
}

static bool is_asked(const struct room_wait *w, const struct final *f)
{
	const struct final *g;

	for (g = w->finals; g != f; g = g->next)
		if (!g->outside && g->uid == f->uid && g->gid == f->gid)
			return true;
	return false;
}

static void ask_owners(struct room_wait *w)
{
	const struct final *f;
	size_t n = 0;

	for (f = w->finals; f != NULL && n < ROOM_OWNERS; f = f->next) {
		if (f->outside || is_asked(w, f))
			continue;
		w->asks[n].owner = w;
		w->asks[n].done = on_answer;
		if (workers_ask(w->home->ws, &w->asks[n], f, w->size))
			n++;
	}
	w->open = n;
	if (n == 0)
		finish(w, ST_OK, NULL);
}

static void go_on(struct room_wait *w)
{
	const struct room *r = w->home;
	struct err e;

	if (r->known && room_store(&r->vfs, w->size, &e) != ST_OK)
		finish(w, ST_TEMP, &e);
	else
		ask_owners(w);
}

static void on_news(struct ev_loop *loop, struct ev_async *a, int events)
{
	struct room *r = CONTAINER_OF(a, struct room, news);
	struct list all = LIST_INIT(all), *p;

	(void)loop;
	(void)events;
	pthread_mutex_lock(&r->lock);
	if (r->seen) {
		r->known = r->good;
		r->vfs = r->fresh;
		r->under_way = false;
		r->seen_ms = clock_ms();
	}
	r->seen = false;
	pthread_mutex_unlock(&r->lock);
	list_splice(&all, &r->waiting);
	while ((p = list_pop(&all)) != NULL) {
		struct room_wait *w = CONTAINER_OF(p, struct room_wait, link);

		w->looking = false;
		go_on(w);
	}
}

static void on_patience(struct ev_loop *loop, struct ev_timer *t, int events)
{
	struct room_wait *w = CONTAINER_OF(t, struct room_wait, patience);

	(void)loop;
	(void)events;
	finish(w, ST_OK, NULL);
}

struct room *room_new(struct ev_loop *loop, const struct settings *set,
    struct workers *ws, int base)
{
	struct room *r = xcalloc(1, sizeof(*r));
	sigset_t all, old;
	pthread_t thread;

	r->loop = loop;
	r->set = set;
	r->ws = ws;
	r->base = base;
	r->seen_ms = -FRESH_MS;
	list_init(&r->waiting);
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->wish, NULL);
	ev_async_init(&r->news, on_news);
	ev_async_start(loop, &r->news);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (pthread_create(&thread, NULL, look_thread, r) != 0)
		bug("no thread to look at the mailbox base");
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return r;
}

static void want_look(struct room *r)
{
	if (r->under_way)
		return;
	r->under_way = true;
	r->asked_ms = clock_ms();
	pthread_mutex_lock(&r->lock);
	r->wanted = true;
	pthread_cond_signal(&r->wish);
	pthread_mutex_unlock(&r->lock);
}

void room_ask(struct room *r, struct room_wait *w)
{
	bool fresh = clock_ms() - r->seen_ms < FRESH_MS;

	w->home = r;
	w->open = 0;
	ev_timer_init(&w->patience, on_patience, PATIENCE_S, 0);
	ev_timer_start(r->loop, &w->patience);
	if (!fresh)
		want_look(r);
	/* One that takes long already is not waited for again. */
	w->looking = !fresh && clock_ms() - r->asked_ms < FRESH_MS;
	if (w->looking)
		list_add_tail(&r->waiting, &w->link);
	else if (fresh)
		go_on(w);
	else
		ask_owners(w);
}

void room_cancel(struct room_wait *w)
{
	size_t i;

	ev_timer_stop(w->home->loop, &w->patience);
	if (w->looking)
		list_del(&w->link);
	w->looking = false;
	for (i = 0; w->open > 0 && i < ROOM_OWNERS; i++)
		workers_ask_cancel(&w->asks[i]);
	w->open = 0;
}
