/*
 * job - one message for mailboxes of one uid:gid, as a worker has it.
 */
#ifndef VDELIVER_JOB_H
#define VDELIVER_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/list.h"
#include "base/str.h"
#include "mail/maildir.h"
#include "mail/mbox.h"
#include "vdeliver/boxes.h"

/* Most targets of one job; a message for more becomes several jobs. */
#define JOB_TARGETS 50

/* What a worker shall do with a job. */
enum job_phase {
	JOB_DELIVER, /* stage and publish at once */
	JOB_PREPARE, /* stage and sync, then wait for the verdict */
	JOB_LOCK,    /* lock the mboxes, then wait for the verdict */
	JOB_COMMIT,  /* publish the targets that were chosen, drop the others */
	JOB_ABORT,   /* drop everything */
};

struct target {
	struct str path;  /* relative to the base; see target_is_mbox() */
	struct str orig;  /* X-Original-To, empty: no such line */
	struct str final; /* Delivered-To */
	uint32_t group;   /* targets of one group are published all or none */
	bool chosen;      /* JOB_LOCK, JOB_COMMIT: go on with this one */
	enum st st;       /* how far it went well */
	struct err err;
	struct maildir_msg msg;
	struct box *box; /* mbox: NULL, waited for, or held for this job */
	struct box_claim claim;
	struct mbox_span span;
	bool todo, appended;
	bool sized;  /* there is a maildirsize */
	bool logged; /* the sync of its batch makes it safe: disk.h */
};

/* "user/" is a Maildir, "user" an mbox file. */
static inline bool target_is_mbox(struct str path)
{
	return path.n == 0 || path.p[path.n - 1] != '/';
}

struct job {
	struct list link;
	struct arena arena; /* holds all of it, the job itself apart */
	uint32_t id;
	enum job_phase phase;
	struct str sender; /* Return-Path, without brackets */
	struct str body;   /* inline, when fd is -1 */
	int fd;            /* sealed memory file, -1: none */
	uint64_t size;     /* octets of the body */
	uint64_t limit;    /* of one file, 0: none */
	bool told;         /* the router knows that it waits for locks */
	unsigned health;   /* commit.c's, when it was staged */
	bool later;        /* a syncfs makes its data safe */
	size_t n;
	struct target *targets;
};

static inline bool job_stages(const struct job *j)
{
	return j->phase == JOB_DELIVER || j->phase == JOB_PREPARE;
}

static inline bool job_publishes(const struct job *j)
{
	return j->phase == JOB_DELIVER || j->phase == JOB_COMMIT;
}

#endif
