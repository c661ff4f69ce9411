/*
 * listen - sockets that wait for clients, TCP and UNIX.
 */
#ifndef COMMON_NET_LISTEN_H
#define COMMON_NET_LISTEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

enum listen_proto {
	LISTEN_SMTP,
	LISTEN_LMTP
};

/* One item of vdeliver_listen, and its sockets. */
struct listen_item {
	enum listen_proto proto;
	bool is_unix;
	bool tls;       /* from the first byte on: smtps, lmtps */
	char text[256]; /* as configured, for messages */
	char host[256]; /* without brackets; "" or "*": all addresses */
	char port[32];
	char path[108]; /* UNIX */
};

/*
 * Parse "[smtp:|lmtp:|smtps:|lmtps:]inet:HOST:PORT" ("inet:PORT" and
 * "inet:[v6]:PORT" too) or "smtp:unix:PATH", "lmtp:unix:PATH". A relative path
 * is below dir. ST_TEMP with what is wrong.
 */
enum st listen_parse(struct listen_item *item, struct str text, const char *dir,
    struct err *e) MUST_CHECK;

/*
 * Bind and listen, non-blocking. One socket per address of HOST, at most max;
 * *n says how many. A stale UNIX socket without a listener is removed; the
 * new one has mode 0666 (the directory governs access).
 * ST_TEMP, and all closed again: "bind 127.0.0.1:25: Address already in use".
 */
enum st listen_open(const struct listen_item *item, int *fds, size_t max,
    size_t *n, struct err *e) MUST_CHECK;

/* The port that a TCP socket is bound to, 0 for others. */
unsigned listen_port(int fd);

#endif
