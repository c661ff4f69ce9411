/*
 * tls - contexts and what is checked of a server's certificate.
 */
#ifndef COMMON_NET_TLS_H
#define COMMON_NET_TLS_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/macros.h"

struct tls_rules {
	const char *name;        /* server name: SNI, and what must match */
	const char *names;       /* with verify, what must match instead of it:
				  * blanks between them; ".x" is all below x;
				  * NULL: name */
	bool verify;             /* chain, dates and name must be right */
	const char *ca_file;     /* NULL: OpenSSL's, SSL_CERT_FILE */
	const char *ca_path;     /* NULL: OpenSSL's, SSL_CERT_DIR */
	bool ca_default;         /* OpenSSL's on top of those */
	bool ca_now;             /* read all of ca_path at once, for one who
				  * cannot read files later */
	const char *cert, *key;  /* of ours, NULL for none */
	const char *fingerprint; /* "AA:BB:.." MD5, or "sha256:..", NULL */
	int min_version;         /* TLS1_2_VERSION or later; 0: 1.2 */
	int max_version;         /* 0: the latest */
	const char *protocols;   /* in place of both, as tls_server.h has them;
				  * nothing below 1.2 all the same; NULL: none */
	SSL_CTX *ctx;            /* tls_client() has made it: no file is read */
};

/*
 * A client context after the rules. ST_TEMP: a file cannot be read, or the
 * certificate and key do not fit, with OpenSSL's reason.
 */
enum st tls_client(SSL_CTX **ctx, const struct tls_rules *rules, struct err *e)
    MUST_CHECK;
/* Set the name that is sent and, with verify, must be in the certificate. */
enum st tls_expect(SSL *ssl, const struct tls_rules *rules, struct err *e)
    MUST_CHECK;
/* After the handshake: does the certificate have the fingerprint? */
enum st tls_check_fingerprint(SSL *ssl, const struct tls_rules *rules,
    struct err *e) MUST_CHECK;
/*
 * Without verify: is there something wrong with the certificate all the same?
 * Then text says what.
 */
bool tls_doubt(SSL *ssl, char *text, size_t size);
/* Why the last TLS call failed, as text. */
void tls_reason(SSL *ssl, char *text, size_t size);

#endif
