/*
 * conn - a connection that talks in lines: buffered, plain or TLS, blocking
 * with a deadline on each wait.
 *
 * A test makes one from a socketpair and plays the peer. All failures are
 * ST_TEMP with a text that names the peer; after one the conn is only good for
 * conn_close().
 */
#ifndef COMMON_NET_CONN_H
#define COMMON_NET_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

struct conn;
struct tls_rules;

/* What a line is cut at when it does not end: it comes in pieces. */
#define CONN_LINE_MAX 65536

/*
 * Take over a connected socket; name is for messages (copied). timeout_ms is
 * the longest that one read or write may wait for the peer.
 */
struct conn *conn_new(int fd, const char *name, int64_t timeout_ms) MUST_CHECK;
/* NULL is fine. With TLS, says goodbye without waiting. */
void conn_close(struct conn *c);

/*
 * HOST:PORT or service name, all addresses of it in turn; a HOST that starts
 * with '/' is a UNIX socket. *c is set on ST_OK. e's dsn tells what failed:
 * "4.4.3" the name does not resolve, "4.4.1" nobody could be reached; errno
 * has the reason, too.
 */
enum st conn_open(struct conn **c, const char *host, const char *port,
    int64_t timeout_ms, struct err *e) MUST_CHECK;

/*
 * One IP address, of which nothing has to be looked up; name is for messages.
 * ST_TEMP (4.4.1) with errno's text alone.
 */
enum st conn_open_at(struct conn **c, const char *addr, unsigned port,
    const char *name, int64_t timeout_ms, struct err *e) MUST_CHECK;

/*
 * Begin to connect to the very address that like is connected to, and wait for
 * nothing: conn_fd() becomes readable when the peer says something or cannot be
 * reached, and what is read then fails. ST_NONE: not now, or not to such a peer.
 */
enum st conn_open_like(struct conn **c, const struct conn *like,
    int64_t timeout_ms) MUST_CHECK;

void conn_set_timeout(struct conn *c, int64_t timeout_ms);
/* Whatever comes after is over by then, clock.h; CLOCK_NEVER at first. */
void conn_set_deadline(struct conn *c, int64_t deadline);
/* The peer's address as text, "" for UNIX sockets; its port. */
const char *conn_peer(const struct conn *c);
unsigned conn_peer_port(const struct conn *c);
/* To wait for several at once: only when conn_has_input() is false. */
int conn_fd(const struct conn *c);
/* 127.0.0.0/8, ::1 or a UNIX socket. */
bool conn_is_loopback(const struct conn *c);

/*
 * The next line with its end ("\n" or "\r\n"), borrowed until the next read; a
 * line longer than CONN_LINE_MAX comes in pieces without an end. ST_NONE: the
 * peer has closed (a last line without an end was given before).
 */
enum st conn_line(struct conn *c, struct str *line, struct err *e) MUST_CHECK;
/*
 * Add the next n bytes to to, which has room for them. ST_NONE: the peer has
 * closed before.
 */
enum st conn_read(struct conn *c, size_t n, struct buf *to, struct err *e)
    MUST_CHECK;
/* Is there something to read that is in the buffer already? */
bool conn_has_input(const struct conn *c);
/* Nothing is there to read, and nothing comes within the time. */
bool conn_is_quiet(const struct conn *c, int timeout_ms);

/* Put bytes into the output buffer, which goes out when it is large. */
enum st conn_put(struct conn *c, struct str bytes, struct err *e) MUST_CHECK;
enum st conn_putf(struct conn *c, struct err *e, const char *fmt, ...)
    PRINTF(3, 4) MUST_CHECK;
/* Send all that is buffered. */
enum st conn_flush(struct conn *c, struct err *e) MUST_CHECK;

/*
 * Begin TLS as a client. What the peer sent before the handshake is dropped
 * (RFC 2595 2.2). See tls.h for what is checked.
 */
enum st conn_starttls(struct conn *c, const struct tls_rules *rules,
    struct err *e) MUST_CHECK;
/* Is something wrong with the certificate, which was not to be verified? */
bool conn_doubt(const struct conn *c, char *text, size_t size);
bool conn_is_tls(const struct conn *c);
/* True after a wait that took longer than the timeout. */
bool conn_timed_out(const struct conn *c);

#endif
