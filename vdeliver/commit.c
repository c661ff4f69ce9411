/* commit - data safe, published, name safe, answered. Runs in: worker. */

#include "vdeliver/commit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/io.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "vdeliver/durable.h"
#include "vdeliver/job.h"

/* Return-Path, X-Original-To and Delivered-To of the longest addresses. */
#define PREFIX_MAX 32768
/* Maildirs that are remembered as looked through. */
#define SWEPT_MAX  20000
#define COPY_CHUNK 65536
/* Maildirs that are remembered as looked through. */
#define SWEPT_MAX 20000

struct commit {
	struct maildir_store store;
	int base_error;
	struct durable *durable;
	struct hash *swept; /* Maildirs that were looked through */
	char *chunk;
};

struct commit *commit_new(int base, int base_error, const char *base_path)
{
	struct commit *c = xcalloc(1, sizeof(*c));

	c->store = (struct maildir_store){ base, base_path };
	c->base_error = base_error;
	c->durable = durable_new(base);
	c->swept = hash_new();
	c->chunk = xmalloc(COPY_CHUNK);
	return c;
}

void commit_free(struct commit *c)
{
	if (c == NULL)
		return;
	durable_free(c->durable);
	hash_free(c->swept, NULL);
	free(c->chunk);
	free(c);
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

static bool copy_fd(struct commit *c, const struct job *j, int to)
{
	uint64_t at = 0;
	ssize_t n;

	while (at < j->size) {
		n = pread(j->fd, c->chunk, COPY_CHUNK, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO; /* shorter than was said */
		if (n <= 0 || !io_write_full(to, c->chunk, (size_t)n))
			return false;
		at += (uint64_t)n;
	}
	return true;
}

static enum st write_target(struct commit *c, const struct job *j,
    struct target *t)
{
	AUTO_BUF head = BUF_MAX(PREFIX_MAX);
	bool ok;

	buf_addf(&head, "Return-Path: <%.*s>\n", STR_ARG(j->sender));
	if (t->orig.n != 0)
		buf_addf(&head, "X-Original-To: %.*s\n", STR_ARG(t->orig));
	buf_addf(&head, "Delivered-To: %.*s\n", STR_ARG(t->final));
	if (head.full)
		return err_temp(&t->err, "4.3.0", "addresses are too long");
	if (j->limit != 0 && head.n + j->size > j->limit) {
		errno = EFBIG;
		return maildir_errno(&t->err, &c->store,
		    "error writing message", NULL);
	}
	ok = io_write_full(t->msg.fd, head.p, head.n) &&
	    (j->fd < 0 ? io_write_full(t->msg.fd, j->body.p, j->body.n)
		       : copy_fd(c, j, t->msg.fd));
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

/* Whoever staged here before this process and died has left what it had. */
static void sweep_once(struct commit *c, const char *dir)
{
	if (hash_get(c->swept, str_c(dir)) != NULL)
		return;
	if (hash_count(c->swept) > SWEPT_MAX) {
		hash_free(c->swept, NULL);
		c->swept = hash_new();
	}
	hash_put(c->swept, str_c(dir), c);
	maildir_sweep(&c->store, dir);
}

static enum st stage_target(struct commit *c, struct job *j, struct target *t)
{
	enum st st;

	if (!path_is_safe(t->path))
		return err_temp(&t->err, "4.2.0",
		    "maildir delivery failed: "
		    "bad mailbox path %.*s",
		    STR_ARG(t->path));
	if (t->path.p[t->path.n - 1] != '/')
		return err_temp(&t->err, "4.3.5",
		    "mbox delivery is not "
		    "supported yet: end the path in virtual_mailbox_maps "
		    "with a slash to have a Maildir");
	if (c->store.fd < 0) {
		errno = c->base_error;
		return err_temp(&t->err, "4.2.0",
		    "maildir delivery failed: "
		    "open virtual_mailbox_base %s: %m",
		    c->store.path);
	}
	st = maildir_stage(&t->msg, &j->arena, &c->store, t->path, &t->err);
	if (st != ST_OK) {
		if (errno == EACCES)
			warn_access(t);
		return st;
	}
	sweep_once(c, t->msg.dir);
	return write_target(c, j, t);
}

static void stage_job(struct commit *c, struct job *j)
{
	size_t i;

	for (i = 0; i < j->n; i++) {
		j->targets[i].msg.fd = -1;
		j->targets[i].st = stage_target(c, j, &j->targets[i]);
	}
}

/* False when a sync failed: the disk is sick, and e says where. */
static bool sync_job(struct commit *c, struct job *j, struct err *e)
{
	struct target *t;

	for (t = j->targets; t < j->targets + j->n; t++) {
		if (t->st != ST_OK || fsync(t->msg.fd) == 0)
			continue;
		t->st = maildir_errno(&t->err, &c->store,
		    "error writing message: sync of", t->msg.tmp);
		*e = t->err;
		return false;
	}
	return true;
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

static bool publishes(const struct job *j)
{
	return j->phase == JOB_DELIVER || j->phase == JOB_COMMIT;
}

static void publish_job(struct commit *c, struct job *j)
{
	struct target *t;

	for (t = j->targets; t < j->targets + j->n; t++) {
		if (t->st != ST_OK || (j->phase == JOB_COMMIT && !t->chosen))
			continue;
		t->st = maildir_publish(&t->msg, &j->arena, &t->err);
		if (t->st == ST_OK)
			durable_want(c->durable, t->msg.dir);
		else if (errno == EACCES)
			warn_access(t);
	}
}

static void fail_published(struct job *j, const struct err *e)
{
	struct target *t;

	for (t = j->targets; t < j->targets + j->n; t++)
		if (t->st == ST_OK && t->msg.new != NULL) {
			t->st = ST_TEMP;
			t->err = *e;
		}
}

static void drop_rest(struct job *j)
{
	struct target *t;

	for (t = j->targets; t < j->targets + j->n; t++)
		if (j->phase != JOB_PREPARE || t->st != ST_OK)
			maildir_discard(&t->msg);
}

static struct job *job_of(struct list *l)
{
	return CONTAINER_OF(l, struct job, link);
}

static bool stages(const struct job *j)
{
	return j->phase == JOB_DELIVER || j->phase == JOB_PREPARE;
}

/* One failed sync fails all that was staged with it: the kernel tells of an
 * error once, and whose pages were lost is anybody's guess. */
static void fail_staged(struct list *jobs, const struct err *e)
{
	struct target *t;

	log_error("%s; check the disk", e->text);
	list_foreach(p, jobs) {
		struct job *j = job_of(p);

		for (t = j->targets; stages(j) && t < j->targets + j->n; t++)
			if (t->st == ST_OK)
				t->st =
				    err_temp(&t->err, "4.3.0", "%s", e->text);
	}
}

void commit_batch(struct commit *c, struct list *jobs)
{
	struct err e;
	bool synced = true;

	list_foreach(p, jobs)
		if (stages(job_of(p)))
			stage_job(c, job_of(p));
	list_foreach(p, jobs)
		if (synced && stages(job_of(p)))
			synced = sync_job(c, job_of(p), &e);
	if (!synced)
		fail_staged(jobs, &e);
	list_foreach(p, jobs) {
		fail_groups(job_of(p));
		if (publishes(job_of(p)))
			publish_job(c, job_of(p));
	}
	if (durable_sync(c->durable, &e) != ST_OK) {
		log_error("%s; check the disk", e.text);
		list_foreach(p, jobs)
			fail_published(job_of(p), &e);
	}
	list_foreach(p, jobs)
		drop_rest(job_of(p));
}
