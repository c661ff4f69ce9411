/*
 * router_state - what the files router*.c share; nobody else includes it.
 */
#ifndef VDELIVER_ROUTER_STATE_H
#define VDELIVER_ROUTER_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/list.h"
#include "vdeliver/access.h"
#include "vdeliver/asking.h"
#include "vdeliver/chan.h"
#include "vdeliver/delivering.h"
#include "vdeliver/resolve.h"
#include "vdeliver/room_ask.h"
#include "vdeliver/throttle.h"
#include "vdeliver/wire.h"
#include "vdeliver/workers.h"

struct router {
	struct ev_loop *loop;
	const struct settings *set;
	struct chan monitor;
	struct list fronts;
	struct asking *asking;
	struct ways ways;
	struct throttle *throttle;
	struct access *access;
	struct room *room;
	bool draining;
	size_t committing; /* messages under way, of all fronts */
};

struct front {
	struct list link;
	struct router *home;
	struct chan chan;
	struct hash *clients; /* number → struct client */
	uint32_t pid;
	size_t committing; /* messages whose end this front waits for */
	bool gone;
};

/* What a client waits for. */
enum waiting {
	WAIT_NOTHING,
	WAIT_NAME,
	WAIT_TRUST,
	WAIT_RCPT,
	WAIT_ROOM,
	WAIT_COMMIT
};

struct client {
	struct front *front;
	uint32_t number;
	char addr[64], name[256];
	char service[80];
	bool is_unix, counted, trust_unknown;
	unsigned flags; /* enum client_flags */
	size_t list;    /* of lists[], that is asked now */
	bool by_name;   /* with the client's name */
	enum waiting waiting;
	struct question_wait ask;
	struct resolve resolve;
	struct room_wait room;
	uint64_t size; /* SIZE= of the message, 0: not said */
	struct str given, original, orcpt, notify; /* of the RCPT under way */
	bool vrfy;

	/* the transaction */
	uint32_t txn;
	struct arena arena;
	struct accepted *rcpts, **end;
	size_t rcpt_count;
	struct hash *owners; /* uid and gid of all that was accepted */
	int64_t start_ms;
};

/* router_clients.c: who a client is, and what it may. Each answers, at once or
 * later, by W_CONNECT_REPLY. */
void router_connect(struct client *c, struct ipc_in *in);
/* Is the event over its limit? It is counted, and logged if so. */
bool router_over_limit(struct client *c, enum throttle_event event);
void router_xclient(struct client *c, struct ipc_in *in);

#endif
