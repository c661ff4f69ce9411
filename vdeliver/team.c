/* team - threads that write and sync side by side. Runs in: worker. */

#include "vdeliver/team.h"

#include <pthread.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/xalloc.h"

#define STACK_SIZE 262144

struct team {
	struct team_rules rules;
	/* the rest under the lock */
	pthread_mutex_t lock;
	pthread_cond_t news, done;
	struct list tasks, shares;
	size_t threads, running;
	size_t idle, called; /* those that wait; of these, were called */
	bool ending;
};

/* team_each() of one caller, who has it on its stack. */
struct share {
	struct list link; /* in team.shares while parts are left to begin */
	size_t n, next, left;
	team_part_fn *part;
	void *arg;
};

struct team *team_new(const struct team_rules *rules)
{
	struct team *t = xcalloc(1, sizeof(*t));

	t->rules = *rules;
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->news, NULL);
	pthread_cond_init(&t->done, NULL);
	list_init(&t->tasks);
	list_init(&t->shares);
	return t;
}

/* Under the lock, which is let go meanwhile. Behind it s may be gone. */
static void do_part(struct team *t, struct share *s)
{
	size_t i = s->next++;

	if (s->next == s->n)
		list_del(&s->link);
	pthread_mutex_unlock(&t->lock);
	s->part(s->arg, i);
	pthread_mutex_lock(&t->lock);
	if (--s->left == 0)
		pthread_cond_broadcast(&t->done);
}

static void do_tasks(struct team *t)
{
	struct list some = LIST_INIT(some);
	size_t n;

	for (n = 0; n < t->rules.tasks && !list_empty(&t->tasks); n++)
		list_add_tail(&some, list_pop(&t->tasks));
	t->running++;
	pthread_mutex_unlock(&t->lock);
	t->rules.run(t->rules.arg, &some);
	pthread_mutex_lock(&t->lock);
	t->running--;
	if (t->ending)
		pthread_cond_broadcast(&t->done);
}

static void *thread(void *arg)
{
	struct team *t = arg;

	pthread_mutex_lock(&t->lock);
	for (;;) {
		if (!list_empty(&t->shares)) {
			do_part(t,
			    CONTAINER_OF(t->shares.next, struct share, link));
		} else if (!list_empty(&t->tasks)) {
			do_tasks(t);
		} else {
			t->idle++;
			pthread_cond_wait(&t->news, &t->lock);
			t->idle--;
			t->called -= t->called > 0;
		}
	}
	return NULL;
}

static bool start_thread(struct team *t)
{
	pthread_attr_t attr;
	pthread_t id;
	bool ok;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	ok = pthread_create(&id, &attr, thread, t) == 0;
	pthread_attr_destroy(&attr);
	return ok;
}

/* Under the lock: one more hand could be used. False: there is none. */
static bool call(struct team *t)
{
	if (t->idle > t->called) {
		t->called++;
		pthread_cond_signal(&t->news);
		return true;
	}
	if (t->threads == t->rules.threads || !start_thread(t))
		return false;
	t->threads++;
	return true;
}

void team_add(struct team *t, struct list *task)
{
	pthread_mutex_lock(&t->lock);
	list_add_tail(&t->tasks, task);
	if (!call(t) && t->threads == 0)
		bug("no thread can be started");
	pthread_mutex_unlock(&t->lock);
}

static void each_alone(size_t n, team_part_fn *part, void *arg)
{
	size_t i;

	for (i = 0; i < n; i++)
		part(arg, i);
}

void team_each(struct team *t, size_t n, team_part_fn *part, void *arg)
{
	struct share s = { .n = n, .left = n, .part = part, .arg = arg };
	size_t i;

	if (t == NULL || n < 2) {
		each_alone(n, part, arg);
		return;
	}
	pthread_mutex_lock(&t->lock);
	list_add_tail(&t->shares, &s.link);
	for (i = 1; i < n && call(t); i++)
		;
	while (s.next < n)
		do_part(t, &s);
	while (s.left > 0)
		pthread_cond_wait(&t->done, &t->lock);
	pthread_mutex_unlock(&t->lock);
}

void team_stop(struct team *t, struct list *rest)
{
	pthread_mutex_lock(&t->lock);
	t->ending = true;
	list_splice(rest, &t->tasks);
	while (t->running > 0)
		pthread_cond_wait(&t->done, &t->lock);
	pthread_mutex_unlock(&t->lock);
}
