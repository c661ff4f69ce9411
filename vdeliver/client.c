/* client - one connection of a front. Runs in: front. */

#include "vdeliver/client.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

/* After a close, what the client still sends is read for so long, so that
 * our last reply is not lost by a reset. */
#define LINGER_SECONDS 2.0

static void arm_timeout(struct client *c)
{
	/* Our own work does not count against the client's time. */
	if (c->request != REQ_NONE) {
		ev_timer_stop(c->home->loop, &c->timeout);
		return;
	}
	c->timeout.repeat =
	    c->closing ? LINGER_SECONDS : (double)c->home->set->smtpd_timeout;
	ev_timer_again(c->home->loop, &c->timeout);
}

/* False when the connection broke. */
static bool flush(struct client *c)
{
	struct buf *out = &c->session->out;
	ssize_t n;

	while (out->n != 0) {
		n = send(c->fd, out->p, out->n, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			ev_io_start(c->home->loop, &c->writer);
			return true;
		}
		if (n <= 0)
			return false;
		buf_shift(out, (size_t)n);
	}
	ev_io_stop(c->home->loop, &c->writer);
	return true;
}

static void start_closing(struct client *c)
{
	c->closing = true;
	shutdown(c->fd, SHUT_WR);
	buf_reset(&c->in);
	ev_io_start(c->home->loop, &c->reader);
	arm_timeout(c);
}

/* What the session asks for now. True: it has all it wants, and may be given
 * more input. */
static bool grant(struct client *c)
{
	struct session *s = c->session;

	if (s->delay_ms != 0) {
		ev_timer_set(&c->delay, s->delay_ms / 1000.0, 0);
		ev_timer_start(c->home->loop, &c->delay);
		return false;
	}
	if (c->request != REQ_NONE || s->wish == WISH_CLOSE)
		return false;
	if (s->wish == WISH_RCPT)
		front_request(c, REQ_RCPT);
	else if (s->wish == WISH_COMMIT)
		front_request(c, REQ_COMMIT);
	return s->wish == WISH_NONE;
}

/* Give the session what there is until it waits for something. */
static void work(struct client *c)
{
	size_t n;

	while (grant(c) && c->in.n != 0) {
		n = session_input(c->session, buf_str(&c->in));
		buf_shift(&c->in, n);
		if (n == 0 && c->session->wish == WISH_NONE &&
		    c->session->delay_ms == 0)
			break;
	}
}

static void lost(struct client *c)
{
	if (c->session != NULL && !c->closing)
		session_lost(c->session);
	front_forget(c);
}

void client_go_on(struct client *c)
{
	struct ev_loop *loop = c->home->loop;

	if (c->session == NULL || c->closing)
		return;
	work(c);
	if (c->session->delay_ms == 0 && !flush(c)) {
		lost(c);
		return;
	}
	if (c->session->wish == WISH_CLOSE && c->session->out.n == 0 &&
	    c->session->delay_ms == 0) {
		start_closing(c);
		return;
	}
	/* A client that left hears nothing more; its message is delivered. */
	if (c->eof && c->request == REQ_NONE && c->session->delay_ms == 0) {
		lost(c);
		return;
	}
	if (c->eof || c->in.n >= INPUT_MAX || c->request == REQ_COMMIT)
		ev_io_stop(loop, &c->reader);
	else
		ev_io_start(loop, &c->reader);
	arm_timeout(c);
}

static void on_readable(struct ev_loop *loop, struct ev_io *w, int events)
{
	struct client *c = CONTAINER_OF(w, struct client, reader);
	size_t room;
	char *at = buf_room(&c->in, READ_CHUNK, &room);
	ssize_t n;
	int on = 1;

	(void)events;
	if (at == NULL) {
		ev_io_stop(loop, w);
		return;
	}
	n = recv(c->fd, at, room, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (c->closing || n < 0) {
		if (n <= 0)
			lost(c);
		return;
	}
	buf_grew(&c->in, (size_t)n);
	c->eof = n == 0;
	/* Clients that write line by line wait for each acknowledgement. */
	setsockopt(c->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
	if (c->session == NULL && c->eof) {
		front_forget(c);
		return;
	}
	client_go_on(c);
}

static void on_writable(struct ev_loop *loop, struct ev_io *w, int events)
{
	(void)loop;
	(void)events;
	client_go_on(CONTAINER_OF(w, struct client, writer));
}

static void on_timeout(struct ev_loop *loop, struct ev_timer *t, int events)
{
	struct client *c = CONTAINER_OF(t, struct client, timeout);

	(void)loop;
	(void)events;
	if (c->session == NULL || c->closing || c->session->out.n != 0) {
		lost(c);
		return;
	}
	session_timeout(c->session);
	client_go_on(c);
}

static void on_delay(struct ev_loop *loop, struct ev_timer *t, int events)
{
	struct client *c = CONTAINER_OF(t, struct client, delay);

	(void)loop;
	(void)events;
	session_waited(c->session);
	client_go_on(c);
}

void client_init(struct client *c)
{
	c->in = BUF_MAX(INPUT_MAX + READ_CHUNK);
	list_init(&c->link);
	ev_io_init(&c->reader, on_readable, c->fd, EV_READ);
	ev_io_init(&c->writer, on_writable, c->fd, EV_WRITE);
	ev_timer_init(&c->timeout, on_timeout, 0, 0);
	ev_timer_init(&c->delay, on_delay, 0, 0);
}

void client_stop(struct client *c)
{
	ev_io_stop(c->home->loop, &c->reader);
	ev_io_stop(c->home->loop, &c->writer);
	ev_timer_stop(c->home->loop, &c->timeout);
	ev_timer_stop(c->home->loop, &c->delay);
}
