/* tls_pipe - TLS between two memory buffers. */

#include "net/tls_pipe.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

struct tls_pipe {
	SSL *ssl;
	BIO *in, *out; /* memory; ssl owns them */
	bool broken;
};

struct tls_pipe *tls_pipe_new(SSL_CTX *ctx)
{
	struct tls_pipe *p = xcalloc(1, sizeof(*p));

	p->ssl = SSL_new(ctx);
	p->in = BIO_new(BIO_s_mem());
	p->out = BIO_new(BIO_s_mem());
	if (p->ssl == NULL || p->in == NULL || p->out == NULL) {
		BIO_free(p->in);
		BIO_free(p->out);
		SSL_free(p->ssl);
		free(p);
		return NULL;
	}
	SSL_set_bio(p->ssl, p->in, p->out);
	SSL_set_accept_state(p->ssl);
	return p;
}

void tls_pipe_free(struct tls_pipe *p)
{
	if (p == NULL)
		return;
	SSL_free(p->ssl);
	free(p);
}

void tls_pipe_feed(struct tls_pipe *p, struct str bytes)
{
	/* A memory BIO takes all, or the process is out of memory. */
	if (bytes.n != 0 && BIO_write(p->in, bytes.p, (int)bytes.n) <= 0)
		bug("out of memory");
}

/* Why the last call did not succeed. ST_OK: it needs more bytes. */
static enum st outcome(struct tls_pipe *p, int result, struct err *e)
{
	unsigned long code;
	const char *reason;

	switch (SSL_get_error(p->ssl, result)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return ST_OK;
	case SSL_ERROR_ZERO_RETURN:
		return ST_NONE;
	default:
		break;
	}
	p->broken = true;
	code = ERR_peek_error();
	reason = ERR_reason_error_string(code);
	err_perm(e, "5.7.0", "error:%08lX:%s::%s", code,
	    code != 0 ? ERR_lib_error_string(code) : "SSL routines",
	    reason != NULL ? reason : "unknown error");
	ERR_clear_error();
	return ST_PERM;
}

enum st tls_pipe_handshake(struct tls_pipe *p, struct err *e)
{
	int n;

	ERR_clear_error();
	n = SSL_do_handshake(p->ssl);
	if (n == 1)
		return ST_OK;
	switch (outcome(p, n, e)) {
	case ST_OK:
		return ST_NONE;
	case ST_NONE:
		return err_perm(e, "5.7.0", "the client ended the handshake");
	default:
		return ST_PERM;
	}
}

enum st tls_pipe_read(struct tls_pipe *p, struct buf *plain, struct err *e)
{
	size_t room;
	char *at;
	int n;

	if (p->broken)
		return err_perm(e, "5.7.0", "the TLS connection is broken");
	for (;;) {
		at = buf_room(plain, 16384, &room);
		if (at == NULL)
			return ST_OK;
		ERR_clear_error();
		n = SSL_read(p->ssl, at, (int)room);
		if (n <= 0)
			return outcome(p, n, e);
		buf_grew(plain, (size_t)n);
	}
}

enum st tls_pipe_write(struct tls_pipe *p, struct str text, struct err *e)
{
	int n;

	while (text.n != 0 && !p->broken) {
		ERR_clear_error();
		n = SSL_write(p->ssl, text.p,
		    text.n > 16384 ? 16384 : (int)text.n);
		/* The memory takes all: what is wanted here never comes. */
		if (n <= 0 && outcome(p, n, e) == ST_PERM)
			return ST_PERM;
		if (n <= 0)
			break;
		text = str_skip(text, (size_t)n);
	}
	return text.n == 0
	    ? ST_OK
	    : err_perm(e, "5.7.0", "the TLS connection is broken");
}

void tls_pipe_close(struct tls_pipe *p)
{
	if (!p->broken && SSL_is_init_finished(p->ssl))
		SSL_shutdown(p->ssl);
	ERR_clear_error();
	p->broken = true;
}

