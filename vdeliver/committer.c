/* committer - jobs through the durable steps, side by side. Runs in: worker. */

#include "vdeliver/committer.h"

#include <pthread.h>
#include <stdbool.h>

#include "base/clock.h"
#include "base/log.h"
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
	size_t under_way; /* jobs that nobody has answered */
	struct choice choice;
};

static void give_back(struct committer *k, struct list *jobs)
{
	struct list *p;
	size_t n = 0;

	while ((p = list_pop(jobs)) != NULL) {
		k->done(k->arg, CONTAINER_OF(p, struct job, link));
		n++;
	}
	pthread_mutex_lock(&k->lock);
	choice_done(&k->choice, n, k->under_way, clock_ms());
	k->under_way -= n;
	pthread_mutex_unlock(&k->lock);
}

static bool has_later(struct list *jobs)
{
	list_foreach(p, jobs)
		if (CONTAINER_OF(p, struct job, link)->later)
			return true;
	return false;
}

/* One syncfs is for the names of open, the batch before, and for the data of
 * this one, which is published behind it, and open then. */
static void publish_later(struct committer *k, struct list *batch,
    struct list *open)
{
	commit_syncfs(k->commit, open);
	give_back(k, open);
	commit_publish(k->commit, batch, COMMIT_LATER);
	list_splice(open, batch);
}

/* Under the lock, which is let go meanwhile. */
static void publish_ready(struct committer *k)
{
	struct list batch = LIST_INIT(batch), open = LIST_INIT(open);

	k->publishing = true;
	while (!list_empty(&open) || (!list_empty(&k->ready) && !k->ending)) {
		if (!k->ending)
			list_splice(&batch, &k->ready);
		pthread_mutex_unlock(&k->lock);
		if (!list_empty(&open) || has_later(&batch)) {
			publish_later(k, &batch, &open);
		} else {
			commit_publish(k->commit, &batch, COMMIT_NOW);
			give_back(k, &batch);
		}
		pthread_mutex_lock(&k->lock);
	}
	k->publishing = false;
}

static enum commit_how choose(struct committer *k)
{
	bool syncfs;

	pthread_mutex_lock(&k->lock);
	syncfs = choice_of(&k->choice, k->under_way);
	pthread_mutex_unlock(&k->lock);
	return syncfs ? COMMIT_LATER : COMMIT_NOW;
}

static void run(void *arg, struct list *tasks)
{
	struct committer *k = arg;
	struct list rest = LIST_INIT(rest);

	commit_stage(k->commit, tasks, choose(k));
	list_foreach_safe(p, next, tasks)
		if (!job_publishes(CONTAINER_OF(p, struct job, link))) {
			list_del(p);
			list_add_tail(&rest, p);
		}
	if (!list_empty(&rest)) {
		commit_publish(k->commit, &rest, COMMIT_NOW);
		give_back(k, &rest);
	}
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
	if (s.choice == CHOICE_SYNCFS && !commit_can_syncfs(k->commit))
		log_warn("vdeliver_sync = syncfs: not safe on %s here; fsync "
			 "is used",
		    s.disk.type);
	/* Where the log merges, nothing is faster. */
	choice_init(&k->choice,
	    commit_can_syncfs(k->commit) &&
		    (s.disk.order != DISK_LOG || s.choice == CHOICE_SYNCFS)
		? s.choice
		: CHOICE_FILES);
	return k;
}

const struct commit *committer_commit(const struct committer *k)
{
	return k->commit;
}

void committer_add(struct committer *k, struct job *j)
{
	pthread_mutex_lock(&k->lock);
	k->under_way++;
	pthread_mutex_unlock(&k->lock);
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
