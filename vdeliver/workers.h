/*
 * workers - the worker processes by uid:gid, and the jobs for them.
 */
#ifndef VDELIVER_WORKERS_H
#define VDELIVER_WORKERS_H

#include <ev.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/list.h"
#include "base/str.h"
#include "vdeliver/job.h"
#include "vdeliver/resolve.h"
#include "vdeliver/settings.h"

struct workers;
struct worker_proc;

/* A target as the router keeps it: of a worker, or (relay) of a relay. */
struct route {
	struct str path, orig, final;
	struct str given; /* as RCPT had it, for the log */
	uint32_t uid, gid, group;
	bool relay;
	bool relayed;             /* it was taken over, for good */
	struct str orcpt, notify; /* RFC 3461, for the relay */
	enum st st;
	unsigned code;  /* that goes with it in replies; 0: as err says */
	struct err err; /* relayed: what relayhost said, "250 2.0.0 Ok" */
};

/* A part of a message for one worker. The owner embeds or allocates it. */
struct work {
	struct list link;
	struct worker_proc *at; /* NULL: not with a worker */
	uint32_t id;
	uint32_t uid, gid;
	enum job_phase phase;
	bool sent;  /* waits for an answer */
	bool waits; /* for locks, apart from the jobs that are counted */
	int64_t deadline;
	struct str sender, body;
	int fd; /* borrowed; -1: body is inline */
	uint64_t size, limit;
	size_t n;
	struct route *routes[JOB_TARGETS];
	/* The worker answered, died or was refused: routes tell how it went. */
	void (*done)(struct work *w);
	/* It waits for locks; called at most once before each done(). */
	void (*waiting)(struct work *w);
	void *owner;
};

/* Whether an owner has room, asked of a worker that runs; see room.h. */
struct worker_ask {
	struct list link;
	struct worker_proc *at; /* NULL: it is not asked */
	uint32_t id;
	/* ST_OK, also when the worker ended; ST_TEMP or ST_PERM with e. */
	void (*done)(struct worker_ask *a, enum st st, const struct err *e);
	void *owner;
};

/* Ask the monitor for a worker, or to end one that missed its deadline. */
typedef void workers_want_fn(uint32_t uid, uint32_t gid, void *arg);
typedef void workers_kill_fn(pid_t pid, void *arg);

struct workers *workers_new(struct ev_loop *loop, const struct settings *set,
    workers_want_fn *want, workers_kill_fn *kill, void *arg) MUST_CHECK;

/* The monitor's answer: fd is taken over; pid 0: refused, text says why. */
void workers_answer(struct workers *ws, uint32_t uid, uint32_t gid, pid_t pid,
    int fd, struct str text);

/*
 * Queue a job (JOB_DELIVER, JOB_PREPARE). done() is called later, never from
 * within, and sets each route's st.
 */
void workers_put(struct workers *ws, struct work *w);
/*
 * Ask the worker of the first of finals about all of them that are its owner's.
 * done() is called later, never from within. False: none runs, or it has enough
 * to do; nothing is asked.
 */
bool workers_ask(struct workers *ws, struct worker_ask *a,
    const struct final *finals, uint64_t size) MUST_CHECK;
/* Take it back, if it is asked; done is not called. */
void workers_ask_cancel(struct worker_ask *a);
/* True when a route that has not failed leads to an mbox file. */
bool work_has_mbox(const struct work *w);
/*
 * What becomes of a prepared job: the routes with st ST_OK have their mboxes
 * locked (JOB_LOCK: it stays prepared) or are published (JOB_COMMIT), the
 * others are dropped; or all are (JOB_ABORT). done() is called
 * again. False: its worker died meanwhile, nothing is staged any more.
 */
bool workers_verdict(struct workers *ws, struct work *w, enum job_phase phase)
    MUST_CHECK;

#endif
