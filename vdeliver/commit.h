/*
 * commit - the durable steps, for a batch of jobs at once.
 *
 * An mbox is appended to when its message is published, under a lock that
 * somebody else has taken (boxes.h), and synced before any answer; until then
 * an append can be taken back. Per message: data safe, then published, then name safe, then answered;
 * nothing reorders these four. A directory counts as durable only after this
 * worker synced it and its parents up to the base, whoever made it.
 */
#ifndef VDELIVER_COMMIT_H
#define VDELIVER_COMMIT_H

#include "base/err.h"
#include "base/list.h"
#include "base/macros.h"
#include "base/str.h"
#include "mail/maildir.h"

struct commit;
struct target;

/* store's fd may be -1: then each job fails with base_error, an errno. It is
 * copied. */
struct commit *commit_new(const struct maildir_store *store, int base_error);
/* NULL is fine. */
void commit_free(struct commit *c);

/*
 * Do what each job's phase says, all jobs (struct job by its link) together:
 * one pass of writing, one of data syncs, one of renames, one of directory
 * syncs (each directory once). Every target's st and err tell the outcome; a
 * failed sync fails all targets of the batch that hang on it with 4.3.0 and is
 * never tried again on the same file. Staged jobs keep their tmp files open
 * until JOB_COMMIT or JOB_ABORT. Targets that failed before (st) stay so and
 * take their group along; an mbox that is to be written has its box.
 */
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
