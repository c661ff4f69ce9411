/* conn - lines over a socket, plain or through a layer as TLS. */

#include "net/conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/xalloc.h"
#include "net/conn_layer.h"

/* Output is sent when so much is waiting. */
#define OUT_CHUNK 32768

struct conn {
	int fd;
	char *name;
	char peer[NI_MAXHOST];
	unsigned port;
	bool loopback, eof, timed_out;
	int64_t timeout_ms, deadline;
	char in[CONN_LINE_MAX];
	size_t start, end; /* what is in it and was not read */
	struct buf out;
	const struct conn_layer *layer;
	void *layer_state; /* the conn itself without one */
};

/* --- without a layer ----------------------------------------------------- */

static enum st plain_result(ssize_t did, short events, struct layer_io *io)
{
	if (did > 0)
		io->done = (size_t)did;
	else if (did < 0 && errno == EAGAIN)
		io->events = events;
	else if (did < 0 && errno != EINTR)
		return ST_TEMP;
	return did == 0 ? ST_NONE : ST_OK;
}

static enum st plain_read(void *conn, char *p, size_t n, struct layer_io *io,
    struct err *e)
{
	const struct conn *c = conn;
	enum st st = plain_result(recv(c->fd, p, n, 0), POLLIN, io);

	return st != ST_TEMP
	    ? st
	    : err_temp(e, "4.4.2", "read from %s: %m", c->name);
}

static enum st plain_write(void *conn, const char *p, size_t n,
    struct layer_io *io, struct err *e)
{
	const struct conn *c = conn;
	enum st st = plain_result(send(c->fd, p, n, MSG_NOSIGNAL), POLLOUT, io);

	return st != ST_TEMP ? st
			     : err_temp(e, "4.4.2", "write to %s: %m", c->name);
}

static const struct conn_layer plain = { .read = plain_read,
	.write = plain_write };

struct conn *conn_new(int fd, const char *name, int64_t timeout_ms)
{
	struct conn *c = xcalloc(1, sizeof(*c));

	c->fd = fd;
	c->name = xstrdup(name);
	c->timeout_ms = timeout_ms;
	c->deadline = CLOCK_NEVER;
	c->out = BUF_MAX(OUT_CHUNK + CONN_LINE_MAX);
	c->layer = &plain;
	c->layer_state = c;
	if (!fd_nonblock(fd, true))
		bug("O_NONBLOCK on a socket: %m");
	return c;
}

void conn_close(struct conn *c)
{
	if (c == NULL)
		return;
	if (c->layer->close != NULL)
		c->layer->close(c->layer_state);
	fd_clear(&c->fd);
	buf_clear(&c->out);
	free(c->name);
	free(c);
}

void conn_set_timeout(struct conn *c, int64_t timeout_ms)
{
	c->timeout_ms = timeout_ms;
}

void conn_set_deadline(struct conn *c, int64_t deadline)
{
	c->deadline = deadline;
}

const char *conn_peer(const struct conn *c)
{
	return c->peer;
}

unsigned conn_peer_port(const struct conn *c)
{
	return c->port;
}

int conn_fd(const struct conn *c)
{
	return c->fd;
}

bool conn_is_loopback(const struct conn *c)
{
	return c->loopback;
}

bool conn_timed_out(const struct conn *c)
{
	return c->timed_out;
}

/* --- waiting ------------------------------------------------------------- */

enum st conn_wait(struct conn *c, short events, int64_t deadline, struct err *e)
{
	struct pollfd p = { c->fd, events, 0 };
	int rc;

	if (deadline > c->deadline)
		deadline = c->deadline;
	do
		rc = poll(&p, 1, clock_left(deadline));
	while (rc < 0 && errno == EINTR);
	if (rc > 0)
		return ST_OK;
	if (rc == 0) {
		c->timed_out = true;
		return err_temp(e, "4.4.2",
		    "timeout after %lld seconds waiting for server %s.",
		    (long long)(c->timeout_ms / 1000), c->name);
	}
	return err_temp(e, "4.4.2", "poll: %m");
}

/* --- reading ------------------------------------------------------------- */

static enum st receive(struct conn *c, char *p, size_t n, size_t *got,
    struct err *e)
{
	int64_t deadline = clock_deadline(c->timeout_ms);
	enum st st = ST_OK;

	while (st == ST_OK) {
		struct layer_io io = { 0, 0 };

		st = c->layer->read(c->layer_state, p, n, &io, e);
		*got = io.done;
		if (io.done != 0)
			return ST_OK;
		if (st == ST_OK && io.events != 0)
			st = conn_wait(c, io.events, deadline, e);
	}
	return st;
}

static enum st fill(struct conn *c, struct err *e)
{
	size_t got = 0;
	enum st st;

	if (c->start != 0) {
		memmove(c->in, c->in + c->start, c->end - c->start);
		c->end -= c->start;
		c->start = 0;
	}
	st = receive(c, c->in + c->end, sizeof(c->in) - c->end, &got, e);
	if (st == ST_OK)
		c->end += got;
	c->eof = st == ST_NONE;
	return st;
}

