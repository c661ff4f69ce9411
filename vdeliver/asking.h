/*
 * asking - the lookup processes, and the questions that wait for one.
 *
 * Each process has one question at a time. One that ends without an answer
 * (its tables changed, or it died) has its question asked again, a few times;
 * one that misses the deadline is killed, and the answer is "temporary".
 *
 * Names of clients (Q_PEER_NAME) depend on servers of others: they are looked
 * up beside the rest, ASKING_NAMES at a time by each process, and nobody is
 * killed for them.
 *
 * Answers that last (lookup.h) are kept. Before one is given, one of the
 * processes is asked whether its tables are the same (Q_SAME): one question
 * for all that wait for it, however many there are. Sound, because what is kept
 * was answered after each of the processes had opened its tables: whenever
 * one comes or goes, everything is forgotten.
 */
#ifndef VDELIVER_ASKING_H
#define VDELIVER_ASKING_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/list.h"
#include "base/str.h"
#include "vdeliver/resolve.h"
#include "vdeliver/settings.h"
#include "vdeliver/wire.h"

/* Names that one process looks up at a time. */
#define ASKING_NAMES 32

/* Embedded in whoever asks; done() may ask the next one at once. */
struct question_wait {
	struct list link;
	enum question question;
	uint32_t flags;
	struct str key; /* must live until done() */
	/* Kept answers may be given: one of them was found to be good since
	 * this was set to false, as it must be where a new errand begins. */
	bool sure;
	unsigned tries;
	uint32_t id;         /* of a name, at asker */
	struct asker *asker; /* NULL: it waits */
	double until;
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
/* Is the answer known, and q sure? *a borrows until the next call. Else ask. */
bool asking_known(struct asking *a, const struct question_wait *q,
    struct answer *answer) MUST_CHECK;
/* Take a question back, wherever it is; done is not called. */
void asking_cancel(struct asking *a, struct question_wait *q);

#endif
