/* asking - lookup processes and the questions for them. Runs in: router. */

#include "vdeliver/asking.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "vdeliver/chan.h"

#define TRIES 4

struct asker {
	struct list link;
	struct chan chan;
	struct asking *home;
	pid_t pid;
	uint32_t id;               /* of the question under way */
	struct question_wait *now; /* NULL: idle, or its question was taken */
	bool busy;
	struct ev_timer deadline;
};

struct asking {
	struct ev_loop *loop;
	const struct settings *set;
	struct list askers, waiting;
	struct ev_timer patience; /* runs while questions wait and nobody is */
	asking_kill_fn *kill;
	void *arg;
};

static void put(struct asker *k, struct question_wait *q)
{
	AUTO_IPC_OUT o = IPC_OUT;

	k->now = q;
	k->busy = true;
	q->tries++;
	ipc_begin(&o, W_ASK);
	ipc_put_u32(&o, ++k->id);
	ipc_put_u32(&o, (uint32_t)q->question);
	ipc_put_u32(&o, q->flags);
	ipc_put_str(&o, q->key);
	chan_send(&k->chan, &o, -1);
	ev_timer_set(&k->deadline,
	    (double)k->home->set->vdeliver_lookup_timeout, 0);
	ev_timer_start(k->home->loop, &k->deadline);
}

static void feed(struct asking *a)
{
	struct list *w;

	list_foreach(p, &a->askers) {
		struct asker *k = CONTAINER_OF(p, struct asker, link);

		if (k->busy)
			continue;
		w = list_pop(&a->waiting);
		if (w == NULL)
			break;
		put(k, CONTAINER_OF(w, struct question_wait, link));
	}
	if (list_empty(&a->waiting) || !list_empty(&a->askers)) {
		ev_timer_stop(a->loop, &a->patience);
	} else if (!ev_is_active(&a->patience)) {
		ev_timer_set(&a->patience,
		    (double)a->set->vdeliver_lookup_timeout, 0);
		ev_timer_start(a->loop, &a->patience);
	}
}

static void fail(struct question_wait *q, const char *why)
{
	struct answer a = { .st = ST_TEMP, .dsn = "4.3.0", .text = why };

	q->done(q, &a);
}

static void on_message(struct chan *c, struct ipc_in *in, void *arg)
{
	struct asker *k = arg;
	struct asking *home = k->home;
	struct question_wait *q = k->now;
	uint32_t id = ipc_get_u32(in);
	struct answer a = { 0 };
	struct str dsn, text;
	char code[10], line[sizeof(((struct err *)0)->text)];

	a.st = (enum st)ipc_get_u32(in);
	dsn = ipc_get_str(in);
	text = ipc_get_str(in);
	a.value = ipc_get_str(in);
	a.ext = ipc_get_str(in);
	if (!ipc_in_ok(in) || in->type != W_ANSWER || a.st > ST_PERM ||
	    !k->busy || id != k->id) {
		log_error("lookup process %ld talks nonsense", (long)k->pid);
		home->kill(k->pid, home->arg);
		return;
	}
	(void)c;
	snprintf(code, sizeof(code), "%.*s", STR_ARG(dsn));
	snprintf(line, sizeof(line), "%.*s", STR_ARG(text));
	a.dsn = code;
	a.text = line;
	k->busy = false;
	k->now = NULL;
	ev_timer_stop(home->loop, &k->deadline);
	if (q != NULL)
		q->done(q, &a);
	feed(home);
}

static void on_gone(struct chan *c, void *arg)
{
	struct asker *k = arg;
	struct asking *home = k->home;
	struct question_wait *q = k->now;

	(void)c;
	ev_timer_stop(home->loop, &k->deadline);
	list_del(&k->link);
	free(k);
	if (q != NULL && q->tries < TRIES)
		list_add_head(&home->waiting, &q->link);
	else if (q != NULL)
		fail(q, "lookup process ended without an answer");
	feed(home);
}

static void on_deadline(struct ev_loop *loop, struct ev_timer *t, int events)
{
	struct asker *k = CONTAINER_OF(t, struct asker, deadline);
	struct asking *home = k->home;
	struct question_wait *q = k->now;

	(void)loop;
	(void)events;
	log_warn("lookup process %ld missed its deadline", (long)k->pid);
	home->kill(k->pid, home->arg);
	/* It may be stuck in the kernel, where no signal ends it: nobody shall
	 * wait for it any more. */
	chan_close(&k->chan);
	list_del(&k->link);
	free(k);
	if (q != NULL)
		fail(q, "no answer from the table in time");
	feed(home);
}

static void on_patience(struct ev_loop *loop, struct ev_timer *t, int events)
{
	struct asking *a = CONTAINER_OF(t, struct asking, patience);
	struct list *p;

	(void)loop;
	(void)events;
	while ((p = list_pop(&a->waiting)) != NULL)
		fail(CONTAINER_OF(p, struct question_wait, link),
		    "no lookup process is there");
}

struct asking *asking_new(struct ev_loop *loop, const struct settings *set,
    asking_kill_fn *kill, void *arg)
{
	struct asking *a = xcalloc(1, sizeof(*a));

	a->loop = loop;
	a->set = set;
	a->kill = kill;
	a->arg = arg;
	list_init(&a->askers);
	list_init(&a->waiting);
	ev_timer_init(&a->patience, on_patience, 0, 0);
	return a;
}

void asking_add(struct asking *a, int fd, pid_t pid)
{
	struct asker *k = xcalloc(1, sizeof(*k));

	k->home = a;
	k->pid = pid;
	k->chan.message = on_message;
	k->chan.gone = on_gone;
	k->chan.arg = k;
	ev_timer_init(&k->deadline, on_deadline, 0, 0);
	chan_open(&k->chan, a->loop, fd);
	list_add_tail(&a->askers, &k->link);
	feed(a);
}

void asking_put(struct asking *a, struct question_wait *q)
{
	q->tries = 0;
	list_add_tail(&a->waiting, &q->link);
	feed(a);
}

void asking_cancel(struct asking *a, struct question_wait *q)
{
	list_foreach(p, &a->askers) {
		struct asker *k = CONTAINER_OF(p, struct asker, link);

		if (k->now == q) {
			k->now = NULL;
			return;
		}
	}
	list_del(&q->link);
}
