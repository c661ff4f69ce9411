/* chan - ipc in an event loop. Runs in: front, router, monitor. */

#include "vdeliver/chan.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/io.h"
#include "base/xalloc.h"

/* Messages read in one turn of the loop, so that no peer starves others. */
#define TURN 64

struct queued {
	struct list link;
	struct ipc_out out;
	int fd;
};

static void queued_free(struct queued *q)
{
	ipc_out_clear(&q->out);
	fd_clear(&q->fd);
	free(q);
}

static void peer_gone(struct chan *c)
{
	chan_close(c);
	c->gone(c, c->arg);
}

static void on_readable(struct ev_loop *loop, struct ev_io *w, int events)
{
	/* One at a time is read, and handled before the next. */
	static struct ipc_in in = { .fd = -1 };
	struct chan *c = CONTAINER_OF(w, struct chan, reader);
	enum ipc_st st;
	int i;

	(void)loop;
	(void)events;
	for (i = 0; i < TURN && c->fd >= 0; i++) {
		st = ipc_recv(c->fd, &in);
		if (st == IPC_AGAIN)
			return;
		if (st == IPC_GONE) {
			peer_gone(c);
			return;
		}
		c->message(c, &in, c->arg);
		fd_clear(&in.fd);
	}
}

static void on_writable(struct ev_loop *loop, struct ev_io *w, int events)
{
	struct chan *c = CONTAINER_OF(w, struct chan, writer);
	struct queued *q;

	(void)events;
	while (!list_empty(&c->queue)) {
		q = CONTAINER_OF(c->queue.next, struct queued, link);
		/* A dead peer is seen by the reader. */
		if (ipc_send(c->fd, &q->out, q->fd) == IPC_AGAIN)
			return;
		list_del(&q->link);
		queued_free(q);
	}
	ev_io_stop(loop, w);
}

void chan_open(struct chan *c, struct ev_loop *loop, int fd)
{
	if (!fd_nonblock(fd, true))
		bug("O_NONBLOCK on a socket pair: %m");
	c->loop = loop;
	c->fd = fd;
	list_init(&c->queue);
	ev_io_init(&c->reader, on_readable, fd, EV_READ);
	ev_io_init(&c->writer, on_writable, fd, EV_WRITE);
	ev_io_start(loop, &c->reader);
}

void chan_close(struct chan *c)
{
	struct list *p;

	if (c->fd < 0)
		return;
	ev_io_stop(c->loop, &c->reader);
	ev_io_stop(c->loop, &c->writer);
	fd_clear(&c->fd);
	while ((p = list_pop(&c->queue)) != NULL)
		queued_free(CONTAINER_OF(p, struct queued, link));
}

void chan_send(struct chan *c, const struct ipc_out *o, int pass_fd)
{
	struct queued *q;

	if (c->fd < 0)
		return;
	if (!ipc_out_ok(o))
		bug("message too long for a channel");
	if (list_empty(&c->queue) && ipc_send(c->fd, o, pass_fd) != IPC_AGAIN)
		return;
	q = xcalloc(1, sizeof(*q));
	q->out.b = BUF_MAX(IPC_MAX);
	buf_add(&q->out.b, buf_str(&o->b));
	q->fd = pass_fd >= 0 ? fcntl(pass_fd, F_DUPFD_CLOEXEC, 0) : -1;
	if (pass_fd >= 0 && q->fd < 0)
		bug("no descriptor left to queue a message: %m");
	list_add_tail(&c->queue, &q->link);
	ev_io_start(c->loop, &c->writer);
}
