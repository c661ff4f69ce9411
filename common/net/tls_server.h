/*
 * tls_server - contexts for the server's side: keys and certificates from
 * files, protocol versions and ciphers from lists written as Postfix's.
 */
#ifndef COMMON_NET_TLS_SERVER_H
#define COMMON_NET_TLS_SERVER_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

#define TLS_PAIRS_MAX 3

/* Empty strings stand for what is not set; none is NULL. */
struct tls_server_rules {
	/* PEM files, each with a key and behind it its certificates, leaf
	 * first; the pairs count only when this is empty. */
	const char *chain_files;
	/* A certificate file (leaf first) and the file of its key. */
	struct tls_pair {
		const char *cert, *key;
	} pairs[TLS_PAIRS_MAX];
	const char *ca_file, *ca_path; /* complete a chain that is short */
	const char *protocols;         /* ">=TLSv1.2", "!TLSv1, !TLSv1.1" */
	const char *ciphers;           /* OpenSSL's list, for 1.2 and below */
	const char *exclude, *exclude_too; /* cipher names; blanks, commas */
	bool own_order; /* our order of ciphers, not the client's */
};

/* Is there any key or certificate in the rules? */
bool tls_server_has_cert(const struct tls_server_rules *rules);

/*
 * A context after the rules: no client certificates, no renegotiation, no
 * resumption. ST_TEMP: what cannot be read, or does not fit, by name.
 */
enum st tls_server(SSL_CTX **ctx, const struct tls_server_rules *rules,
    struct err *e) MUST_CHECK;

/*
 * A list of protocols as bounds: 0 is "no bound". Names are SSLv2 to TLSv1.3;
 * "!name" excludes, "name" alone includes only those that are named. Versions
 * that are left out between two that are not are in *off (SSL_OP_NO_...).
 * ST_TEMP: a word that is none, or nothing is left.
 */
struct tls_versions {
	int min, max;
	uint64_t off;
};
enum st tls_versions(struct tls_versions *v, struct str list, struct err *e)
    MUST_CHECK;

#endif
