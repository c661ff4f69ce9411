/*
 * peer - the server that a tcp: or socketmap: table asks: one connection, kept
 * over many questions and made again when it was lost.
 */
#ifndef COMMON_MAP_PEER_H
#define COMMON_MAP_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"
#include "net/conn.h"

struct peer_limits {
	int64_t timeout_ms; /* of connecting; of a question and its answer */
	int64_t idle_ms;    /* a connection that rested longer is not used */
	int64_t life_ms;    /* nor one that is older; both may be CLOCK_NEVER */
	int64_t pause_ms;   /* between tries; 0: none, and no second try when
			       nobody listens */
	int tries;
};

/* How one kind of server is talked to. */
struct peer_kind {
	struct peer_limits limits;
	const char *connect_text; /* how a warning begins */
	const char *read_text;    /* the same; NULL: the caller warns */
	/*
	 * Send question, put the answer into reply. ST_TEMP: the connection
	 * is lost, another one may do. ST_PERM: the answer is no good.
	 */
	enum st (*talk)(struct conn *c, struct str question, struct buf *reply,
	    struct err *e);
};

struct peer {
	const struct peer_kind *kind;
	const char *host, *port; /* host with '/' first: a UNIX socket */
	const char *shown;       /* in messages */
	struct conn *conn;       /* NULL: none */
	int64_t born_ms, used_ms;
};

/*
 * "HOST:PORT", "[ADDRESS]:PORT", ":PORT" (this machine), or a path; texts go
 * into a. Nothing is opened before the first question.
 */
void peer_init(struct peer *p, const struct peer_kind *kind, struct str where,
    struct arena *a);
/* ST_TEMP: no answer; the next question tries again. */
enum st peer_ask(struct peer *p, struct str question, struct buf *reply,
    struct err *e) MUST_CHECK;
/* The next question makes a new connection. */
void peer_close(struct peer *p);

/* These limits for all kinds (tests only); NULL: each kind's own again. */
void peer_limits_for_test(const struct peer_limits *limits);

#endif