static void take(struct conn *c, size_t n, struct str *line)
{
	*line = (struct str){ c->in + c->start, n };
	c->start += n;
}

enum st conn_line(struct conn *c, struct str *line, struct err *e)
{
	size_t looked = 0;
	char *nl;
	enum st st;

	for (;;) {
		nl = memchr(c->in + c->start + looked, '\n',
		    c->end - c->start - looked);
		if (nl != NULL) {
			take(c, (size_t)(nl - (c->in + c->start)) + 1, line);
			return ST_OK;
		}
		looked = c->end - c->start;
		if (looked == sizeof(c->in) || (c->eof && looked != 0)) {
			take(c, looked, line);
			return ST_OK;
		}
		st = c->eof ? ST_NONE : fill(c, e);
		if (st == ST_NONE && c->end != c->start)
			continue;
		if (st != ST_OK)
			return st;
	}
}

enum st conn_read(struct conn *c, size_t n, struct buf *to, struct err *e)
{
	struct str part;
	enum st st;

	while (n != 0) {
		if (c->start == c->end) {
			st = c->eof ? ST_NONE : fill(c, e);
			if (st != ST_OK)
				return st;
		}
		take(c, n < c->end - c->start ? n : c->end - c->start, &part);
		buf_add(to, part);
		n -= part.n;
	}
	return ST_OK;
}

bool conn_has_input(const struct conn *c)
{
	return c->start != c->end ||
	    (c->layer->pending != NULL && c->layer->pending(c->layer_state));
}

bool conn_is_quiet(const struct conn *c, int timeout_ms)
{
	struct pollfd p = { c->fd, POLLIN, 0 };

	return !conn_has_input(c) && poll(&p, 1, timeout_ms) == 0;
}

/* --- writing ------------------------------------------------------------- */

enum st conn_flush(struct conn *c, struct err *e)
{
	int64_t deadline = clock_deadline(c->timeout_ms);
	enum st st = ST_OK;

	while (st == ST_OK && c->out.n != 0) {
		struct layer_io io = { 0, 0 };

		st =
		    c->layer->write(c->layer_state, c->out.p, c->out.n, &io, e);
		if (io.done != 0) {
			buf_shift(&c->out, io.done);
			deadline = clock_deadline(c->timeout_ms);
		} else if (st == ST_OK && io.events != 0) {
			st = conn_wait(c, io.events, deadline, e);
		}
		if (st == ST_NONE)
			st = err_temp(e, "4.4.2", "%s has closed", c->name);
	}
	return st;
}

enum st conn_put(struct conn *c, struct str bytes, struct err *e)
{
	struct str part;

	while (bytes.n != 0) {
		part = str_head(bytes, CONN_LINE_MAX);
		bytes = str_skip(bytes, part.n);
		buf_add(&c->out, part);
		if (c->out.n >= OUT_CHUNK && conn_flush(c, e) != ST_OK)
			return ST_TEMP;
	}
	return ST_OK;
}

enum st conn_putf(struct conn *c, struct err *e, const char *fmt, ...)
{
	va_list ap;
	char *text = NULL;
	int n;
	enum st st;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		bug("no memory to format a line");
	st = conn_put(c, (struct str){ text, (size_t)n }, e);
	free(text);
	return st;
}

/* --- opening ------------------------------------------------------------- */

static bool is_loopback(const struct sockaddr *sa)
{
	if (sa->sa_family == AF_UNIX)
		return true;
	if (sa->sa_family == AF_INET)
		return ntohl(
			   ((const struct sockaddr_in *)sa)->sin_addr.s_addr) >>
		    24 ==
		    127;
	return IN6_IS_ADDR_LOOPBACK(
	    &((const struct sockaddr_in6 *)sa)->sin6_addr);
}

/* Connect within the time; the error is in errno. */
static int connect_one(const struct sockaddr *sa, socklen_t n, int64_t ms)
{
	AUTO_FD fd = socket(sa->sa_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct pollfd p = { fd, POLLOUT, 0 };
	int64_t deadline = clock_deadline(ms);
	int on = 1, error = 0, rc;
	socklen_t size = sizeof(error);

	if (fd < 0)
		return -1;
	if (connect(fd, sa, n) != 0) {
		if (errno != EINPROGRESS)
			return -1;
		do
			rc = poll(&p, 1, clock_left(deadline));
		while (rc < 0 && errno == EINTR);
		if (rc == 0)
			errno = ETIMEDOUT;
		if (rc <= 0)
			return -1;
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
			return -1;
		errno = error;
		if (error != 0)
			return -1;
	}
	if (sa->sa_family != AF_UNIX)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd_take(&fd);
}

static enum st open_unix(struct conn **c, const char *path, int64_t ms,
    struct err *e)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(at.sun_path))
		return err_temp(e, "4.4.1", "%s: path too long for a socket",
		    path);
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	fd = connect_one((struct sockaddr *)&at, sizeof(at), ms);
	if (fd < 0)
		return err_temp(e, "4.4.1", "connection to %s failed: %m",
		    path);
	*c = conn_new(fd, path, ms);
	(*c)->loopback = true;
	return ST_OK;
}

