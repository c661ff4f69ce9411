/*
 * worker - jobs in, durable mailboxes out. Runs in: worker.
 *
 * One thread takes jobs from the router, the other commits: what arrives while
 * a batch is being synced is the next batch.
 */

#include "vdeliver/worker.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/io.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "priv/ipc.h"
#include "vdeliver/commit.h"
#include "vdeliver/job.h"
#include "vdeliver/wire.h"

struct worker {
	int router;
	struct commit *commit;
	pthread_mutex_t lock;
	pthread_cond_t news;
	struct list todo;     /* jobs to commit, in order of arrival */
	struct list prepared; /* jobs that wait for a verdict */
};

static void job_free(struct job *j)
{
	struct arena a = j->arena;

	fd_clear(&j->fd);
	free(j);
	arena_clear(&a);
}

/* Bytes of a message that must outlive it. */
static struct str keep(struct job *j, struct str s)
{
	return arena_str(&j->arena, s);
}

static struct job *job_read(struct ipc_in *in)
{
	struct job *j = xcalloc(1, sizeof(*j));
	struct target *t;
	size_t i;

	j->fd = -1;
	j->id = ipc_get_u32(in);
	j->phase = (enum job_phase)ipc_get_u32(in);
	j->sender = keep(j, ipc_get_str(in));
	j->limit = ipc_get_u64(in);
	j->size = ipc_get_u64(in);
	j->n = ipc_get_u32(in);
	if (in->bad || j->n > JOB_TARGETS)
		bug("job of %zu targets", j->n);
	j->targets = arena_array(&j->arena, j->n, sizeof(*j->targets));
	for (i = 0; i < j->n; i++) {
		t = &j->targets[i];
		t->path = keep(j, ipc_get_str(in));
		t->orig = keep(j, ipc_get_str(in));
		t->final = keep(j, ipc_get_str(in));
		t->group = ipc_get_u32(in);
		t->msg.fd = -1;
	}
	if (ipc_get_u32(in) == 0)
		j->fd = fd_take(&in->fd);
	j->body = keep(j, ipc_get_str(in));
	if (!ipc_in_ok(in) || (j->fd < 0 && j->body.n != j->size))
		bug("malformed job from the router");
	return j;
}

static struct job *find_prepared(struct worker *w, uint32_t id)
{
	list_foreach(p, &w->prepared)
		if (CONTAINER_OF(p, struct job, link)->id == id)
			return CONTAINER_OF(p, struct job, link);
	bug("verdict for job %u, which is not prepared", id);
}

/* Under the lock: a prepared job goes on or is dropped. */
static struct job *verdict_read(struct worker *w, struct ipc_in *in)
{
	struct job *j = find_prepared(w, ipc_get_u32(in));
	uint32_t n, i, at;

	j->phase = (enum job_phase)ipc_get_u32(in);
	n = ipc_get_u32(in);
	for (i = 0; i < n && !in->bad; i++) {
		at = ipc_get_u32(in);
		if (at >= j->n)
			bug("verdict on target %u of %zu", at, j->n);
		j->targets[at].chosen = true;
	}
	if (!ipc_in_ok(in))
		bug("malformed verdict from the router");
	list_del(&j->link);
	return j;
}

static void answer(struct worker *w, struct job *j)
{
	AUTO_IPC_OUT o = IPC_OUT;
	struct target *t;

	ipc_begin(&o, W_DONE);
	ipc_put_u32(&o, j->id);
	ipc_put_u32(&o, (uint32_t)j->n);
	for (t = j->targets; t < j->targets + j->n; t++) {
		ipc_put_u32(&o, (uint32_t)t->st);
		ipc_put_str(&o, str_c(t->err.dsn));
		ipc_put_str(&o, str_c(t->err.text));
	}
	if (!ipc_out_ok(&o))
		bug("answer for %zu targets is too long", j->n);
	/* The router is gone: nobody waits for this answer any more. */
	if (ipc_send(w->router, &o, -1) != IPC_OK)
		_exit(0);
}

static bool has_success(const struct job *j)
{
	size_t i;

	for (i = 0; i < j->n; i++)
		if (j->targets[i].st == ST_OK)
			return true;
	return false;
}

static void settle(struct worker *w, struct job *j)
{
	bool waits = j->phase == JOB_PREPARE && has_success(j);

	if (waits) {
		pthread_mutex_lock(&w->lock);
		list_add_tail(&w->prepared, &j->link);
		pthread_mutex_unlock(&w->lock);
	}
	answer(w, j);
	if (!waits)
		job_free(j);
}

static void *commit_thread(void *arg)
{
	struct worker *w = arg;
	struct list batch = LIST_INIT(batch), *p;

	for (;;) {
		pthread_mutex_lock(&w->lock);
		while (list_empty(&w->todo))
			pthread_cond_wait(&w->news, &w->lock);
		list_splice(&batch, &w->todo);
		pthread_mutex_unlock(&w->lock);
		commit_batch(w->commit, &batch);
		while ((p = list_pop(&batch)) != NULL)
			settle(w, CONTAINER_OF(p, struct job, link));
	}
	return NULL;
}

/* The router closed: drop what is staged and not decided, then end. */
static void NORETURN finish(struct worker *w)
{
	struct list *p;

	pthread_mutex_lock(&w->lock);
	while ((p = list_pop(&w->prepared)) != NULL) {
		struct job *j = CONTAINER_OF(p, struct job, link);
		size_t i;

		for (i = 0; i < j->n; i++)
			maildir_discard(&j->targets[i].msg);
	}
	_exit(0);
}

void worker_run(const struct worker_start *start)
{
	struct worker w = { .router = start->router,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.news = PTHREAD_COND_INITIALIZER };
	static struct ipc_in in = { .fd = -1 };
	pthread_t thread;
	struct job *j;

	list_init(&w.todo);
	list_init(&w.prepared);
	w.commit = commit_new(start->base, start->base_error, start->base_path);
	if (pthread_create(&thread, NULL, commit_thread, &w) != 0)
		bug("no thread for the commits");
	while (ipc_recv(w.router, &in) == IPC_OK) {
		if (in.type != W_JOB && in.type != W_VERDICT)
			bug("message %u for a worker", in.type);
		j = in.type == W_JOB ? job_read(&in) : NULL;
		pthread_mutex_lock(&w.lock);
		if (j == NULL)
			j = verdict_read(&w, &in);
		list_add_tail(&w.todo, &j->link);
		pthread_cond_signal(&w.news);
		pthread_mutex_unlock(&w.lock);
	}
	finish(&w);
}
