/*
 * ipc - messages between our own processes: bounded, typed, in order, over a
 * SOCK_SEQPACKET pair; a message may carry one descriptor.
 *
 * A receiver does not trust the sender: each ipc_get_* checks the bounds, and
 * one check of ipc_in_ok() at the end says whether all of it was there.
 */
#ifndef COMMON_PRIV_IPC_H
#define COMMON_PRIV_IPC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/str.h"

/* The largest message, its type included. */
#define IPC_MAX 65536

/* A message being made. Strings are at most 65535 bytes. */
struct ipc_out {
	struct buf b;
};
#define IPC_OUT                  \
	{                        \
		BUF_MAX(IPC_MAX) \
	}
#define AUTO_IPC_OUT CLEANUP(ipc_out_clear) struct ipc_out

void ipc_begin(struct ipc_out *o, uint32_t type);
void ipc_put_u32(struct ipc_out *o, uint32_t v);
void ipc_put_u64(struct ipc_out *o, uint64_t v);
void ipc_put_str(struct ipc_out *o, struct str s);
/* False when something did not fit: the message must not be sent. */
bool ipc_out_ok(const struct ipc_out *o) MUST_CHECK;
/* Bytes that are left. */
size_t ipc_out_room(const struct ipc_out *o);
void ipc_out_clear(struct ipc_out *o);

/* A message that came. Strings borrow from it until the next ipc_recv(). */
struct ipc_in {
	char data[IPC_MAX];
	struct str rest;
	bool bad;
	uint32_t type;
	int fd; /* the descriptor that came along, -1: none; ipc_recv owns it */
};

uint32_t ipc_get_u32(struct ipc_in *in);
uint64_t ipc_get_u64(struct ipc_in *in);
struct str ipc_get_str(struct ipc_in *in);
/* True when all gets were within the message, and nothing is left. */
bool ipc_in_ok(const struct ipc_in *in) MUST_CHECK;

/* A connected pair, close-on-exec, with large buffers; false with errno. */
bool ipc_pair(int fd[2]) MUST_CHECK;

enum ipc_st {
	IPC_OK,
	IPC_AGAIN, /* would block: nothing was sent or received */
	IPC_SHORT, /* the kernel has no room for it, which poll(2) does not
		      show: nothing was sent, try again in a while */
	IPC_GONE,  /* the peer has closed, or an error */
};

/* Send; pass_fd (-1: none) stays the caller's. Blocks if the socket does. */
enum ipc_st ipc_send(int fd, const struct ipc_out *o, int pass_fd) MUST_CHECK;
/* The same, and never blocks, whatever the socket does. */
enum ipc_st ipc_send_now(int fd, const struct ipc_out *o) MUST_CHECK;
/* The same over a socket that blocks: waits for room as well. */
enum ipc_st ipc_send_wait(int fd, const struct ipc_out *o, int pass_fd)
    MUST_CHECK;
/*
 * Receive one message. A descriptor of an earlier message that nobody took
 * (fd_take(&in->fd)) is closed first. A message that is cut or has no type is
 * IPC_GONE.
 */
enum ipc_st ipc_recv(int fd, struct ipc_in *in) MUST_CHECK;

#endif