static struct conn *conn_to(int fd, const struct sockaddr *sa, const char *addr,
    const char *host, int64_t ms)
{
	struct conn *c = conn_new(fd, host, ms);

	snprintf(c->peer, sizeof(c->peer), "%s", addr);
	c->loopback = is_loopback(sa);
	return c;
}

static enum st open_addresses(struct conn **c, const struct addrinfo *list,
    const char *host, int64_t ms, struct err *e)
{
	char addr[NI_MAXHOST], port[NI_MAXSERV];
	const struct addrinfo *ai;
	enum st st = ST_TEMP;
	int fd;

	for (ai = list; ai != NULL; ai = ai->ai_next) {
		if (getnameinfo(ai->ai_addr, ai->ai_addrlen, addr, sizeof(addr),
			port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV) != 0)
			continue;
		fd = connect_one(ai->ai_addr, ai->ai_addrlen, ms);
		if (fd >= 0) {
			*c = conn_to(fd, ai->ai_addr, addr, host, ms);
			(*c)->port = (unsigned)strtoul(port, NULL, 10);
			return ST_OK;
		}
		st = err_temp(e, "4.4.1",
		    "connection to %s:%s [%s/%s] failed: %m.", host, port, addr,
		    port);
	}
	return st;
}

static bool parse_address(const char *addr, unsigned port,
    struct sockaddr_storage *sa, socklen_t *n)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)sa;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)sa;

	memset(sa, 0, sizeof(*sa));
	if (inet_pton(AF_INET, addr, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
		*n = sizeof(*v4);
		return true;
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons((uint16_t)port);
	*n = sizeof(*v6);
	return inet_pton(AF_INET6, addr, &v6->sin6_addr) == 1;
}

enum st conn_open_at(struct conn **c, const char *addr, unsigned port,
    const char *name, int64_t ms, struct err *e)
{
	struct sockaddr_storage sa;
	socklen_t n;
	int fd;

	if (!parse_address(addr, port, &sa, &n))
		return err_temp(e, "4.4.1", "%s is no IP address", addr);
	fd = connect_one((struct sockaddr *)&sa, n, ms);
	if (fd < 0)
		return err_temp(e, "4.4.1", "%m");
	*c = conn_to(fd, (struct sockaddr *)&sa, addr, name, ms);
	(*c)->port = port;
	return ST_OK;
}

enum st conn_open(struct conn **c, const char *host, const char *port,
    int64_t ms, struct err *e)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list;
	struct err why;
	enum st st;
	int rc, cause;

	if (host[0] == '/')
		return open_unix(c, host, ms, e);
	rc = getaddrinfo(host, port, &hints, &list);
	if (rc != 0) {
		if (rc != EAI_SYSTEM)
			errno = EADDRNOTAVAIL;
		return err_temp(e, "4.4.3", "%s: %s", host, gai_strerror(rc));
	}
	/* What the first addresses answered counts only if no other does. */
	err_temp(&why, "4.4.1", "%s has no address", host);
	st = open_addresses(c, list, host, ms, &why);
	cause = errno;
	freeaddrinfo(list);
	errno = cause;
	if (st != ST_OK && e != NULL)
		*e = why;
	return st;
}

enum st conn_open_like(struct conn **c, const struct conn *like,
    int64_t timeout_ms)
{
	struct sockaddr_storage sa;
	socklen_t n = sizeof(sa);
	AUTO_FD fd = -1;
	int on = 1;

	if (getpeername(like->fd, (struct sockaddr *)&sa, &n) != 0)
		return ST_NONE;
	fd =
	    socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return ST_NONE;
	if (connect(fd, (struct sockaddr *)&sa, n) != 0 && errno != EINPROGRESS)
		return ST_NONE;
	if (sa.ss_family != AF_UNIX)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	*c = conn_new(fd_take(&fd), like->name, timeout_ms);
	memcpy((*c)->peer, like->peer, sizeof(like->peer));
	(*c)->port = like->port;
	(*c)->loopback = like->loopback;
	return ST_OK;
}

/* --- layers -------------------------------------------------------------- */

const char *conn_name(const struct conn *c)
{
	return c->name;
}

int64_t conn_timeout(const struct conn *c)
{
	return c->timeout_ms;
}

void *conn_layer_state(const struct conn *c)
{
	return c->layer_state;
}

const struct conn_layer *conn_layer(const struct conn *c)
{
	return c->layer == &plain ? NULL : c->layer;
}

void conn_set_layer(struct conn *c, const struct conn_layer *layer, void *state)
{
	c->layer = layer;
	c->layer_state = state;
	c->start = c->end = 0;
}