struct str tls_pipe_out(const struct tls_pipe *p)
{
	char *at = NULL;
	long n = BIO_get_mem_data(p->out, &at);

	return (struct str){ at, n > 0 ? (size_t)n : 0 };
}

void tls_pipe_sent(struct tls_pipe *p, size_t n)
{
	char gone[4096];

	while (n != 0) {
		int k = BIO_read(p->out, gone,
		    (int)(n < sizeof(gone) ? n : sizeof(gone)));

		if (k <= 0)
			bug("more was sent than there was");
		n -= (size_t)k;
	}
}

/* --- what was agreed ------------------------------------------------------ */

static void curve_name(EVP_PKEY *key, char *to, size_t size)
{
	size_t n;

	to[0] = '\0';
	if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, to,
		size, &n) != 1)
		to[0] = '\0';
	ERR_clear_error();
}

static void key_exchange(SSL *ssl, struct tls_facts *f)
{
	EVP_PKEY *key = NULL;
	char curve[32];
	int type;

	if (SSL_get_tmp_key(ssl, &key) != 1 || key == NULL) {
		ERR_clear_error();
		return;
	}
	type = EVP_PKEY_get_id(key);
	curve_name(key, curve, sizeof(curve));
	if (type == EVP_PKEY_EC)
		snprintf(f->key_exchange, sizeof(f->key_exchange), "ECDHE (%s)",
		    curve);
	else if (type == EVP_PKEY_DH)
		snprintf(f->key_exchange, sizeof(f->key_exchange),
		    "DHE (%d bits)", EVP_PKEY_get_bits(key));
	else
		snprintf(f->key_exchange, sizeof(f->key_exchange), "%s",
		    OBJ_nid2sn(type));
	EVP_PKEY_free(key);
}

static void signature(SSL *ssl, struct tls_facts *f)
{
	X509 *cert = SSL_get_certificate(ssl);
	EVP_PKEY *key = cert != NULL ? X509_get0_pubkey(cert) : NULL;
	int nid = NID_undef;
	char curve[32];

	if (key == NULL)
		return;
	if (EVP_PKEY_get_id(key) == EVP_PKEY_EC) {
		curve_name(key, curve, sizeof(curve));
		snprintf(f->signature, sizeof(f->signature), "ECDSA (%s)",
		    curve);
	} else if (EVP_PKEY_get_id(key) == EVP_PKEY_RSA) {
		SSL_get_signature_type_nid(ssl, &nid);
		snprintf(f->signature, sizeof(f->signature), "%s (%d bits)",
		    nid == EVP_PKEY_RSA_PSS ? "RSA-PSS" : "RSA",
		    EVP_PKEY_get_bits(key));
	} else {
		snprintf(f->signature, sizeof(f->signature), "%s",
		    OBJ_nid2sn(EVP_PKEY_get_id(key)));
	}
	if (SSL_get_signature_nid(ssl, &nid) == 1 && nid != NID_undef)
		snprintf(f->digest, sizeof(f->digest), "%s", OBJ_nid2sn(nid));
}

void tls_pipe_facts(const struct tls_pipe *p, struct tls_facts *f)
{
	const SSL_CIPHER *c = SSL_get_current_cipher(p->ssl);

	memset(f, 0, sizeof(*f));
	snprintf(f->protocol, sizeof(f->protocol), "%s",
	    SSL_get_version(p->ssl));
	if (c != NULL) {
		snprintf(f->cipher, sizeof(f->cipher), "%s",
		    SSL_CIPHER_get_name(c));
		f->bits = SSL_CIPHER_get_bits(c, &f->algorithm_bits);
	}
	/* Before TLS 1.3 the cipher's name says the rest. */
	if (SSL_version(p->ssl) < TLS1_3_VERSION)
		return;
	key_exchange(p->ssl, f);
	signature(p->ssl, f);
}
