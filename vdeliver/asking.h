/*
 * asking - the lookup processes, and the questions that wait for one.
 *
 * Each process has one question at a time. One that ends without an answer
 * (its tables changed, or it died) has its question asked again, a few times;
 * one that misses the deadline is killed, and the answer is "temporary".
 */
#ifndef VDELIVER_ASKING_H
#define VDELIVER_ASKING_H

#include <ev.h>
#include <sys/types.h>

#include "base/list.h"
#include "base/str.h"
#include "vdeliver/resolve.h"
#include "vdeliver/settings.h"
#include "vdeliver/wire.h"

/* Embedded in whoever asks; done() may ask the next one at once. */
struct question_wait {
	struct list link;
	enum question question;
	uint32_t flags;
	struct str key; /* must live until done() */
	unsigned tries;
	void (*done)(struct question_wait *q, const struct answer *a);
};

struct asking;

typedef void asking_kill_fn(pid_t pid, void *arg);

/* kill asks the monitor to end a process that missed its deadline. */
struct asking *asking_new(struct ev_loop *loop, const struct settings *set,
    asking_kill_fn *kill, void *arg) MUST_CHECK;
/* A lookup process is there; fd is taken over. */
void asking_add(struct asking *a, int fd, pid_t pid);
/* Queue a question; done is called later, never from within. */
void asking_put(struct asking *a, struct question_wait *q);
/* Take a question back, wherever it is; done is not called. */
void asking_cancel(struct asking *a, struct question_wait *q);

#endif
