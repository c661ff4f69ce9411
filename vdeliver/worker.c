/*
 * worker - jobs in, durable mailboxes out. Runs in: worker.
 *
 * One thread takes jobs from the router and gets the locks that they need, others
 * (committer.h) write and sync.
 *
 *	router -> take -> (locking) -> committer -> answer, or prepared
 *
 * Jobs that hold boxes go back to the first thread to be unlocked and answered.
 */

#include "vdeliver/worker.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/io.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "priv/ipc.h"
#include "vdeliver/committer.h"
#include "vdeliver/job.h"
#include "vdeliver/wire.h"

/* Jobs that may wait for locks without standing in the way of others. Each may
 * hold a descriptor. */
#define WAITING_MAX 300

struct worker {
	int router, wake;
	struct committer *committer;
	struct boxes *boxes;
	struct list locking; /* jobs that wait for locks */
	size_t told;         /* of these, the router knows */
	/* What all threads use, under the lock: */
	pthread_mutex_t lock;
	struct list prepared; /* jobs that wait for a verdict */
	struct list returned; /* jobs to unlock and to answer */
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
	struct target *t;
	uint32_t n, i, at;

	j->phase = (enum job_phase)ipc_get_u32(in);
	n = ipc_get_u32(in);
	for (t = j->targets; t < j->targets + j->n; t++)
		t->chosen = false;
	for (i = 0; i < n && !in->bad; i++) {
		at = ipc_get_u32(in);
		if (at >= j->n)
			bug("verdict on target %u of %zu", at, j->n);
		j->targets[at].chosen = true;
	}
	if (!ipc_in_ok(in))
		bug("malformed verdict from the router");
	for (t = j->targets; t < j->targets + j->n; t++)
		if (j->phase == JOB_LOCK && !t->chosen && t->st == ST_OK)
			t->st = err_temp(&t->err, "4.3.0", "dropped");
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
	/* Without a router nobody waits for it, and the taking thread ends us. */
	if (ipc_send_wait(w->router, &o, -1) != IPC_OK)
		return;
}

static bool has_success(const struct job *j)
{
	size_t i;

	for (i = 0; i < j->n; i++)
		if (j->targets[i].st == ST_OK)
			return true;
	return false;
}

static bool has_boxes(const struct job *j)
{
	size_t i;

	for (i = 0; i < j->n; i++)
		if (j->targets[i].box != NULL)
			return true;
	return false;
}

/* A thread of the committer is done with it. */
static void settle(void *arg, struct job *j)
{
	struct worker *w = arg;
	bool waits =
	    (j->phase == JOB_PREPARE || j->phase == JOB_LOCK) && has_success(j);
	bool locked = !waits && has_boxes(j);

	if (waits || locked) {
		pthread_mutex_lock(&w->lock);
		list_add_tail(waits ? &w->prepared : &w->returned, &j->link);
		pthread_mutex_unlock(&w->lock);
	}
	if (locked) {
		if (eventfd_write(w->wake, 1) != 0)
			bug("eventfd: %m");
		return;
	}
	answer(w, j);
	if (!waits)
		job_free(j);
}

/* --- locks --------------------------------------------------------------- */

/* True when the job has to wait for boxes, its own or shared ones. */
static bool get_boxes(struct worker *w, struct job *j)
{
	struct target *t;
	bool any = false;

	if (j->phase != JOB_DELIVER && j->phase != JOB_LOCK)
		return false;
	for (t = j->targets; t < j->targets + j->n; t++) {
		if (t->st != ST_OK || !target_is_mbox(t->path) ||
		    commit_check(committer_commit(w->committer), t) != ST_OK)
			continue;
		t->box = boxes_get(w->boxes, t->path, &t->claim);
		any = true;
	}
	return any;
}

static bool is_ready(const struct worker *w, const struct job *j)
{
	struct target *t;

	for (t = j->targets; t < j->targets + j->n; t++)
		if (t->box != NULL &&
		    boxes_state(w->boxes, t->box, &t->claim) == ST_NONE)
			return false;
	return true;
}

/* Every lock was got or given up. */
static void leave_locking(struct worker *w, struct job *j)
{
	struct target *t;

	for (t = j->targets; t < j->targets + j->n; t++) {
		if (t->box == NULL)
			continue;
		if (t->box->st == ST_OK) {
			boxes_use(t->box);
			continue;
		}
		t->st = ST_TEMP;
		t->err = t->box->err;
		boxes_put(t->box);
		t->box = NULL;
	}
	if (j->told)
		w->told--;
	j->told = false;
	list_del(&j->link);
	committer_add(w->committer, j);
}

static void tell_waits(struct worker *w, struct job *j)
{
	AUTO_IPC_OUT o = IPC_OUT;

	if (j->told || w->told >= WAITING_MAX)
		return;
	ipc_begin(&o, W_WAITS);
	ipc_put_u32(&o, j->id);
	j->told = ipc_out_ok(&o) && ipc_send_wait(w->router, &o, -1) == IPC_OK;
	w->told += j->told;
}

