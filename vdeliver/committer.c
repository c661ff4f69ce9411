/* committer - jobs through the durable steps, side by side. Runs in: worker. */

#include "vdeliver/committer.h"

#include <pthread.h>
#include <stdbool.h>

#include "base/xalloc.h"
#include "vdeliver/job.h"
#include "vdeliver/team.h"
#include "vdeliver/wire.h"

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

static void run(void *arg, struct list *task)
{
	struct committer *k = arg;
	struct job *j = CONTAINER_OF(task, struct job, link);
	struct list alone = LIST_INIT(alone);

	commit_stage(k->commit, j);
	if (!job_publishes(j)) {
		list_add_tail(&alone, &j->link);
		finish(k, &alone);
		return;
	}
	pthread_mutex_lock(&k->lock);
	list_add_tail(&k->ready, &j->link);
	if (!k->publishing)
		publish_ready(k);
	pthread_mutex_unlock(&k->lock);
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
	/* One for each job that the router may have here. */
	k->team = s.team = team_new(WIRE_WORKER_WINDOW, run, k);
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
