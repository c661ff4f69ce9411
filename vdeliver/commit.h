/*
 * commit - the durable steps, for a batch of jobs at once.
 *
 * Per message: data safe, then published, then name safe, then answered;
 * nothing reorders these four. A directory counts as durable only after this
 * worker synced it and its parents up to the base, whoever made it.
 */
#ifndef VDELIVER_COMMIT_H
#define VDELIVER_COMMIT_H

#include "base/list.h"

struct commit;

/*
 * base: the mailbox base, opened for reading, or -1 (then each job fails with
 * base_error, an errno). base_path is for messages only.
 */
struct commit *commit_new(int base, int base_error, const char *base_path);
/* NULL is fine. */
void commit_free(struct commit *c);

/*
 * Do what each job's phase says, all jobs (struct job by its link) together:
 * one pass of writing, one of data syncs, one of renames, one of directory
 * syncs (each directory once). Every target's st and err tell the outcome; a
 * failed sync fails all targets of the batch that hang on it with 4.3.0 and is
 * never tried again on the same file. Staged jobs keep their tmp files open
 * until JOB_COMMIT or JOB_ABORT.
 */
void commit_batch(struct commit *c, struct list *jobs);

#endif
