/* ipc - fixed messages and descriptor passing over socket pairs. */

#include "priv/ipc.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/io.h"

/* Asked for; what an unprivileged process gets is enough for small windows. */
#define SOCKET_BUFFER (4 << 20)
/* The kernel has room again some time. */
#define PAUSE_MS 50

void ipc_begin(struct ipc_out *o, uint32_t type)
{
	buf_reset(&o->b);
	ipc_put_u32(o, type);
}

void ipc_put_u32(struct ipc_out *o, uint32_t v)
{
	buf_add(&o->b, (struct str){ (const char *)&v, sizeof(v) });
}

void ipc_put_u64(struct ipc_out *o, uint64_t v)
{
	buf_add(&o->b, (struct str){ (const char *)&v, sizeof(v) });
}

void ipc_put_str(struct ipc_out *o, struct str s)
{
	ipc_put_u32(o, (uint32_t)s.n);
	buf_add(&o->b, s);
}

bool ipc_out_ok(const struct ipc_out *o)
{
	return !o->b.full;
}

size_t ipc_out_room(const struct ipc_out *o)
{
	return o->b.full ? 0 : o->b.max - o->b.n;
}

void ipc_out_clear(struct ipc_out *o)
{
	buf_clear(&o->b);
}

static struct str get_bytes(struct ipc_in *in, size_t n)
{
	struct str got = str_head(in->rest, n);

	if (in->rest.n < n) {
		in->bad = true;
		in->rest.n = 0;
		return STR_NONE;
	}
	in->rest = str_skip(in->rest, n);
	return got;
}

uint32_t ipc_get_u32(struct ipc_in *in)
{
	struct str s = get_bytes(in, sizeof(uint32_t));
	uint32_t v = 0;

	if (s.n != 0)
		memcpy(&v, s.p, sizeof(v));
	return v;
}

uint64_t ipc_get_u64(struct ipc_in *in)
{
	struct str s = get_bytes(in, sizeof(uint64_t));
	uint64_t v = 0;

	if (s.n != 0)
		memcpy(&v, s.p, sizeof(v));
	return v;
}

struct str ipc_get_str(struct ipc_in *in)
{
	return get_bytes(in, ipc_get_u32(in));
}

bool ipc_in_ok(const struct ipc_in *in)
{
	return !in->bad && in->rest.n == 0;
}

bool ipc_pair(int fd[2])
{
	int size = SOCKET_BUFFER, i;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) != 0)
		return false;
	for (i = 0; i < 2; i++)
		if (setsockopt(fd[i], SOL_SOCKET, SO_SNDBUFFORCE, &size,
			sizeof(size)) != 0 &&
		    setsockopt(fd[i], SOL_SOCKET, SO_SNDBUF, &size,
			sizeof(size)) != 0)
			return false;
	return true;
}

static enum ipc_st send_as(int fd, const struct ipc_out *o, int pass_fd,
    int flags)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { o->b.p, o->b.n };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;
	ssize_t n;

	if (pass_fd >= 0) {
		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &pass_fd, sizeof(int));
	}
	do
		n = sendmsg(fd, &msg, MSG_NOSIGNAL | flags);
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)o->b.n)
		return IPC_OK;
	if (n < 0 && errno == EAGAIN)
		return IPC_AGAIN;
	/* ETOOMANYREFS: of descriptors that are under way. */
	return n < 0 &&
		(errno == ENOBUFS || errno == ENOMEM || errno == ETOOMANYREFS)
	    ? IPC_SHORT
	    : IPC_GONE;
}

enum ipc_st ipc_send(int fd, const struct ipc_out *o, int pass_fd)
{
	return send_as(fd, o, pass_fd, 0);
}

enum ipc_st ipc_send_now(int fd, const struct ipc_out *o)
{
	return send_as(fd, o, -1, MSG_DONTWAIT);
}

enum ipc_st ipc_send_wait(int fd, const struct ipc_out *o, int pass_fd)
{
	enum ipc_st st;

	while ((st = ipc_send(fd, o, pass_fd)) == IPC_SHORT)
		poll(NULL, 0, PAUSE_MS);
	return st;
}

/* Keep the first descriptor, close all others that a peer may have sent. */
static void take_fds(struct ipc_in *in, struct msghdr *msg)
{
	struct cmsghdr *c;
	size_t i, count;
	int fd;

	for (c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < count; i++) {
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (in->fd < 0)
				in->fd = fd;
			else
				close(fd);
		}
	}
}

enum ipc_st ipc_recv(int fd, struct ipc_in *in)
{
	char control[CMSG_SPACE(4 * sizeof(int))];
	struct iovec iov = { in->data, sizeof(in->data) };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	ssize_t n;

	fd_clear(&in->fd);
	do
		n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? IPC_AGAIN : IPC_GONE;
	take_fds(in, &msg);
	in->rest = (struct str){ in->data, (size_t)n };
	in->bad = (msg.msg_flags & MSG_TRUNC) != 0;
	in->type = ipc_get_u32(in);
	return n == 0 || in->bad ? IPC_GONE : IPC_OK;
}
