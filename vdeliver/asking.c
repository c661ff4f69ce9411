/* asking - lookup processes and the questions for them. Runs in: router. */

#include "vdeliver/asking.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "vdeliver/answers.h"
#include "vdeliver/chan.h"

#define TRIES 4

struct asker {
	struct list link;
	struct chan chan;
	struct asking *home;
	pid_t pid;
	uint32_t last_id, id;      /* id: of the question under way */
	size_t names;              /* it looks up, and has not answered */
	struct question_wait *now; /* NULL: idle, or its question was taken */
	bool busy;
	struct ev_timer deadline;
};

struct asking {
	struct ev_loop *loop;
	const struct settings *set;
	struct list askers, waiting;
	struct ev_timer patience; /* runs while questions wait and nobody is */
	/* All Q_PEER_NAME, the oldest first, asked or not. */
	struct list names;
	struct ev_timer name_deadline;
	struct answers *kept;
	struct list unsure, checking; /* check is for the latter */
	struct question_wait check;
	bool is_checking;
	asking_kill_fn *kill;
	void *arg;
};

static uint32_t send_question(struct asker *k, struct question_wait *q)
{
	AUTO_IPC_OUT o = IPC_OUT;

	q->tries++;
	ipc_begin(&o, W_ASK);
	ipc_put_u32(&o, ++k->last_id);
	ipc_put_u32(&o, (uint32_t)q->question);
	ipc_put_u32(&o, q->flags);
	ipc_put_str(&o, q->key);
	chan_send(&k->chan, &o, -1);
	return k->last_id;
}

