/* tls - client contexts, verification. */

#include "net/tls.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "net/tls_server.h"

/* OpenSSL's words for a failure, without its numbers. */
static const char *words(unsigned long code)
{
	const char *reason = ERR_reason_error_string(code);

	if (reason != NULL)
		return reason;
	return ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code))
				      : "unknown error";
}

static enum st ssl_error(struct err *e, const char *what)
{
	unsigned long code = ERR_get_error();

	ERR_clear_error();
	return err_temp(e, "4.7.5", "%s: %s", what, words(code));
}

/* Each file of a directory; what is no certificate is none of ours. */
static enum st trust_dir(SSL_CTX *ctx, const char *path, struct err *e)
{
	DIR *dir = opendir(path);
	const struct dirent *d;
	char file[4096];
	size_t n = 0;

	if (dir == NULL)
		return err_temp(e, "4.7.5", "open %s: %m", path);
	while ((d = readdir(dir)) != NULL) {
		if (d->d_name[0] == '.' ||
		    snprintf(file, sizeof(file), "%s/%s", path, d->d_name) >=
			(int)sizeof(file))
			continue;
		n += SSL_CTX_load_verify_file(ctx, file) == 1;
		ERR_clear_error();
	}
	closedir(dir);
	if (n == 0)
		return err_temp(e, "4.7.5", "%s: no certificates in it", path);
	return ST_OK;
}

/* OpenSSL's own places: one that is not there is no mistake of ours. */
static enum st trust_default(SSL_CTX *ctx, struct err *e)
{
	const char *file = getenv(X509_get_default_cert_file_env());
	const char *dir = getenv(X509_get_default_cert_dir_env());
	bool any;

	if (file == NULL)
		file = X509_get_default_cert_file();
	if (dir == NULL)
		dir = X509_get_default_cert_dir();
	any = SSL_CTX_load_verify_file(ctx, file) == 1;
	ERR_clear_error();
	return trust_dir(ctx, dir, e) == ST_OK || any ? ST_OK : ST_TEMP;
}

static enum st trust_now(SSL_CTX *ctx, const struct tls_rules *r, struct err *e)
{
	bool own = r->ca_file != NULL || r->ca_path != NULL;

	if (r->ca_file != NULL &&
	    SSL_CTX_load_verify_file(ctx, r->ca_file) != 1)
		return ssl_error(e, r->ca_file);
	if (r->ca_path != NULL && trust_dir(ctx, r->ca_path, e) != ST_OK)
		return ST_TEMP;
	if (r->ca_default || !own)
		return trust_default(ctx, e);
	return ST_OK;
}

/* Looks at SSL_CERT_FILE and SSL_CERT_DIR, too. */
static enum st trust_default_later(SSL_CTX *ctx, struct err *e)
{
	return SSL_CTX_set_default_verify_paths(ctx) == 1
	    ? ST_OK
	    : ssl_error(e, "default trust anchors");
}

static enum st load_anchors(SSL_CTX *ctx, const struct tls_rules *r,
    struct err *e)
{
	bool own = r->ca_file != NULL || r->ca_path != NULL;

	if ((!own || r->ca_default) && trust_default_later(ctx, e) != ST_OK)
		return ST_TEMP;
	if (own &&
	    SSL_CTX_load_verify_locations(ctx, r->ca_file, r->ca_path) != 1)
		return ssl_error(e,
		    r->ca_file != NULL ? r->ca_file : r->ca_path);
	return ST_OK;
}

/* Without verify they only serve for a warning: see tls_doubt(). */
static enum st trust(SSL_CTX *ctx, const struct tls_rules *r, struct err *e)
{
	enum st st = r->ca_now ? trust_now(ctx, r, e) : load_anchors(ctx, r, e);

	if (!r->verify)
		return ST_OK;
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	return st;
}

static enum st own_cert(SSL_CTX *ctx, const struct tls_rules *r, struct err *e)
{
	const char *cert = r->cert != NULL ? r->cert : r->key;
	const char *key = r->key != NULL ? r->key : r->cert;

	if (cert == NULL)
		return ST_OK;
	if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1)
		return ssl_error(e, cert);
	if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
		return ssl_error(e, key);
	return ST_OK;
}

static enum st versions(SSL_CTX *ctx, const struct tls_rules *r, struct err *e)
{
	struct tls_versions v = { r->min_version, r->max_version, 0 };

	if (r->protocols != NULL &&
	    tls_versions(&v, str_c(r->protocols), e) != ST_OK)
		return ST_TEMP;
	if (v.min == 0 || (r->protocols != NULL && v.min < TLS1_2_VERSION))
		v.min = TLS1_2_VERSION;
	SSL_CTX_set_min_proto_version(ctx, v.min);
	if (v.max != 0)
		SSL_CTX_set_max_proto_version(ctx, v.max);
	SSL_CTX_set_options(ctx, v.off);
	return ST_OK;
}

enum st tls_client(SSL_CTX **out, const struct tls_rules *r, struct err *e)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (ctx == NULL)
		return ssl_error(e, "TLS context");
	if (versions(ctx, r, e) != ST_OK) {
		SSL_CTX_free(ctx);
		return ST_TEMP;
	}
	SSL_CTX_set_mode(ctx,
	    SSL_MODE_ENABLE_PARTIAL_WRITE |
		SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (trust(ctx, r, e) != ST_OK || own_cert(ctx, r, e) != ST_OK) {
		SSL_CTX_free(ctx);
		return ST_TEMP;
	}
	*out = ctx;
	return ST_OK;
}

