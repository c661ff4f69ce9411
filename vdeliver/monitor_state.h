/*
 * monitor_state - what the monitor's files share: its generations, its children,
 * and how each kind of them is started. Runs in: monitor (root).
 */
#ifndef VDELIVER_MONITOR_STATE_H
#define VDELIVER_MONITOR_STATE_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/list.h"
#include "vdeliver/chan.h"
#include "vdeliver/identity.h"
#include "vdeliver/listeners.h"
#include "vdeliver/monitor.h"
#include "vdeliver/settings.h"

struct keys;

enum kind {
	KIND_LOGGER,
	KIND_ROUTER,
	KIND_LOOKUP,
	KIND_FRONT,
	KIND_WORKER,
	KIND_RELAY
};

struct generation {
	struct list link;
	struct monitor *home;
	struct settings set;
	struct chan router;
	bool draining; /* W_DRAIN was sent */
	bool ending;   /* and the clients shall go */
	bool forced;   /* its router was killed for that */
	struct ev_timer force;
	size_t children;
};

struct child {
	struct list link;
	pid_t pid;
	enum kind kind;
	struct generation *gen; /* NULL: the logger */
	int64_t started_ms;
	int control; /* to a front, for W_DRAIN; else -1 */
	struct ev_child watch;
	struct monitor *home;
};

struct monitor {
	struct ev_loop *loop;
	const struct monitor_start *start;
	struct identity id;
	struct listeners listeners;
	struct list generations, children;
	struct generation *now; /* NULL while we stop */
	struct keys *keys;
	int log_pair[2];
	struct ev_signal term, interrupt, hup;
	struct ev_timer pause;
	bool stopping;
	int status;
};

/* Each ends the program when it cannot fork: be started anew. */
void monitor_start_logger(struct monitor *m, const struct settings *set);
void monitor_start_router(struct generation *g);
void monitor_start_lookup(struct generation *g);
void monitor_start_front(struct generation *g);

/* libev's callback for the death of a child. */
void monitor_on_child(struct ev_loop *loop, struct ev_child *w, int events);

#endif