static void put(struct asker *k, struct question_wait *q)
{
	k->now = q;
	k->busy = true;
	k->id = send_question(k, q);
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

/* --- names ---------------------------------------------------------------- */

/* Who looks up the fewest, and has room for one more. */
static struct asker *for_names(struct asking *a)
{
	struct asker *best = NULL;

	list_foreach(p, &a->askers) {
		struct asker *k = CONTAINER_OF(p, struct asker, link);

		if (k->names < ASKING_NAMES &&
		    (best == NULL || k->names < best->names))
			best = k;
	}
	return best;
}

static void feed_names(struct asking *a)
{
	struct asker *k;

	list_foreach(p, &a->names) {
		struct question_wait *q =
		    CONTAINER_OF(p, struct question_wait, link);

		if (q->asker != NULL)
			continue;
		k = for_names(a);
		if (k == NULL)
			break;
		q->asker = k;
		q->id = send_question(k, q);
		k->names++;
	}
}

/* Wake up when the oldest has waited too long. */
static void time_names(struct asking *a)
{
	double left;

	ev_timer_stop(a->loop, &a->name_deadline);
	if (list_empty(&a->names))
		return;
	left = CONTAINER_OF(a->names.next, struct question_wait, link)->until -
	    ev_now(a->loop);
	ev_timer_set(&a->name_deadline, left > 0 ? left : 0, 0);
	ev_timer_start(a->loop, &a->name_deadline);
}

static void on_name_deadline(struct ev_loop *loop, struct ev_timer *t,
    int events)
{
	struct asking *a = CONTAINER_OF(t, struct asking, name_deadline);
	struct question_wait *q;

	(void)events;
	while (!list_empty(&a->names)) {
		q = CONTAINER_OF(a->names.next, struct question_wait, link);
		if (q->until > ev_now(loop))
			break;
		list_del(&q->link);
		fail(q, "no answer from the resolver in time");
	}
	time_names(a);
}

/* An answer to id; NULL: none of the names, or nobody waits for it now. */
static struct question_wait *take_name(struct asker *k, uint32_t id)
{
	list_foreach(p, &k->home->names) {
		struct question_wait *q =
		    CONTAINER_OF(p, struct question_wait, link);

		if (q->asker == k && q->id == id) {
			list_del(&q->link);
			return q;
		}
	}
	return NULL;
}

/* What k was asked is asked again. */
static void release_names(struct asker *k)
{
	list_foreach(p, &k->home->names) {
		struct question_wait *q =
		    CONTAINER_OF(p, struct question_wait, link);

		if (q->asker == k)
			q->asker = NULL;
	}
	feed_names(k->home);
}

static void put_name(struct asking *a, struct question_wait *q)
{
	q->asker = NULL;
	q->until = ev_now(a->loop) + (double)a->set->vdeliver_lookup_timeout;
	list_add_tail(&a->names, &q->link);
	feed_names(a);
	if (!ev_is_active(&a->name_deadline))
		time_names(a);
}

/* --- kept answers ----------------------------------------------------------- */

bool asking_known(struct asking *a, const struct question_wait *q,
    struct answer *answer)
{
	return q->sure &&
	    answers_get(a->kept, q->question, q->flags, q->key, answer);
}

/* Those who wait now may rely on a check that begins now. */
static void start_check(struct asking *a)
{
	if (a->is_checking || list_empty(&a->unsure))
		return;
	a->is_checking = true;
	list_splice(&a->checking, &a->unsure);
	a->check.tries = 0;
	list_add_head(&a->waiting, &a->check.link);
}

static void on_checked(struct question_wait *check, const struct answer *same)
{
	struct asking *a = CONTAINER_OF(check, struct asking, check);
	struct answer known;
	struct list *p;

	while ((p = list_pop(&a->checking)) != NULL) {
		struct question_wait *q =
		    CONTAINER_OF(p, struct question_wait, link);

		q->sure = same->st == ST_OK;
		if (asking_known(a, q, &known))
			q->done(q, &known);
		else
			list_add_tail(&a->waiting, &q->link);
	}
	a->is_checking = false;
	start_check(a);
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
	bool lasting, is_name;

	a.st = (enum st)ipc_get_u32(in);
	lasting = ipc_get_u32(in) != 0;
	dsn = ipc_get_str(in);
	text = ipc_get_str(in);
	a.value = ipc_get_str(in);
	a.ext = ipc_get_str(in);
	is_name = !k->busy || id != k->id;
	if (!ipc_in_ok(in) || in->type != W_ANSWER || a.st > ST_PERM ||
	    (is_name && k->names == 0)) {
		log_error("lookup process %ld talks nonsense", (long)k->pid);
		home->kill(k->pid, home->arg);
		return;
	}
	(void)c;
	snprintf(code, sizeof(code), "%.*s", STR_ARG(dsn));
	snprintf(line, sizeof(line), "%.*s", STR_ARG(text));
	a.dsn = code;
	a.text = line;
	if (is_name) {
		k->names--;
		q = take_name(k, id);
		feed_names(home);
	} else {
		k->busy = false;
		k->now = NULL;
		ev_timer_stop(home->loop, &k->deadline);
		if (lasting && q != NULL)
			answers_put(home->kept, q->question, q->flags, q->key,
			    &a);
	}
	if (q != NULL)
		q->done(q, &a);
	feed(home);
}

/* k is closed: what it was asked is not its affair any more. */
static void drop(struct asker *k)
{
	struct asking *home = k->home;

	ev_timer_stop(home->loop, &k->deadline);
	list_del(&k->link);
	answers_forget_all(home->kept);
	release_names(k);
	free(k);
}

static void on_gone(struct chan *c, void *arg)
{
	struct asker *k = arg;
	struct asking *home = k->home;
	struct question_wait *q = k->now;

	(void)c;
	drop(k);
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
	drop(k);
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
	list_init(&a->names);
	list_init(&a->unsure);
	list_init(&a->checking);
	a->kept = answers_new();
	a->check.question = Q_SAME;
	a->check.key = STR_NONE;
	a->check.done = on_checked;
	list_init(&a->check.link);
	ev_timer_init(&a->name_deadline, on_name_deadline, 0, 0);
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
	answers_forget_all(a->kept);
	feed_names(a);
	feed(a);
}

void asking_put(struct asking *a, struct question_wait *q)
{
	struct answer known;

	q->tries = 0;
	if (q->question == Q_PEER_NAME) {
		put_name(a, q);
		return;
	}
	if (!q->sure &&
	    answers_get(a->kept, q->question, q->flags, q->key, &known)) {
		list_add_tail(&a->unsure, &q->link);
		start_check(a);
	} else {
		list_add_tail(&a->waiting, &q->link);
	}
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
