/* conn - lines over a socket, plain or TLS. */

#include "net/conn.h"

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
#include "net/tls.h"

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
	SSL_CTX *ctx;
	SSL *ssl;
};

struct conn *conn_new(int fd, const char *name, int64_t timeout_ms)
{
	struct conn *c = xcalloc(1, sizeof(*c));

	c->fd = fd;
	c->name = xstrdup(name);
	c->timeout_ms = timeout_ms;
	c->deadline = CLOCK_NEVER;
	c->out = BUF_MAX(OUT_CHUNK + CONN_LINE_MAX);
	if (!fd_nonblock(fd, true))
		bug("O_NONBLOCK on a socket: %m");
	return c;
}

void conn_close(struct conn *c)
{
	if (c == NULL)
		return;
	if (c->ssl != NULL) {
		SSL_shutdown(c->ssl);
		SSL_free(c->ssl);
		SSL_CTX_free(c->ctx);
	}
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

bool conn_is_tls(const struct conn *c)
{
	return c->ssl != NULL;
}

bool conn_timed_out(const struct conn *c)
{
	return c->timed_out;
}

/* --- waiting ------------------------------------------------------------- */

static enum st wait_for(struct conn *c, short events, int64_t deadline,
    struct err *e)
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

/* What TLS wants before it can go on; ST_NONE: the peer has closed. */
static enum st tls_wait(struct conn *c, int rc, int64_t deadline, struct err *e)
{
	char why[160];

	switch (SSL_get_error(c->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		return wait_for(c, POLLIN, deadline, e);
	case SSL_ERROR_WANT_WRITE:
		return wait_for(c, POLLOUT, deadline, e);
	case SSL_ERROR_ZERO_RETURN:
		return ST_NONE;
	default:
		tls_reason(c->ssl, why, sizeof(why));
		return err_temp(e, "4.7.5", "%s", why);
	}
}

/* --- reading ------------------------------------------------------------- */

static enum st receive(struct conn *c, char *p, size_t n, size_t *got,
    struct err *e)
{
	int64_t deadline = clock_deadline(c->timeout_ms);
	enum st st = ST_OK;
	ssize_t did;

	while (st == ST_OK) {
		did = c->ssl != NULL ? SSL_read(c->ssl, p, (int)n)
				     : recv(c->fd, p, n, 0);
		if (did > 0) {
			*got = (size_t)did;
			return ST_OK;
		}
		if (c->ssl != NULL)
			st = tls_wait(c, (int)did, deadline, e);
		else if (did == 0)
			st = ST_NONE;
		else if (errno == EAGAIN)
			st = wait_for(c, POLLIN, deadline, e);
		else if (errno != EINTR)
			st = err_temp(e, "4.4.2", "read from %s: %m", c->name);
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
	    (c->ssl != NULL && SSL_pending(c->ssl) != 0);
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
	ssize_t did;

	while (c->out.n != 0) {
		did = c->ssl != NULL
		    ? SSL_write(c->ssl, c->out.p, (int)c->out.n)
		    : send(c->fd, c->out.p, c->out.n, MSG_NOSIGNAL);
		if (did > 0) {
			buf_shift(&c->out, (size_t)did);
			deadline = clock_deadline(c->timeout_ms);
			continue;
		}
		if (c->ssl != NULL)
			st = tls_wait(c, (int)did, deadline, e);
		else if (errno == EAGAIN)
			st = wait_for(c, POLLOUT, deadline, e);
		else if (errno != EINTR)
			st = err_temp(e, "4.4.2", "write to %s: %m", c->name);
		if (st == ST_NONE)
			st = err_temp(e, "4.4.2", "%s has closed", c->name);
		if (st != ST_OK)
			return st;
	}
	return ST_OK;
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
	int on = 1, error = 0;
	socklen_t size = sizeof(error);

	if (fd < 0)
		return -1;
	if (connect(fd, sa, n) != 0) {
		if (errno != EINPROGRESS)
			return -1;
		if (poll(&p, 1, clock_left(clock_deadline(ms))) == 0) {
			errno = ETIMEDOUT;
			return -1;
		}
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
			*c = conn_new(fd, host, ms);
			memcpy((*c)->peer, addr, sizeof(addr));
			(*c)->port = (unsigned)strtoul(port, NULL, 10);
			(*c)->loopback = is_loopback(ai->ai_addr);
			return ST_OK;
		}
		st = err_temp(e, "4.4.1",
		    "connection to %s:%s [%s/%s] failed: %m.", host, port, addr,
		    port);
	}
	return st;
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

/* --- TLS ----------------------------------------------------------------- */

static enum st handshake(struct conn *c, struct err *e)
{
	int64_t deadline = clock_deadline(c->timeout_ms);
	enum st st = ST_OK;
	int rc;

	while (st == ST_OK && (rc = SSL_connect(c->ssl)) != 1)
		st = tls_wait(c, rc, deadline, e);
	return st == ST_NONE
	    ? err_temp(e, "4.7.5", "%s closed during the TLS handshake",
		  c->name)
	    : st;
}

enum st conn_starttls(struct conn *c, const struct tls_rules *rules,
    struct err *e)
{
	if (conn_flush(c, e) != ST_OK || tls_client(&c->ctx, rules, e) != ST_OK)
		return ST_TEMP;
	c->ssl = SSL_new(c->ctx);
	if (c->ssl == NULL || SSL_set_fd(c->ssl, c->fd) != 1)
		bug("no TLS object");
	/* RFC 2595 2.2: nothing from before may count. */
	c->start = c->end = 0;
	if (tls_expect(c->ssl, rules, e) != ST_OK || handshake(c, e) != ST_OK)
		return ST_TEMP;
	return tls_check_fingerprint(c->ssl, rules, e);
}

bool conn_doubt(const struct conn *c, char *text, size_t size)
{
	return c->ssl != NULL && tls_doubt(c->ssl, text, size);
}
