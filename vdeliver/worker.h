/*
 * worker - the process that owns one uid:gid and writes its mailboxes.
 */
#ifndef VDELIVER_WORKER_H
#define VDELIVER_WORKER_H

#include "base/macros.h"
#include "vdeliver/boxes.h"
#include "vdeliver/commit.h"

struct worker_start {
	int router; /* jobs come from here, answers go there */
	struct commit_start commit;
	struct boxes_rules boxes;
};

/* Runs in a process that has dropped its privileges; ends when the router
 * closes its side. */
void worker_run(const struct worker_start *start) NORETURN;

#endif
