/* commit - data safe, published, name safe, answered. Runs in: worker. */

#include "vdeliver/commit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/io.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "mail/maildirsize.h"
#include "vdeliver/boxes.h"
#include "vdeliver/confine.h"
#include "vdeliver/durable.h"
#include "vdeliver/job.h"
#include "vdeliver/letter.h"
#include "vdeliver/room.h"
#include "vdeliver/team.h"

/* Maildirs that are remembered as looked through. */
#define SWEPT_MAX 20000

struct commit {
	struct maildir_store store;
	int base_error;
	struct disk disk;
	int whole; /* for syncfs: opened before anything was written */
	struct team *team;
	struct durable *durable; /* of the thread that publishes */
	const char *last;        /* its: the Maildir that was changed last */
	/* Each failed sync is a step further; what was staged before fails. */
	atomic_uint health;
	pthread_mutex_t lock;
	struct err sick; /* under the lock: the failed sync */
	struct hash
	    *swept; /* under the lock: Maildirs that were looked through */
};

struct commit *commit_new(const struct commit_start *start)
{
	struct commit *c = xcalloc(1, sizeof(*c));

	c->store = start->store;
	c->base_error = start->base_error;
	c->disk = start->disk;
	c->team = start->team;
	c->whole = c->disk.syncfs
	    ? openat(c->store.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
	    : -1;
	if (c->whole < 0)
		c->disk.syncfs = false;
	c->durable = durable_new(c->store.fd, c->team);
	pthread_mutex_init(&c->lock, NULL);
	c->swept = hash_new();
	return c;
}

void commit_free(struct commit *c)
{
	if (c == NULL)
		return;
	fd_clear(&c->whole);
	durable_free(c->durable);
	hash_free(c->swept, NULL);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static struct job *job_of(struct list *l)
{
	return CONTAINER_OF(l, struct job, link);
}

/* What the router must never send: absolute, "..", control characters. */
static bool path_is_safe(struct str path)
{
	struct str rest = path, part;
	size_t i;
	bool more = true;

	if (path.n == 0 || path.p[0] == '/')
		return false;
	for (i = 0; i < path.n; i++)
		if ((unsigned char)path.p[i] < ' ' || path.p[i] == 0x7f)
			return false;
	while (more) {
		more = str_cut(&rest, '/', &part);
		if (str_eqc(part, ".."))
			return false;
	}
	return true;
}

static enum st write_target(struct commit *c, const struct job *j,
    struct target *t)
{
	AUTO_BUF head = BUF_MAX(LETTER_HEAD_MAX);
	enum st st;
	bool ok, joined;

	if (letter_head(&head, j, t) != ST_OK)
		return ST_TEMP;
	if (j->limit != 0 && head.n + j->size > j->limit) {
		errno = EFBIG;
		return maildir_errno(&t->err, &c->store,
		    "error writing message", NULL);
	}
	st = maildirsize_check(&c->store, t->msg.dir, head.n + j->size, true,
	    &t->err);
	if (st == ST_TEMP || st == ST_PERM)
		return st;
	t->sized = st == ST_OK;
	/* One call is less than two. */
	joined = j->fd < 0 && head.n + j->body.n <= LETTER_HEAD_MAX;
	if (joined)
		buf_add(&head, j->body);
	ok = io_write_full(t->msg.fd, head.p, head.n) &&
	    (joined || letter_body(j, t->msg.fd));
	return ok
	    ? ST_OK
	    : maildir_errno(&t->err, &c->store, "error writing message", NULL);
}

static void warn_access(const struct target *t)
{
	log_warn("maildir access problem for UID/GID=%lu/%lu: %s",
	    (unsigned long)geteuid(), (unsigned long)getegid(), t->err.text);
	log_warn("perhaps you need to create the maildirs in advance");
}

/* Is it the first time that this worker comes here? */
static bool is_new_here(struct commit *c, const char *dir)
{
	bool first;

	pthread_mutex_lock(&c->lock);
	first = hash_get(c->swept, str_c(dir)) == NULL;
	if (first && hash_count(c->swept) > SWEPT_MAX) {
		hash_free(c->swept, NULL);
		c->swept = hash_new();
	}
	if (first)
		hash_put(c->swept, str_c(dir), c);
	pthread_mutex_unlock(&c->lock);
	return first;
}

enum st commit_check(const struct commit *c, struct target *t)
{
	const char *what = target_is_mbox(t->path)
	    ? "delivery failed to mailbox"
	    : "maildir delivery failed";

	if (!path_is_safe(t->path)) {
		t->st = err_temp(&t->err, "4.2.0", "%s: bad mailbox path %.*s",
		    what, STR_ARG(t->path));
	} else if (c->store.fd < 0) {
		errno = c->base_error;
		t->st = err_temp(&t->err, "4.2.0",
		    "%s: open virtual_mailbox_base %s: %m", what,
		    c->store.path);
	} else {
		t->st = confine_check(&c->store, t->path, &t->err);
	}
	return t->st;
}

enum st commit_room(const struct commit *c, struct str path, uint64_t size,
    struct err *e)
{
	if (c->store.fd < 0 || !path_is_safe(path))
		return ST_OK; /* the delivery will tell */
	return room_owner(&c->store, path, size, e);
}

static enum st stage_target(struct commit *c, struct job *j, struct target *t)
{
	enum st st;

	if (t->st != ST_OK || commit_check(c, t) != ST_OK ||
	    target_is_mbox(t->path))
		return t->st;
	st = maildir_stage(&t->msg, &j->arena, &c->store, t->path, &t->err);
	if (st != ST_OK) {
		if (errno == EACCES)
			warn_access(t);
		return st;
	}
	/* Whoever staged here and died has left what it had. */
	if (is_new_here(c, t->msg.dir))
		maildir_sweep(&c->store, t->msg.dir);
	return write_target(c, j, t);
}

/* A failure of one target is the failure of its group. */
static void fail_groups(struct job *j)
{
	size_t i, k;

	for (i = 0; i < j->n; i++) {
		if (j->targets[i].st == ST_OK)
			continue;
		for (k = 0; k < j->n; k++) {
			if (j->targets[k].group != j->targets[i].group ||
			    j->targets[k].st != ST_OK)
				continue;
			j->targets[k].st = j->targets[i].st;
			j->targets[k].err = j->targets[i].err;
		}
	}
}

/* --- data ------------------------------------------------------------- */

/* A sync failed. Those staged meanwhile may be hit as well: the kernel tells of
 * an error once, and whose pages were lost is anybody's guess. */
static void fall_sick(struct commit *c, unsigned health, const struct err *e)
{
	bool first;

	pthread_mutex_lock(&c->lock);
	first = c->health == health;
	if (first) {
		c->sick = *e;
		c->health++;
	}
	pthread_mutex_unlock(&c->lock);
	if (first)
		log_error("%s; check the disk", e->text);
}

/* Does a sync of the store's file system make it safe? */
static bool is_logged(const struct commit *c, const struct job *j, int fd)
{
	struct stat sb;

	return (c->disk.order == DISK_LOG || j->later) && fstat(fd, &sb) == 0 &&
	    sb.st_dev == c->disk.dev;
}

static bool is_staged(const struct target *t)
{
	return t->st == ST_OK && t->msg.fd >= 0;
}

static bool write_out(const struct target *t, unsigned how)
{
	return sync_file_range(t->msg.fd, 0, 0, how) == 0;
}

#define WAIT_OUT                                               \
	(SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | \
	    SYNC_FILE_RANGE_WAIT_AFTER)

struct syncing {
	struct commit *c;
	struct job *j;
};

static void sync_failed(struct commit *c, const struct job *j, struct target *t)
{
	t->st = maildir_errno(&t->err, &c->store,
	    "error writing message: sync of", t->msg.tmp);
	fall_sick(c, j->health, &t->err);
}

static void sync_target(void *arg, size_t i)
{
	struct syncing *s = arg;
	struct target *t = &s->j->targets[i];

	if (is_staged(t) && !(t->logged && s->j->later) &&
	    !(t->logged ? write_out(t, WAIT_OUT) : fsync(t->msg.fd) == 0))
		sync_failed(s->c, s->j, t);
}

/* Begin to write them out; where the log makes them safe, that is all that a
 * thread of its own could do. */
static void start_out(struct commit *c, struct job *j, bool alone)
{
	struct target *t;

	for (t = j->targets; t < j->targets + j->n; t++) {
		t->logged = is_staged(t) && is_logged(c, j, t->msg.fd);
		if (t->logged && !alone && !write_out(t, SYNC_FILE_RANGE_WRITE))
			sync_failed(c, j, t);
	}
}

static void sync_job(struct commit *c, struct job *j)
{
	struct syncing s = { c, j };
	bool logged = true;
	size_t i;

	for (i = 0; i < j->n; i++)
		logged = logged && j->targets[i].logged;
	team_each(logged ? NULL : c->team, j->n, sync_target, &s);
}

static void stage_job(struct commit *c, struct job *j)
{
	size_t i;

	for (i = 0; i < j->n; i++) {
		j->targets[i].msg.fd = -1;
		j->targets[i].st = stage_target(c, j, &j->targets[i]);
	}
}

void commit_stage(struct commit *c, struct list *jobs, enum commit_how how)
{
	unsigned health = c->health;
	bool alone = jobs->next->next == jobs;

	list_foreach(p, jobs) {
		struct job *j = job_of(p);

		j->health = health;
		/* What is only prepared is answered at once. */
		j->later = how == COMMIT_LATER && c->disk.syncfs &&
		    j->phase == JOB_DELIVER;
		fail_groups(j);
		if (!job_stages(j))
			continue;
		stage_job(c, j);
		start_out(c, j, alone && j->n == 1);
	}
	list_foreach(p, jobs)
		if (job_stages(job_of(p)))
			sync_job(c, job_of(p));
}

/* --- names -------------------------------------------------------------- */

static enum st append(const struct job *j, struct target *t)
{
	AUTO_BUF head = BUF_MAX(LETTER_HEAD_MAX);
	struct mbox_msg msg = { .sender = j->sender,
		.body = j->body,
		.fd = j->fd,
		.size = j->size };
	struct box *b = t->box;

	if (b == NULL || b->st != ST_OK)
		bug("append to %.*s without its lock", STR_ARG(t->path));
	if (letter_head(&head, j, t) != ST_OK)
		return ST_TEMP;
	msg.head = buf_str(&head);
	t->st = mbox_append(&b->mbox, &msg, j->limit, &t->span, &t->err);
	if (t->st != ST_OK)
		return t->st;
	t->appended = true;
	if (!b->written)
		b->size = t->span.start;
	b->written = true;
	return ST_OK;
}

static enum st publish_target(struct commit *c, struct job *j, struct target *t)
{
	if (target_is_mbox(t->path))
		return t->st = append(j, t);
	t->st = maildir_publish(&t->msg, &j->arena, &t->err);
	if (t->st == ST_OK) {
		if (t->logged)
			c->last = t->msg.dir;
		else
			durable_want(c->durable, t->msg.dir);
		if (t->sized)
			maildirsize_add(&c->store, t->msg.dir, t->msg.size);
	} else if (errno == EACCES) {
		warn_access(t);
	}
	return t->st;
}

/* The last targets first: only the end of a file can be taken back. */
static void undo_group(struct job *j, uint32_t group)
{
	struct target *t;
	size_t i;

	for (i = j->n; i > 0; i--) {
		t = &j->targets[i - 1];
		if (t->group != group || !t->appended)
			continue;
		mbox_undo(&t->box->mbox, &t->span);
		t->appended = false;
	}
}

/* The mboxes first: what fails behind them can still be made undone. */
static void publish_group(struct commit *c, struct job *j, uint32_t group)
{
	enum st st = ST_OK;
	struct target *t;
	int mbox;

	for (mbox = 1; mbox >= 0; mbox--)
		for (t = j->targets; st == ST_OK && t < j->targets + j->n; t++)
			if (t->group == group && t->todo &&
			    target_is_mbox(t->path) == (mbox == 1))
				st = publish_target(c, j, t);
	if (st != ST_OK)
		undo_group(j, group);
	for (t = j->targets; t < j->targets + j->n; t++)
		if (t->group == group)
			t->todo = false;
}

static void publish_job(struct commit *c, struct job *j)
{
	struct target *t;

	for (t = j->targets; t < j->targets + j->n; t++)
		t->todo =
		    t->st == ST_OK && (j->phase == JOB_DELIVER || t->chosen);
	for (t = j->targets; t < j->targets + j->n; t++)
		if (t->todo)
			publish_group(c, j, t->group);
	fail_groups(j);
}

/* Each file once. False when a sync failed. */
static bool sync_boxes(struct commit *c, struct list *jobs, struct err *e)
{
	struct target *t;
	bool ok = true;

	list_foreach(p, jobs) {
		struct job *j = job_of(p);

		for (t = j->targets; ok && t < j->targets + j->n; t++) {
			if (!t->appended || !t->box->written)
				continue;
			ok = mbox_sync(&t->box->mbox, e) == ST_OK;
			durable_want_file(c->durable, t->box->mbox.path);
			t->box->written = false;
		}
	}
	return ok;
}

/* Nobody is answered: the files become what they were, as far as it goes. */
static void fail_published(struct job *j, const struct err *e)
{
	struct target *t;

	for (t = j->targets; t < j->targets + j->n; t++) {
		if (t->st != ST_OK || (t->msg.new == NULL && !t->appended))
			continue;
		if (t->appended)
			mbox_cut(&t->box->mbox, t->box->size);
		t->st = ST_TEMP;
		t->err = *e;
	}
}

static bool stays(const struct job *j, const struct target *t)
{
	return (j->phase == JOB_PREPARE || j->phase == JOB_LOCK) &&
	    t->st == ST_OK;
}

static void drop_rest(struct job *j)
{
	struct target *t;

	for (t = j->targets; t < j->targets + j->n; t++) {
		if (!stays(j, t))
			maildir_discard(&t->msg);
		/* Others may be appending to it. */
		if (t->box != NULL && job_publishes(j))
			t->box->written = false;
	}
}

/* A sync failed since it was staged. */
static void judge(struct commit *c, struct job *j)
{
	struct target *t;

	if (job_stages(j) && j->health != c->health) {
		pthread_mutex_lock(&c->lock);
		for (t = j->targets; t < j->targets + j->n; t++)
			if (t->st == ST_OK)
				t->st = err_temp(&t->err, "4.3.0", "%s",
				    c->sick.text);
		pthread_mutex_unlock(&c->lock);
	}
	fail_groups(j);
}

static enum st sync_names(struct commit *c, struct list *jobs,
    enum commit_how how, struct err *e)
{
	if (!sync_boxes(c, jobs, e) || durable_sync(c->durable, e) != ST_OK)
		return ST_TEMP;
	return c->last == NULL || how == COMMIT_LATER
	    ? ST_OK
	    : durable_sync_last(c->durable, c->last, e);
}

static void fail_names(struct commit *c, struct list *jobs, unsigned health,
    const struct err *e)
{
	fall_sick(c, health, e);
	list_foreach(p, jobs)
		if (job_publishes(job_of(p)))
			fail_published(job_of(p), e);
}

static void publish_all(struct commit *c, struct list *jobs,
    enum commit_how how)
{
	unsigned health = c->health;
	struct err e;

	c->last = NULL;
	list_foreach(p, jobs)
		if (job_publishes(job_of(p)))
			publish_job(c, job_of(p));
	if (sync_names(c, jobs, how, &e) != ST_OK)
		fail_names(c, jobs, health, &e);
}

void commit_publish(struct commit *c, struct list *jobs, enum commit_how how)
{
	bool any = false;

	list_foreach(p, jobs) {
		judge(c, job_of(p));
		any = any || job_publishes(job_of(p));
	}
	if (any)
		publish_all(c, jobs, how);
	list_foreach(p, jobs)
		drop_rest(job_of(p));
}

void commit_syncfs(struct commit *c, struct list *published)
{
	unsigned health = c->health;
	struct err e;

	if (syncfs(c->whole) == 0)
		return;
	err_temp(&e, "4.3.0", "sync of the file system of %s: %m",
	    c->store.path);
	fail_names(c, published, health, &e);
}

bool commit_can_syncfs(const struct commit *c)
{
	return c->disk.syncfs;
}

void commit_batch(struct commit *c, struct list *jobs)
{
	commit_stage(c, jobs, COMMIT_NOW);
	commit_publish(c, jobs, COMMIT_NOW);
}
