/*
 * worker - the process that owns one uid:gid and writes its mailboxes.
 */
#ifndef VDELIVER_WORKER_H
#define VDELIVER_WORKER_H

#include "base/macros.h"
#include "mail/maildir.h"
#include "vdeliver/boxes.h"

struct worker_start {
	int router;                 /* jobs come from here, answers go there */
	struct maildir_store store; /* its fd may be -1 */
	int base_error;             /* why, when -1 */
	struct boxes_rules boxes;
};

/* Runs in a process that has dropped its privileges; ends when the router
 * closes its side. */
void worker_run(const struct worker_start *start) NORETURN;

#endif
