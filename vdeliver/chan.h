/*
 * chan - an ipc socket in an event loop: sends never block, what does not fit
 * the socket buffer waits here. The number of unanswered requests bounds both;
 * a peer that reads nothing and lets CHAN_QUEUE_MAX messages wait is given up,
 * and so is one that a message cannot be kept for: it counts as gone.
 */
#ifndef VDELIVER_CHAN_H
#define VDELIVER_CHAN_H

#include <ev.h>

#include "base/list.h"
#include "priv/ipc.h"

/* More than the answers to WIRE_FRONT_WINDOW messages over LMTP with 1000
 * recipients each, all at once. */
#define CHAN_QUEUE_MAX 65536

struct chan;

/* A message came: in is valid during the call. It may call chan_close(). */
typedef void chan_message_fn(struct chan *c, struct ipc_in *in, void *arg);
/* The peer is gone; the chan is closed already. */
typedef void chan_gone_fn(struct chan *c, void *arg);

struct chan {
	struct ev_loop *loop;
	struct ev_io reader, writer;
	struct ev_timer pause; /* runs while the kernel is short of room */
	int fd;                /* -1: closed */
	struct list queue;
	size_t queued;
	chan_message_fn *message;
	chan_gone_fn *gone;
	void *arg;
};

/* Take over fd (made non-blocking) and start to read. */
void chan_open(struct chan *c, struct ev_loop *loop, int fd);
/* Stop and close; what is queued is dropped. Twice is harmless. */
void chan_close(struct chan *c);
/* Send or queue; pass_fd (-1: none) stays the caller's. */
void chan_send(struct chan *c, const struct ipc_out *o, int pass_fd);

#endif
