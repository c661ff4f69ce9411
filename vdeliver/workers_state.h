/*
 * workers_state - what the files workers*.c share; nobody else includes it.
 */
#ifndef VDELIVER_WORKERS_STATE_H
#define VDELIVER_WORKERS_STATE_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/hash.h"
#include "base/list.h"
#include "priv/ipc.h"
#include "vdeliver/chan.h"
#include "vdeliver/settings.h"
#include "vdeliver/workers.h"

struct worker_proc {
	uint32_t uid, gid;
	pid_t pid;
	bool asked; /* the monitor was asked for one */
	struct workers *home;
	struct chan chan;
	struct list queue;  /* jobs that were not sent yet */
	struct list flying; /* jobs that wait for an answer */
	struct list asks;   /* questions that wait for an answer */
	size_t questions;   /* those, and those that were taken back */
	struct list staged; /* prepared: they wait for a verdict */
	size_t unanswered;
	struct ev_timer timer; /* deadlines, or the idle time */
	bool resting;          /* it is the idle time */
	struct list grave;     /* in workers.gone */
};

struct workers {
	struct ev_loop *loop;
	const struct settings *set;
	struct hash *procs;  /* "uid:gid" → struct worker_proc */
	struct list starved; /* jobs that wait for a free place */
	struct list gone;    /* workers that are let go, until it is safe */
	struct ev_timer bury;
	struct ev_timer hunger; /* runs while jobs wait for a place */
	uint32_t last_id;
	workers_want_fn *want;
	workers_kill_fn *kill;
	void *arg;
};

/* The key of a worker in procs. */
struct str workers_key(uint32_t uid, uint32_t gid, char key[32]);

/* workers_ask.c: an answer to workers_ask(); false: to nothing. */
bool workers_on_room(struct worker_proc *p, struct ipc_in *in, uint32_t id);
/* The worker ends: whoever asked it takes that for a yes. */
void workers_asks_over(struct worker_proc *p);

#endif
