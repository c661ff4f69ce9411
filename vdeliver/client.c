/* client - one connection of a front. Runs in: front. */

#include "vdeliver/client.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/os.h"

/* After a close, what the client still sends is read for so long, so that
 * our last reply is not lost by a reset. */
#define LINGER_SECONDS 2.0

static void arm_timeout(struct client *c)
{
	/* Our own work, and a wait of our own making, do not count against the
	 * client's time. */
	if (c->request != REQ_NONE ||
	    (c->session->delay_ms != 0 && !c->closing)) {
		ev_timer_stop(c->home->loop, &c->timeout);
		return;
	}
	c->timeout.repeat =
	    c->closing ? LINGER_SECONDS : (double)c->home->set->smtpd_timeout;
	ev_timer_again(c->home->loop, &c->timeout);
}

/* --- sending -------------------------------------------------------------- */

/* *sent: what the socket took. False when the connection broke. */
static bool push(struct client *c, struct str text, size_t *sent)
{
	ssize_t n;

	*sent = 0;
	while (*sent < text.n) {
		n = send(c->fd, text.p + *sent, text.n - *sent, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return true;
		if (n <= 0)
			return false;
		*sent += (size_t)n;
	}
	return true;
}

static bool push_clear(struct client *c)
{
	struct buf *out = &c->session->out;
	size_t n;
	bool ok = push(c, buf_str(out), &n);

	buf_shift(out, n);
	return ok;
}

static bool push_tls(struct client *c)
{
	size_t n;
	bool ok = push(c, tls_pipe_out(c->tls), &n);

	tls_pipe_sent(c->tls, n);
	return ok;
}

/* No more is encrypted than what is sent next: out has the limit. */
static bool encrypt(struct client *c)
{
	struct buf *out = &c->session->out;
	struct err e;

	if (tls_pipe_out(c->tls).n != 0 || out->n == 0)
		return true;
	if (tls_pipe_write(c->tls, buf_str(out), &e) != ST_OK)
		return false;
	buf_reset(out);
	return push_tls(c);
}

static bool is_unsent(const struct client *c)
{
	return c->session->out.n != 0 ||
	    (c->tls != NULL && tls_pipe_out(c->tls).n != 0);
}

/* False when the connection broke. */
static bool flush(struct client *c)
{
	bool ok = c->tls == NULL ? push_clear(c) : push_tls(c) && encrypt(c);

	if (ok && is_unsent(c))
		ev_io_start(c->home->loop, &c->writer);
	else
		ev_io_stop(c->home->loop, &c->writer);
	return ok;
}

void client_say_bye(struct client *c, struct str text)
{
	if (c->shaking)
		return;
	/* Behind what waits to be sent: a reply cut in two would be read as
	 * another one. */
	buf_add(&c->session->out, text);
	if (!flush(c))
		return; /* it has left */
}

static void start_closing(struct client *c)
{
	c->closing = true;
	if (c->tls != NULL) {
		tls_pipe_close(c->tls);
		push_tls(c);
	}
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
		/* Input that comes meanwhile changes nothing. */
		if (!ev_is_active(&c->delay)) {
			ev_timer_set(&c->delay, s->delay_ms / 1000.0, 0);
			ev_timer_start(c->home->loop, &c->delay);
		}
		return false;
	}
	if (c->request != REQ_NONE || s->wish == WISH_CLOSE)
		return false;
	if (s->wish == WISH_RCPT)
		front_request(c, REQ_RCPT);
	else if (s->wish == WISH_COMMIT)
		front_request(c, REQ_COMMIT);
	else if (s->wish == WISH_EVENT)
		front_request(c, REQ_EVENT);
	else if (s->wish == WISH_XCLIENT)
		front_request(c, REQ_XCLIENT);
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

/* --- TLS ------------------------------------------------------------------ */

static void tls_lost(struct client *c, const char *why, bool library)
{
	session_tls_failed(c->session, why, library);
	front_forget(c);
}

/* What the bytes that came mean goes to c->in. False: c was freed. */
static bool decrypt(struct client *c)
{
	struct err e;
	enum st st = tls_pipe_read(c->tls, &c->in, &e);

	if (st == ST_PERM) {
		lost(c);
		return false;
	}
	c->eof |= st == ST_NONE;
	return true;
}

static void shake(struct client *c)
{
	struct tls_facts facts;
	struct err e;
	enum st st = tls_pipe_handshake(c->tls, &e);

	if (!push_tls(c) || (st == ST_NONE && c->eof)) {
		tls_lost(c, "lost connection", false);
		return;
	}
	if (st == ST_PERM) {
		tls_lost(c, e.text, true);
		return;
	}
	if (is_unsent(c))
		ev_io_start(c->home->loop, &c->writer);
	else
		ev_io_stop(c->home->loop, &c->writer);
	if (st == ST_NONE)
		return;
	c->shaking = false;
	if (!decrypt(c))
		return;
	tls_pipe_facts(c->tls, &facts);
	session_tls_started(c->session, &facts, buf_str(&c->in));
	client_go_on(c);
}

/* What came in the clear behind STARTTLS is nobody's: RFC 3207 6. */
static void start_tls(struct client *c)
{
	struct server *s = c->home;

	buf_reset(&c->in);
	c->tls =
	    tls_pipe_new(c->wrapped || s->set->smtpd_enforce_tls ? s->tls->must
								 : s->tls->may);
	if (c->tls == NULL) {
		tls_lost(c, "out of memory", false);
		return;
	}
	c->shaking = true;
	/* One deadline for all of it. */
	c->timeout.repeat = (double)s->set->smtpd_starttls_timeout;
	ev_timer_again(s->loop, &c->timeout);
	ev_io_start(s->loop, &c->reader);
	shake(c);
}

/* Is it time to read no more? Answers of TLS itself, to a peer that reads
 * nothing, count like what the session said. */
static bool has_enough(const struct client *c)
{
	return c->eof || c->in.n >= INPUT_MAX ||
	    (c->tls != NULL && tls_pipe_out(c->tls).n >= INPUT_MAX);
}

void client_go_on(struct client *c)
{
	struct ev_loop *loop = c->home->loop;

	if (c->session == NULL || c->closing)
		return;
	if (c->shaking) {
		shake(c);
		return;
	}
	work(c);
	if (c->session->delay_ms == 0 && !flush(c)) {
		lost(c);
		return;
	}
	if (c->session->wish == WISH_TLS && !is_unsent(c) &&
	    c->session->delay_ms == 0) {
		start_tls(c);
		return;
	}
	if (c->session->wish == WISH_CLOSE && !is_unsent(c) &&
	    c->session->delay_ms == 0) {
		start_closing(c);
		return;
	}
	/* A client that left hears nothing more; its message is delivered. */
	if (c->eof && c->request == REQ_NONE && c->session->delay_ms == 0) {
		lost(c);
		return;
	}
	if (c->in.n == 0)
		buf_clear(&c->in);
	if (c->session->out.n == 0)
		buf_clear(&c->session->out);
	if (has_enough(c))
		ev_io_stop(loop, &c->reader);
	else
		ev_io_start(loop, &c->reader);
	arm_timeout(c);
}

/* Bytes of TLS: at most READ_CHUNK, so that c->in has room for what they mean.
 * Returns what recv() did; -2: c was freed. */
static ssize_t read_tls(struct client *c)
{
	char raw[READ_CHUNK];
	ssize_t n = recv(c->fd, raw, sizeof(raw), 0);

	if (n <= 0)
		return n;
	tls_pipe_feed(c->tls, (struct str){ raw, (size_t)n });
	return c->shaking || decrypt(c) ? n : -2;
}

static ssize_t read_clear(struct client *c)
{
	/* Nobody keeps room for what may come: most clients only wait. */
	static char raw[READ_CHUNK];
	ssize_t n = recv(c->fd, raw, sizeof(raw), 0);

	if (n > 0 && !c->closing &&
	    !buf_add(&c->in, (struct str){ raw, (size_t)n }))
		bug("no room for what a client sends");
	return n;
}

static void on_readable(struct ev_loop *loop, struct ev_io *w, int events)
{
	struct client *c = CONTAINER_OF(w, struct client, reader);
	ssize_t n = c->tls != NULL && !c->closing ? read_tls(c) : read_clear(c);

	(void)loop;
	(void)events;
	if (n == -2 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	if (n < 0 && c->shaking) {
		tls_lost(c, "lost connection", false);
		return;
	}
	/* What is being delivered is delivered; then nobody is there. */
	if (n < 0 && c->request == REQ_COMMIT && !c->closing)
		n = 0;
	if (c->closing || n < 0) {
		if (n <= 0)
			lost(c);
		return;
	}
	c->eof |= n == 0;
	if (c->addr[0] != '\0')
		os_ack_now(c->fd);
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
	if (c->shaking) {
		tls_lost(c, "Connection timed out", false);
		return;
	}
	if (c->session == NULL || c->closing || is_unsent(c)) {
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
	c->in = BUF_MAX(INPUT_MAX + 3 * READ_CHUNK);
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
