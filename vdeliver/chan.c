/* chan - ipc in an event loop. Runs in: front, router, monitor. */

#include "vdeliver/chan.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/io.h"
#include "base/log.h"
#include "base/xalloc.h"

/* Messages read in one turn of the loop, so that no peer starves others. */
#define TURN 64
/* The kernel has room again some time. */
#define PAUSE_SECONDS 0.05

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
	enum ipc_st st;

	(void)events;
	while (!list_empty(&c->queue)) {
		q = CONTAINER_OF(c->queue.next, struct queued, link);
		st = ipc_send(c->fd, &q->out, q->fd);
		if (st == IPC_AGAIN)
			return;
		if (st == IPC_SHORT) {
			ev_io_stop(loop, w);
			ev_timer_set(&c->pause, PAUSE_SECONDS, 0);
			ev_timer_start(loop, &c->pause);
			return;
		}
		/* A dead peer is seen by the reader. */
		list_del(&q->link);
		c->queued--;
		queued_free(q);
	}
	ev_io_stop(loop, w);
}

static void on_pause(struct ev_loop *loop, struct ev_timer *t, int events)
{
	struct chan *c = CONTAINER_OF(t, struct chan, pause);

	(void)events;
	ev_io_start(loop, &c->writer);
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
	ev_timer_init(&c->pause, on_pause, 0, 0);
	c->queued = 0;
	ev_io_start(loop, &c->reader);
}

void chan_close(struct chan *c)
{
	struct list *p;

	if (c->fd < 0)
		return;
	ev_io_stop(c->loop, &c->reader);
	ev_io_stop(c->loop, &c->writer);
	ev_timer_stop(c->loop, &c->pause);
	fd_clear(&c->fd);
	while ((p = list_pop(&c->queue)) != NULL)
		queued_free(CONTAINER_OF(p, struct queued, link));
}

/* Not now, as the caller may stand in the middle of something: the reader will
 * find the end. */
static void give_up(struct chan *c, const char *why)
{
	log_error("giving up a process of ours: %s", why);
	shutdown(c->fd, SHUT_RDWR);
}

static void enqueue(struct chan *c, const struct ipc_out *o, int pass_fd)
{
	AUTO_FD fd = pass_fd >= 0 ? fcntl(pass_fd, F_DUPFD_CLOEXEC, 0) : -1;
	struct queued *q;

	if (pass_fd >= 0 && fd < 0) {
		give_up(c, strerror(errno));
		return;
	}
	if (c->queued == CHAN_QUEUE_MAX) {
		give_up(c, "it does not read its messages");
		return;
	}
	q = xcalloc(1, sizeof(*q));
	q->out.b = BUF_MAX(IPC_MAX);
	buf_add(&q->out.b, buf_str(&o->b));
	q->fd = fd_take(&fd);
	list_add_tail(&c->queue, &q->link);
	c->queued++;
	if (!ev_is_active(&c->pause))
		ev_io_start(c->loop, &c->writer);
}

void chan_send(struct chan *c, const struct ipc_out *o, int pass_fd)
{
	enum ipc_st st = IPC_AGAIN;

	if (c->fd < 0)
		return;
	if (!ipc_out_ok(o))
		bug("message too long for a channel");
	if (list_empty(&c->queue))
		st = ipc_send(c->fd, o, pass_fd);
	if (st == IPC_AGAIN || st == IPC_SHORT)
		enqueue(c, o, pass_fd);
}
