/*
 * script - a peer that says all it has to say at once, for tests of what talks
 * over a conn: what the client sent is compared afterwards. Its words must fit
 * into a socket's buffer.
 */
#ifndef TESTS_UNIT_SCRIPT_H
#define TESTS_UNIT_SCRIPT_H

#include "tests/unit/unit.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "net/conn.h"

struct script {
	int peer;
	struct conn *conn;
	struct buf sent;
};

enum script_end {
	SCRIPT_CLOSES, /* after its words */
	SCRIPT_WAITS,
};

static inline void script_begin(struct script *s, struct str says,
    enum script_end end)
{
	int fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	s->sent = BUF_MAX(1 << 20);
	s->peer = fd[1];
	assert_int_equal(write(s->peer, says.p, says.n), says.n);
	if (end == SCRIPT_CLOSES)
		assert_int_equal(shutdown(s->peer, SHUT_WR), 0);
	s->conn = conn_new(fd[0], "peer.test", 50);
}

/* Close the client's side; what it sent is in s->sent then. */
static inline const char *script_sent(struct script *s)
{
	char piece[4096];
	ssize_t n;

	conn_close(s->conn);
	s->conn = NULL;
	while ((n = read(s->peer, piece, sizeof(piece))) > 0)
		assert_true(
		    buf_add(&s->sent, (struct str){ piece, (size_t)n }));
	return buf_c(&s->sent);
}

static inline void script_end(struct script *s)
{
	conn_close(s->conn);
	close(s->peer);
	buf_clear(&s->sent);
}

#endif
