/*
 * team - the threads of a worker that write and sync side by side.
 *
 * They are started as work comes in, up to a limit, and stay. Most of their
 * time they wait for the disk, which merges what many of them ask of it.
 */
#ifndef VDELIVER_TEAM_H
#define VDELIVER_TEAM_H

#include <stddef.h>

#include "base/list.h"
#include "base/macros.h"

struct team;

/* What is done with tasks of team_add(), on some thread. */
typedef void team_run_fn(void *arg, struct list *tasks);
/* One part of team_each(). */
typedef void team_part_fn(void *arg, size_t i);

struct team_rules {
	size_t threads; /* the most */
	size_t tasks;   /* the most that one takes at once */
	team_run_fn *run;
	void *arg;
};

struct team *team_new(const struct team_rules *rules) MUST_CHECK;

/* A task, behind those that wait; the list is run()'s from then on. */
void team_add(struct team *t, struct list *task);

/*
 * part(arg, i) for each i below n, by the caller and by whoever is idle, in any
 * order; returns when all are done. t may be NULL: one after the other.
 */
void team_each(struct team *t, size_t n, team_part_fn *part, void *arg);

/* Let what is being done end, and begin nothing more; tasks that nobody has
 * begun go to rest. */
void team_stop(struct team *t, struct list *rest);

#endif