static void advance(struct worker *w)
{
	struct job *j;

	list_foreach_safe(p, next, &w->locking) {
		j = CONTAINER_OF(p, struct job, link);
		if (is_ready(w, j))
			leave_locking(w, j);
		else
			tell_waits(w, j);
	}
	boxes_rest(w->boxes);
}

static void release(struct worker *w)
{
	struct list all = LIST_INIT(all), *p;
	eventfd_t n;
	struct target *t;

	if (eventfd_read(w->wake, &n) != 0 && errno != EAGAIN)
		bug("eventfd: %m");
	pthread_mutex_lock(&w->lock);
	list_splice(&all, &w->returned);
	pthread_mutex_unlock(&w->lock);
	while ((p = list_pop(&all)) != NULL) {
		struct job *j = CONTAINER_OF(p, struct job, link);

		for (t = j->targets; t < j->targets + j->n; t++) {
			if (t->box == NULL)
				continue;
			boxes_unuse(t->box);
			boxes_put(t->box);
		}
		answer(w, j);
		job_free(j);
	}
}

/* --- questions ----------------------------------------------------------- */

/* Would a message exceed a quota? Little is read for it, and nothing waits. */
static void answer_room(struct worker *w, struct ipc_in *in)
{
	AUTO_IPC_OUT o = IPC_OUT;
	uint32_t id = ipc_get_u32(in), n, i;
	uint64_t size = ipc_get_u64(in);
	struct err e = { "", "" };
	enum st st = ST_OK;

	n = ipc_get_u32(in);
	for (i = 0; i < n && i < ROOM_PATHS && !in->bad && st == ST_OK; i++)
		st = commit_room(committer_commit(w->committer),
		    ipc_get_str(in), size, &e);
	if (in->bad || n > ROOM_PATHS)
		bug("malformed question from the router");
	ipc_begin(&o, W_ROOM_REPLY);
	ipc_put_u32(&o, id);
	ipc_put_u32(&o, (uint32_t)st);
	ipc_put_str(&o, str_c(e.dsn));
	ipc_put_str(&o, str_c(e.text));
	/* The router counts its questions: none may go without an answer. */
	if (ipc_send_wait(w->router, &o, -1) != IPC_OK)
		return; /* as in answer() */
}

/* --- the taking thread --------------------------------------------------- */

static void take(struct worker *w, struct ipc_in *in)
{
	struct job *j;

	if (in->type == W_ROOM) {
		answer_room(w, in);
		return;
	}
	if (in->type == W_JOB) {
		j = job_read(in);
	} else if (in->type == W_VERDICT) {
		pthread_mutex_lock(&w->lock);
		j = verdict_read(w, in);
		pthread_mutex_unlock(&w->lock);
	} else {
		bug("message %u for a worker", in->type);
	}
	if (get_boxes(w, j))
		list_add_tail(&w->locking, &j->link);
	else
		committer_add(w->committer, j);
}

static void discard_all(struct list *jobs)
{
	struct list *p;
	size_t i;

	while ((p = list_pop(jobs)) != NULL) {
		struct job *j = CONTAINER_OF(p, struct job, link);

		for (i = 0; i < j->n; i++)
			maildir_discard(&j->targets[i].msg);
	}
}

/*
 * The router closed: let the batch that is being written end, so that no mbox
 * is left with half a message, drop what is staged and not decided, unlock.
 */
static void NORETURN finish(struct worker *w)
{
	struct list rest = LIST_INIT(rest);

	committer_stop(w->committer, &rest);
	discard_all(&w->prepared);
	discard_all(&rest);
	discard_all(&w->locking);
	boxes_free(w->boxes);
	_exit(0);
}

void worker_run(const struct worker_start *start)
{
	struct worker w = { .router = start->router,
		.lock = PTHREAD_MUTEX_INITIALIZER };
	static struct ipc_in in = { .fd = -1 };
	struct pollfd p[2] = { { .events = POLLIN }, { .events = POLLIN } };

	list_init(&w.locking);
	list_init(&w.prepared);
	list_init(&w.returned);
	/* A limit of the system is an error like others. */
	signal(SIGXFSZ, SIG_IGN);
	w.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w.wake < 0)
		bug("eventfd: %m");
	w.committer = committer_new(&start->commit, settle, &w);
	w.boxes = boxes_new(&start->boxes);
	p[0].fd = w.router;
	p[1].fd = w.wake;
	for (;;) {
		if (poll(p, 2, clock_left(boxes_next(w.boxes))) < 0 &&
		    errno != EINTR)
			bug("poll: %m");
		if (p[1].revents != 0)
			release(&w);
		boxes_poll(w.boxes);
		if (p[0].revents != 0) {
			if (ipc_recv(w.router, &in) != IPC_OK)
				finish(&w);
			take(&w, &in);
		}
		advance(&w);
	}
}
