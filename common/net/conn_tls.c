/* conn_tls - TLS as a layer of a conn. */

#include <openssl/ssl.h>
#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "net/conn_layer.h"
#include "net/tls.h"

struct conn_tls {
	SSL_CTX *ctx;
	SSL *ssl;
};

/* What TLS says of a call that came back with rc. */
static enum st result(struct conn_tls *t, int rc, struct layer_io *io,
    struct err *e)
{
	char why[160];

	if (rc > 0) {
		io->done = (size_t)rc;
		return ST_OK;
	}
	switch (SSL_get_error(t->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		io->events = POLLIN;
		return ST_OK;
	case SSL_ERROR_WANT_WRITE:
		io->events = POLLOUT;
		return ST_OK;
	case SSL_ERROR_ZERO_RETURN:
		return ST_NONE;
	default:
		tls_reason(t->ssl, why, sizeof(why));
		return err_temp(e, "4.7.5", "%s", why);
	}
}

static enum st tls_read(void *state, char *p, size_t n, struct layer_io *io,
    struct err *e)
{
	struct conn_tls *t = state;

	return result(t, SSL_read(t->ssl, p, (int)n), io, e);
}

static enum st tls_write(void *state, const char *p, size_t n,
    struct layer_io *io, struct err *e)
{
	struct conn_tls *t = state;

	return result(t, SSL_write(t->ssl, p, (int)n), io, e);
}

static bool tls_pending(void *state)
{
	struct conn_tls *t = state;

	return SSL_pending(t->ssl) != 0;
}

static void tls_close(void *state)
{
	struct conn_tls *t = state;

	SSL_shutdown(t->ssl);
	SSL_free(t->ssl);
	SSL_CTX_free(t->ctx);
	free(t);
}

static const struct conn_layer tls = { .read = tls_read,
	.write = tls_write,
	.pending = tls_pending,
	.close = tls_close };

bool conn_is_tls(const struct conn *c)
{
	return conn_layer(c) == &tls;
}

bool conn_doubt(const struct conn *c, char *text, size_t size)
{
	const struct conn_tls *t = conn_layer_state(c);

	return conn_is_tls(c) && tls_doubt(t->ssl, text, size);
}

static enum st handshake(struct conn *c, struct conn_tls *t, struct err *e)
{
	int64_t deadline = clock_deadline(conn_timeout(c));
	enum st st = ST_OK;

	for (;;) {
		struct layer_io io = { 0, 0 };

		st = result(t, SSL_connect(t->ssl), &io, e);
		if (st == ST_OK && io.done != 0)
			return ST_OK;
		if (st == ST_OK)
			st = conn_wait(c, io.events, deadline, e);
		if (st == ST_NONE)
			st = err_temp(e, "4.7.5",
			    "%s closed during the TLS handshake", conn_name(c));
		if (st != ST_OK)
			return st;
	}
}

enum st conn_starttls(struct conn *c, const struct tls_rules *rules,
    struct err *e)
{
	struct conn_tls *t;
	SSL_CTX *ctx = rules->ctx;

	if (conn_flush(c, e) != ST_OK)
		return ST_TEMP;
	if (ctx != NULL)
		SSL_CTX_up_ref(ctx);
	else if (tls_client(&ctx, rules, e) != ST_OK)
		return ST_TEMP;
	t = xcalloc(1, sizeof(*t));
	t->ctx = ctx;
	t->ssl = SSL_new(ctx);
	if (t->ssl == NULL || SSL_set_fd(t->ssl, conn_fd(c)) != 1)
		bug("no TLS object");
	/* RFC 2595 2.2: nothing from before may count. */
	conn_set_layer(c, &tls, t);
	if (tls_expect(t->ssl, rules, e) != ST_OK ||
	    handshake(c, t, e) != ST_OK)
		return ST_TEMP;
	return tls_check_fingerprint(t->ssl, rules, e);
}
