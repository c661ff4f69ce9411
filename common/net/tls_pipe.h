/*
 * tls_pipe - the server's end of one TLS connection, without its socket: what
 * arrived goes in, what shall be sent comes out, in pieces of any size. So an
 * event loop never waits for it, and a test needs no network.
 *
 *	p = tls_pipe_new(ctx);
 *	bytes came: tls_pipe_feed(p, bytes)
 *	until it is ST_OK once: st = tls_pipe_handshake(p, &e)
 *	then: tls_pipe_read(p, &plain, &e), tls_pipe_write(p, text, &e)
 *	after each of them: send tls_pipe_out(p), tls_pipe_sent(p, n)
 */
#ifndef COMMON_NET_TLS_PIPE_H
#define COMMON_NET_TLS_PIPE_H

#include <openssl/ssl.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

struct tls_pipe;

/* What was agreed, for logs and headers. Empty: not known, or of no meaning. */
struct tls_facts {
	char protocol[16]; /* "TLSv1.3" */
	char cipher[64];   /* "TLS_AES_256_GCM_SHA384" */
	int bits, algorithm_bits;
	char key_exchange[40]; /* "X25519", "ECDHE (prime256v1)" */
	char signature[48];    /* "ECDSA (prime256v1)" */
	char digest[24];       /* "SHA256" */
};

/* NULL: out of memory. ctx must live until tls_pipe_free(). */
struct tls_pipe *tls_pipe_new(SSL_CTX *ctx) MUST_CHECK;
/* NULL is fine. */
void tls_pipe_free(struct tls_pipe *p);

/* Take bytes that arrived; the caller bounds them by reading what they mean
 * before it feeds more. */
void tls_pipe_feed(struct tls_pipe *p, struct str bytes);

/* ST_OK: done. ST_NONE: more must come. ST_PERM: failed, with OpenSSL's text;
 * what is in out then is an alert worth sending. */
enum st tls_pipe_handshake(struct tls_pipe *p, struct err *e) MUST_CHECK;
/* What was agreed; after the handshake. */
void tls_pipe_facts(const struct tls_pipe *p, struct tls_facts *facts);

/*
 * Add what the bytes mean to plain, as far as it has room. ST_OK: all that can
 * be known; ask again when there is room or more bytes came. ST_NONE: the peer
 * ended the connection in the proper way. ST_PERM: it broke the protocol.
 */
enum st tls_pipe_read(struct tls_pipe *p, struct buf *plain, struct err *e)
    MUST_CHECK;
/* Encrypt text; ST_PERM: the connection is of no use any more. */
enum st tls_pipe_write(struct tls_pipe *p, struct str text, struct err *e)
    MUST_CHECK;
/* Say goodbye: nothing can be written after it. */
void tls_pipe_close(struct tls_pipe *p);

/* What waits to be sent, and that so much of it was. */
struct str tls_pipe_out(const struct tls_pipe *p);
void tls_pipe_sent(struct tls_pipe *p, size_t n);

#endif
