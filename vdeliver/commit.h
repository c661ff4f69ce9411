/*
 * commit - the durable steps of jobs.
 *
 * Per message: data safe, then published, then name safe, then answered;
 * nothing reorders these four. Which calls that takes depends on the file
 * system (disk.h). Where a directory is synced by itself, it counts as durable
 * only after this worker synced it and its parents up to the base, whoever made
 * it. An mbox is appended to when its message is published, under a lock that
 * somebody else has taken (boxes.h), and synced before any answer; until then
 * an append can be taken back.
 */
#ifndef VDELIVER_COMMIT_H
#define VDELIVER_COMMIT_H

#include "base/err.h"
#include "base/list.h"
#include "base/macros.h"
#include "base/str.h"
#include "mail/maildir.h"
#include "vdeliver/choice.h"
#include "vdeliver/disk.h"

struct commit;
struct job;
struct target;
struct team;

struct commit_start {
	struct maildir_store store; /* its fd may be -1: then each job fails */
	int base_error;             /* with this errno */
	struct disk disk;
	enum choice_rule choice; /* for committer.c */
	struct team *team;       /* threads that sync; NULL: the caller alone */
};

/* start is copied. */
struct commit *commit_new(const struct commit_start *start) MUST_CHECK;
/* NULL is fine. */
void commit_free(struct commit *c);

/* How the data, or the names, become safe. */
enum commit_how {
	COMMIT_NOW,   /* within the call, as disk.h has it */
	COMMIT_LATER, /* by commit_syncfs(); only where disk.syncfs */
};

/*
 * The first step of jobs in JOB_DELIVER or JOB_PREPARE: their files are written
 * under tmp/, and their data made safe. Any thread may, for jobs of its own.
 * Staged files stay open until JOB_COMMIT or JOB_ABORT. Targets that failed
 * before (st) stay so and take their group along.
 */
void commit_stage(struct commit *c, struct list *jobs, enum commit_how how);

/*
 * The rest of what each job's phase says, all jobs (struct job by its link)
 * together: renames and appends, then the syncs of names and mboxes. Every
 * target's st and err tell the outcome. Jobs that publish nothing (job_publishes())
 * may come from any thread, the others from one at a time.
 *
 * A failed sync fails all that was staged and is not published, or is of the
 * same call, with 4.3.0, is logged once, and is never tried again on the same
 * file. An mbox that is to be written has its box.
 */
void commit_publish(struct commit *c, struct list *jobs, enum commit_how how);

/*
 * Make safe with one syncfs(2) the names of jobs that were published with
 * COMMIT_LATER, and the data of those (job.later) that were staged so. When it
 * fails, so do all of them; the latter when they are published.
 */
void commit_syncfs(struct commit *c, struct list *published);
bool commit_can_syncfs(const struct commit *c);

/* Both, for a batch that one thread has. */
void commit_batch(struct commit *c, struct list *jobs);

/*
 * May this target be delivered at all? What is not a plain path below the base
 * is refused (4.2.0), whatever the router says. Sets st and err of t.
 */
enum st commit_check(const struct commit *c, struct target *t);

/* As room_owner() (room.h), for what the router asks; any thread may. */
enum st commit_room(const struct commit *c, struct str path, uint64_t size,
    struct err *e) MUST_CHECK;

#endif
