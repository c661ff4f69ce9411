/*
 * committer - brings jobs through the durable steps, many at a time.
 *
 * Each job is staged by a thread of its own, and its data made safe; what was
 * staged while the names of a batch were being synced is the next batch. There
 * is no timer, and no wait when idle: the thread that staged a job while nobody
 * publishes goes on and publishes it, with all that is staged by then.
 */
#ifndef VDELIVER_COMMITTER_H
#define VDELIVER_COMMITTER_H

#include "base/list.h"
#include "base/macros.h"
#include "vdeliver/commit.h"

struct committer;
struct job;

/* Told, by any thread, that what the job's phase says is done; the job is the
 * callee's. */
typedef void committer_done_fn(void *arg, struct job *j);

/* start outlives it, its team is made here. */
struct committer *committer_new(const struct commit_start *start,
    committer_done_fn *done, void *arg) MUST_CHECK;
const struct commit *committer_commit(const struct committer *k);

void committer_add(struct committer *k, struct job *j);

/* Let what is being written end, begin nothing more; jobs that wait go to rest,
 * by their link, some of them staged. */
void committer_stop(struct committer *k, struct list *rest);

#endif
