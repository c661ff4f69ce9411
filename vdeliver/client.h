/*
 * client - one connection of a front: its bytes, its timers, and what its
 * session wants.
 *
 * Shared by front.c (connections come and go, answers of the router) and
 * client.c (what happens on one of them).
 */
#ifndef VDELIVER_CLIENT_H
#define VDELIVER_CLIENT_H

#include <ev.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/list.h"
#include "map/match_list.h"
#include "net/tls_pipe.h"
#include "vdeliver/chan.h"
#include "vdeliver/front.h"
#include "vdeliver/session.h"

#define READ_CHUNK 32768
/* No more is read from a client than this before it was worked off. */
#define INPUT_MAX 65536

struct server {
	struct ev_loop *loop;
	const struct settings *set;
	const struct front_tls *tls; /* NULL: none */
	struct chan router, monitor;
	struct session_env *env;
	struct spool_budget budget;
	struct hash *clients; /* number → struct client */
	struct list waiting;  /* clients with a request that was not sent */
	size_t unanswered;
	uint32_t last_number;
	size_t count, max;
	struct listener *listeners;
	size_t n;
	bool accepting;
	bool resting; /* the system is short of descriptors */
	struct ev_timer rest;
	bool draining; /* accepts no more, ends with the last client */
	bool stopping; /* and sends them away when they have a pause */
	/* smtpd_forbid_bare_newline or its exclusions stand in main.cf */
	bool lf_dot_set;
};

struct listener {
	struct ev_io io;
	struct server *home;
	struct front_listener what;
};

/* A request to the router that this client has open. */
enum request {
	REQ_NONE,
	REQ_CONNECT,
	REQ_XCLIENT,
	REQ_EVENT,
	REQ_RCPT,
	REQ_COMMIT
};

struct client {
	struct server *home;
	uint32_t number;
	int fd;
	enum listen_proto proto;
	char addr[INET6_ADDRSTRLEN];
	struct session *session; /* NULL until the router gave a name */
	struct buf in;
	struct tls_pipe *tls; /* NULL: in the clear */
	bool wrapped;         /* TLS before the greeting */
	bool shaking;         /* the handshake is under way */
	struct ev_io reader, writer;
	struct ev_timer timeout, delay;
	bool eof, closing;

	enum request request;
	bool sent;
	bool aside;       /* it is not one of the server's unanswered ones */
	struct list link; /* in server.waiting */
	uint64_t txn;
	struct session_reply *replies; /* of a commit, as they come */
	struct arena reply_arena;
	size_t reply_count, reply_have;
};

/* Prepare watchers and buffer of a new client; nothing is started. */
void client_init(struct client *c);
/* Stop all watchers. */
void client_stop(struct client *c);
/* Say a last thing, as far as it can be sent at once. */
void client_say_bye(struct client *c, struct str text);
/* Work off what there is, send, and wait for what comes next. May free c. */
void client_go_on(struct client *c);

/* front.c: ask the router something; forget a client. */
void front_request(struct client *c, enum request what);
void front_forget(struct client *c);

#endif