static bool is_address(const char *name)
{
	unsigned char bytes[16];

	return inet_pton(AF_INET, name, bytes) == 1 ||
	    inet_pton(AF_INET6, name, bytes) == 1;
}

static enum st expect_names(SSL *ssl, const char *names, struct err *e)
{
	struct str list = str_c(names), word;
	char name[256];
	bool any = false;

	while (str_word(&list, " ", &word)) {
		snprintf(name, sizeof(name), "%.*s", STR_ARG(word));
		if (SSL_add1_host(ssl, name) != 1)
			return ssl_error(e, name);
		any = true;
	}
	return any
	    ? ST_OK
	    : err_temp(e, "4.7.5", "no name that a certificate may have");
}

enum st tls_expect(SSL *ssl, const struct tls_rules *r, struct err *e)
{
	if (is_address(r->name)) {
		if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl),
			r->name) != 1)
			return ssl_error(e, r->name);
		return ST_OK;
	}
	SSL_set_tlsext_host_name(ssl, r->name);
	if (r->names != NULL)
		return expect_names(ssl, r->names, e);
	if (SSL_set1_host(ssl, r->name) != 1)
		return ssl_error(e, r->name);
	return ST_OK;
}

/* "AB:CD" and "abcd" are the same. */
static bool same_hex(const char *a, const char *b)
{
	for (;;) {
		while (*a == ':')
			a++;
		while (*b == ':')
			b++;
		if (str_lower(*a) != str_lower(*b))
			return false;
		if (*a == '\0')
			return true;
		a++;
		b++;
	}
}

enum st tls_check_fingerprint(SSL *ssl, const struct tls_rules *r,
    struct err *e)
{
	const char *want = r->fingerprint, *colon;
	char name[16] = "md5", hex[2 * EVP_MAX_MD_SIZE + 1] = "";
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned n = 0, i;
	const EVP_MD *md;
	X509 *cert;

	if (want == NULL)
		return ST_OK;
	colon = strchr(want, ':');
	if (colon != NULL && colon - want > 2 &&
	    (size_t)(colon - want) < sizeof(name)) {
		memcpy(name, want, (size_t)(colon - want));
		name[colon - want] = '\0';
		want = colon + 1;
	}
	md = EVP_get_digestbyname(name);
	cert = SSL_get0_peer_certificate(ssl);
	if (md == NULL)
		return err_temp(e, "4.7.5", "sslfingerprint: no digest \"%s\"",
		    name);
	if (cert == NULL || X509_digest(cert, md, sum, &n) != 1)
		return err_temp(e, "4.7.5",
		    "no certificate to take a "
		    "fingerprint of");
	for (i = 0; i < n; i++)
		snprintf(hex + 2 * i, 3, "%02X", sum[i]);
	if (!same_hex(hex, want))
		return err_temp(e, "4.7.5", "fingerprints do not match!");
	return ST_OK;
}

/* Where there are alternative names, they count, and not the common name. */
static void name_of(X509 *cert, char *out, size_t size)
{
	GENERAL_NAMES *names =
	    X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	const GENERAL_NAME *one;
	int i, n = sk_GENERAL_NAME_num(names);

	X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName,
	    out, (int)size);
	for (i = 0; i < n; i++) {
		one = sk_GENERAL_NAME_value(names, i);
		if (one->type != GEN_DNS)
			continue;
		snprintf(out, size, "%.*s", ASN1_STRING_length(one->d.dNSName),
		    (const char *)ASN1_STRING_get0_data(one->d.dNSName));
		break;
	}
	GENERAL_NAMES_free(names);
}

/* Whose certificate it is, and whose it should be. */
static void mismatch(SSL *ssl, char *text, size_t size)
{
	const char *want = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	/* A handshake that failed has no peer, but it has what it checked. */
	STACK_OF(X509) *chain = SSL_get0_verified_chain(ssl);
	X509 *cert = SSL_get0_peer_certificate(ssl);
	char name[256] = "?";

	if (cert == NULL && sk_X509_num(chain) > 0)
		cert = sk_X509_value(chain, 0);
	if (cert != NULL)
		name_of(cert, name, sizeof(name));
	snprintf(text, size, "Server CommonName mismatch: %s != %s", name,
	    want != NULL ? want : "the address that was connected to");
}

bool tls_doubt(SSL *ssl, char *text, size_t size)
{
	long bad = SSL_get_verify_result(ssl);

	if (bad == X509_V_ERR_HOSTNAME_MISMATCH ||
	    bad == X509_V_ERR_IP_ADDRESS_MISMATCH)
		mismatch(ssl, text, size);
	else if (bad != X509_V_OK)
		snprintf(text, size,
		    "Server certificate verification error: %s",
		    X509_verify_cert_error_string(bad));
	return bad != X509_V_OK;
}

void tls_reason(SSL *ssl, char *text, size_t size)
{
	unsigned long code = ERR_get_error();

	ERR_clear_error();
	if (tls_doubt(ssl, text, size))
		return;
	if (code != 0)
		snprintf(text, size, "TLS: %s", words(code));
	else
		snprintf(text, size, "the TLS connection broke off");
}
