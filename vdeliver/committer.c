/* committer - jobs through the durable steps, side by side. Runs in: worker. */

#include "vdeliver/committer.h"

#include <pthread.h>
#include <stdbool.h>

#include "base/xalloc.h"
#include "vdeliver/job.h"
#include "vdeliver/team.h"
#include "vdeliver/wire.h"

/* One that publishes and some that stage meanwhile. */
#define LOG_THREADS 4

struct committer {
	struct commit *commit;
	struct team *team;
	committer_done_fn *done;
	void *arg;
	pthread_mutex_t lock; /* for the rest */
	struct list ready;    /* staged jobs */
	bool publishing, ending;
};

static void finish(struct committer *k, struct list *jobs)
{
	struct list *p;

	commit_publish(k->commit, jobs);
	while ((p = list_pop(jobs)) != NULL)
		k->done(k->arg, CONTAINER_OF(p, struct job, link));
}

/* Under the lock, which is let go meanwhile. */
static void publish_ready(struct committer *k)
{
	struct list batch = LIST_INIT(batch);

	k->publishing = true;
	while (!list_empty(&k->ready) && !k->ending) {
		list_splice(&batch, &k->ready);
		pthread_mutex_unlock(&k->lock);
		finish(k, &batch);
		pthread_mutex_lock(&k->lock);
	}
	k->publishing = false;
}

static void run(void *arg, struct list *tasks)
{
	struct committer *k = arg;
	struct list rest = LIST_INIT(rest);

	commit_stage(k->commit, tasks);
	list_foreach_safe(p, next, tasks)
		if (!job_publishes(CONTAINER_OF(p, struct job, link))) {
			list_del(p);
			list_add_tail(&rest, p);
		}
	if (!list_empty(&rest))
		finish(k, &rest);
	pthread_mutex_lock(&k->lock);
	list_splice(&k->ready, tasks);
	if (!k->publishing)
		publish_ready(k);
	pthread_mutex_unlock(&k->lock);
}

/* A thread that waits for the log has all that it staged under way. Where each
 * file is synced by itself, each is a thread's. */
static struct team *make_team(struct committer *k, enum disk_order order)
{
	struct team_rules rules = { .run = run, .arg = k };

	rules.threads = order == DISK_LOG ? LOG_THREADS : WIRE_WORKER_WINDOW;
	rules.tasks = order == DISK_LOG ? WIRE_WORKER_WINDOW : 1;
	return team_new(&rules);
}

struct committer *committer_new(const struct commit_start *start,
    committer_done_fn *done, void *arg)
{
	struct committer *k = xcalloc(1, sizeof(*k));
	struct commit_start s = *start;

	k->done = done;
	k->arg = arg;
	pthread_mutex_init(&k->lock, NULL);
	list_init(&k->ready);
	k->team = s.team = make_team(k, s.disk.order);
	k->commit = commit_new(&s);
	return k;
}

const struct commit *committer_commit(const struct committer *k)
{
	return k->commit;
}

void committer_add(struct committer *k, struct job *j)
{
	team_add(k->team, &j->link);
}

void committer_stop(struct committer *k, struct list *rest)
{
	pthread_mutex_lock(&k->lock);
	k->ending = true;
	pthread_mutex_unlock(&k->lock);
	team_stop(k->team, rest);
	list_splice(rest, &k->ready);
}
