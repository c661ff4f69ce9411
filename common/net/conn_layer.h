/*
 * conn_layer - what may lie between a conn and its socket: TLS (conn_tls.c).
 * A program that never asks for it does not carry the library.
 */
#ifndef COMMON_NET_CONN_LAYER_H
#define COMMON_NET_CONN_LAYER_H

#include "net/conn.h"

/* What one try has done; of done and events at most one is not 0. */
struct layer_io {
	size_t done;  /* octets */
	short events; /* of poll(2): wait for these, then try again */
};

struct conn_layer {
	/* ST_OK: look at io; neither: try again. ST_NONE: the peer has closed.
	 */
	enum st (*read)(void *state, char *p, size_t n, struct layer_io *io,
	    struct err *e);
	enum st (*write)(void *state, const char *p, size_t n,
	    struct layer_io *io, struct err *e);
	/* NULL where there is nothing to do. */
	bool (*pending)(void *state); /* octets that poll(2) does not see */
	void (*close)(void *state);   /* say goodbye without waiting, free */
};

const char *conn_name(const struct conn *c);
int64_t conn_timeout(const struct conn *c); /* ms */
void *conn_layer_state(const struct conn *c);
/* NULL: none. */
const struct conn_layer *conn_layer(const struct conn *c);
/* From now on all goes through it; what was read before is dropped. */
void conn_set_layer(struct conn *c, const struct conn_layer *layer,
    void *state);
/* Wait until then for events of the socket. */
enum st conn_wait(struct conn *c, short events, int64_t deadline, struct err *e)
    MUST_CHECK;

#endif
