/*
 * relays - the relay processes and the messages for them.
 *
 * The addresses of relayhost are asked for once for all messages that wait, and
 * count for some seconds: slow DNS keeps one lookup process busy, not all.
 * Each process has one message at a time. They are made when messages wait, up
 * to vdeliver_relay_limit, and let go after a time without work. A message
 * fails (ST_TEMP) when vdeliver_relay_timeout is over, wherever it is then.
 */
#ifndef VDELIVER_RELAYS_H
#define VDELIVER_RELAYS_H

#include <ev.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/list.h"
#include "base/str.h"
#include "vdeliver/asking.h"
#include "vdeliver/settings.h"
#include "vdeliver/workers.h"

struct relays;
struct relay_proc;

/* A message, and its targets outside. The owner allocates it. */
struct relay_work {
	/* from the owner; all of it must live until done() */
	struct str qid, sender, ret, envid, body;
	unsigned flags; /* enum wire_flags */
	int fd;         /* borrowed; -1: body is inline */
	uint64_t size;
	struct route **routes; /* those with st ST_OK are relayed */
	size_t n;
	/* It is over: st, err, code and relayed of the routes say how. */
	void (*done)(struct relay_work *w);
	void *owner;

	/* results */
	char place[400]; /* "HOST[ADDRESS]:PORT", or "none" */
	int64_t connect_ms, began, ended;

	/* private to relays.c */
	struct list link;
	struct relays *home;
	struct relay_proc *at; /* NULL: it waits */
	struct ev_timer late;
	uint32_t id;
	size_t next;    /* the first route that may still be one */
	bool placeless; /* it waits for the addresses of relayhost */
};

/* Ask the monitor for a process, or to end one that missed its deadline. */
typedef void relays_want_fn(void *arg);
typedef void relays_kill_fn(pid_t pid, void *arg);

struct relays *relays_new(struct ev_loop *loop, const struct settings *set,
    struct asking *asking, relays_want_fn *want, relays_kill_fn *kill,
    void *arg) MUST_CHECK;

/* The monitor's answer: fd is taken over; pid 0: none could be started. */
void relays_answer(struct relays *rs, int fd, pid_t pid);

/* Queue a message. done() is called later, never from within. */
void relays_put(struct relays *rs, struct relay_work *w);

#endif
