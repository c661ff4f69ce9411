/* tls_server - keys, certificates, versions and ciphers of a server. */

#include "net/tls_server.h"

#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#include "base/buf.h"

#define FILE_NAME_MAX   1024
#define CIPHER_LIST_MAX 8000

static enum st ssl_error(struct err *e, const char *what, const char *name)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = ERR_reason_error_string(code);

	/* The first one is nearest to the cause: "No such file". */
	if (ERR_SYSTEM_ERROR(ERR_peek_error()))
		reason = strerror(ERR_GET_REASON(ERR_peek_error()));
	ERR_clear_error();
	return err_temp(e, "4.7.0", "%s %s: %s", what, name,
	    reason != NULL ? reason : "unknown error");
}

/* --- protocol versions --------------------------------------------------- */

/* Row 0 is below all that OpenSSL has. */
static const struct {
	const char *name;
	int version;
	uint64_t off;
} versions[] = {
	{ "SSLv2", 0, 0 },
	{ "SSLv3", SSL3_VERSION, SSL_OP_NO_SSLv3 },
	{ "TLSv1", TLS1_VERSION, SSL_OP_NO_TLSv1 },
	{ "TLSv1.1", TLS1_1_VERSION, SSL_OP_NO_TLSv1_1 },
	{ "TLSv1.2", TLS1_2_VERSION, SSL_OP_NO_TLSv1_2 },
	{ "TLSv1.3", TLS1_3_VERSION, SSL_OP_NO_TLSv1_3 },
};
#define N_VERSIONS NELEM(versions)

static size_t find_version(struct str name)
{
	size_t i;

	for (i = 0; i < N_VERSIONS; i++)
		if (str_ieqc(name, versions[i].name))
			break;
	return i;
}

/* Bits of versions[] that a word speaks of; 0: it is none. */
static unsigned word_bits(struct str word)
{
	unsigned all = (1U << N_VERSIONS) - 1;
	size_t i;

	if (str_starts(word, STR(">="))) {
		i = find_version(str_trim_left(str_skip(word, 2)));
		return i < N_VERSIONS ? all & ~((1U << i) - 1) : 0;
	}
	if (str_starts(word, STR("<="))) {
		i = find_version(str_trim_left(str_skip(word, 2)));
		return i < N_VERSIONS ? (2U << i) - 1 : 0;
	}
	i = find_version(word);
	return i < N_VERSIONS ? 1U << i : 0;
}

static void set_versions(struct tls_versions *v, unsigned on)
{
	size_t i, low = N_VERSIONS, high = 0;

	for (i = 0; i < N_VERSIONS; i++) {
		if (!(on & 1U << i))
			continue;
		low = i < low ? i : low;
		high = i;
	}
	v->min = versions[low].version;
	v->max = high == N_VERSIONS - 1 ? 0 : versions[high].version;
	for (i = low; i < high; i++)
		if (!(on & 1U << i))
			v->off |= versions[i].off;
}

enum st tls_versions(struct tls_versions *v, struct str list, struct err *e)
{
	unsigned all = (1U << N_VERSIONS) - 1, on = all, named = 0, bits;
	struct str rest = list, word;
	bool negative;

	*v = (struct tls_versions){ 0 };
	while (str_word(&rest, ", \t\r\n:", &word)) {
		negative = str_starts(word, STR("!"));
		bits = word_bits(str_skip(word, negative));
		if (bits == 0)
			return err_temp(e, "4.7.0",
			    "\"%.*s\" is no TLS protocol; known are SSLv3 and "
			    "TLSv1 to TLSv1.3, with >=, <= or !",
			    STR_ARG(word));
		if (negative)
			on &= ~bits;
		else if (find_version(word) < N_VERSIONS)
			named |= bits;
		else
			on &= bits;
	}
	if (named != 0)
		on &= named;
	if ((on & ~1U) == 0)
		return err_temp(e, "4.7.0",
		    "no TLS protocol is left by \"%.*s\"", STR_ARG(list));
	set_versions(v, on & ~1U);
	return ST_OK;
}

/* --- keys and certificates ----------------------------------------------- */

/* One key and the certificates behind it, as they come in chain files. */
struct chain {
	EVP_PKEY *key;
	X509 *leaf;
	STACK_OF(X509) * rest;
};

static void chain_clear(struct chain *c)
{
	EVP_PKEY_free(c->key);
	X509_free(c->leaf);
	sk_X509_pop_free(c->rest, X509_free);
	*c = (struct chain){ NULL, NULL, NULL };
}

static enum st use_chain(SSL_CTX *ctx, struct chain *c, const char *path,
    struct err *e)
{
	if (c->key == NULL)
		return ST_OK;
	if (c->leaf == NULL)
		return err_temp(e, "4.7.0",
		    "no certificate behind the key in %s", path);
	if (SSL_CTX_use_cert_and_key(ctx, c->leaf, c->key, c->rest, 1) != 1)
		return ssl_error(e, "cannot use key and certificate in", path);
	chain_clear(c);
	return ST_OK;
}

static enum st take_cert(struct chain *c, const unsigned char *der, long n,
    const char *path, struct err *e)
{
	X509 *cert;

	if (c->key == NULL)
		return err_temp(e, "4.7.0",
		    "%s: the key must come before its certificates", path);
	cert = d2i_X509(NULL, &der, n);
	if (cert == NULL)
		return ssl_error(e, "bad certificate in", path);
	if (c->leaf == NULL) {
		c->leaf = cert;
		return ST_OK;
	}
	if (c->rest == NULL)
		c->rest = sk_X509_new_null();
	if (c->rest == NULL || sk_X509_push(c->rest, cert) == 0) {
		X509_free(cert);
		return ssl_error(e, "cannot keep a certificate of", path);
	}
	return ST_OK;
}

static enum st take_key(SSL_CTX *ctx, struct chain *c, const unsigned char *der,
    long n, const char *path, struct err *e)
{
	if (use_chain(ctx, c, path, e) != ST_OK)
		return ST_TEMP;
	c->key = d2i_AutoPrivateKey(NULL, &der, n);
	if (c->key == NULL)
		return ssl_error(e, "bad private key in", path);
	return ST_OK;
}

static enum st take_block(SSL_CTX *ctx, struct chain *c, const char *name,
    struct str der, const char *path, struct err *e)
{
	const unsigned char *p = (const unsigned char *)der.p;

	if (str_ends(str_c(name), STR("PRIVATE KEY")) &&
	    !str_starts(str_c(name), STR("ENCRYPTED")))
		return take_key(ctx, c, p, (long)der.n, path, e);
	if (str_ends(str_c(name), STR("CERTIFICATE")))
		return take_cert(c, p, (long)der.n, path, e);
	if (str_eqc(str_c(name), "EC PARAMETERS"))
		return ST_OK;
	return err_temp(e, "4.7.0", "%s: \"%s\" is of no use here", path, name);
}

static enum st load_chain_file(SSL_CTX *ctx, struct chain *c, const char *path,
    struct err *e)
{
	BIO *in = BIO_new_file(path, "r");
	char *name, *header;
	unsigned char *der;
	enum st st = ST_OK;
	long n;

	if (in == NULL)
		return ssl_error(e, "cannot open", path);
	while (st == ST_OK && PEM_read_bio(in, &name, &header, &der, &n) == 1) {
		st = take_block(ctx, c, name,
		    (struct str){ (const char *)der, (size_t)n }, path, e);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_clear_free(der, (size_t)n);
	}
	BIO_free(in);
	if (st == ST_OK &&
	    ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return ssl_error(e, "cannot read", path);
	ERR_clear_error();
	return st;
}

static enum st load_chain_files(SSL_CTX *ctx, const char *list, struct err *e)
{
	struct str rest = str_c(list), word;
	struct chain c = { NULL, NULL, NULL };
	char path[FILE_NAME_MAX] = "";
	enum st st = ST_OK;

	while (st == ST_OK && str_word(&rest, ", \t\r\n", &word)) {
		if (word.n >= sizeof(path)) {
			st = err_temp(e, "4.7.0", "file name too long: %.*s",
			    STR_ARG(str_head(word, 100)));
			break;
		}
		memcpy(path, word.p, word.n);
		path[word.n] = '\0';
		st = load_chain_file(ctx, &c, path, e);
	}
	if (st == ST_OK)
		st = use_chain(ctx, &c, path, e);
	chain_clear(&c);
	return st;
}

/* Keys with a passphrase have nobody who could type it. */
static int no_passphrase(char *to, int size, int rw, void *arg)
{
	(void)to;
	(void)size;
	(void)rw;
	(void)arg;
	return -1;
}

static enum st load_pair(SSL_CTX *ctx, const struct tls_pair *p, struct err *e)
{
	const char *key = p->key[0] != '\0' ? p->key : p->cert;

	if (p->cert[0] == '\0')
		return ST_OK;
	if (SSL_CTX_use_certificate_chain_file(ctx, p->cert) != 1)
		return ssl_error(e, "cannot get a certificate from", p->cert);
	if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
		return ssl_error(e, "cannot get the private key from", key);
	if (SSL_CTX_check_private_key(ctx) != 1)
		return ssl_error(e, "the key does not belong to", p->cert);
	return ST_OK;
}

bool tls_server_has_cert(const struct tls_server_rules *r)
{
	size_t i;

	for (i = 0; i < TLS_PAIRS_MAX; i++)
		if (r->pairs[i].cert[0] != '\0')
			return true;
	return r->chain_files[0] != '\0';
}

static enum st load_keys(SSL_CTX *ctx, const struct tls_server_rules *r,
    struct err *e)
{
	size_t i;

	SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
	if (!tls_server_has_cert(r))
		return err_temp(e, "4.7.0", "no certificate is configured");
	if (r->chain_files[0] != '\0')
		return load_chain_files(ctx, r->chain_files, e);
	for (i = 0; i < TLS_PAIRS_MAX; i++)
		if (load_pair(ctx, &r->pairs[i], e) != ST_OK)
			return ST_TEMP;
	return ST_OK;
}

static enum st load_ca(SSL_CTX *ctx, const struct tls_server_rules *r,
    struct err *e)
{
	const char *file = r->ca_file[0] != '\0' ? r->ca_file : NULL;
	const char *path = r->ca_path[0] != '\0' ? r->ca_path : NULL;

	if (file == NULL && path == NULL)
		return ST_OK;
	if (SSL_CTX_load_verify_locations(ctx, file, path) != 1)
		return ssl_error(e, "cannot load CA certificates from",
		    file != NULL ? file : path);
	return ST_OK;
}

/* --- the context --------------------------------------------------------- */

static void add_excluded(struct buf *b, const char *list)
{
	struct str rest = str_c(list), word;

	while (str_word(&rest, ", \t\r\n:", &word))
		buf_addf(b, ":!%.*s", STR_ARG(word));
}

static enum st set_ciphers(SSL_CTX *ctx, const struct tls_server_rules *r,
    struct err *e)
{
	AUTO_BUF list = BUF_MAX(CIPHER_LIST_MAX);

	buf_addc(&list, r->ciphers);
	add_excluded(&list, r->exclude);
	add_excluded(&list, r->exclude_too);
	if (list.full)
		return err_temp(e, "4.7.0", "list of ciphers too long");
	if (SSL_CTX_set_cipher_list(ctx, buf_c(&list)) != 1)
		return ssl_error(e, "cannot set the ciphers", buf_c(&list));
	return ST_OK;
}

static void set_manners(SSL_CTX *ctx, const struct tls_server_rules *r,
    const struct tls_versions *v)
{
	SSL_CTX_set_min_proto_version(ctx, v->min);
	SSL_CTX_set_max_proto_version(ctx, v->max);
	SSL_CTX_set_options(ctx,
	    v->off | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
		SSL_OP_NO_TICKET |
		(r->own_order ? SSL_OP_CIPHER_SERVER_PREFERENCE : 0));
	/* No session outlives its connection: nothing to keep, or to steal. */
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(ctx, 0);
	SSL_CTX_set_mode(ctx,
	    SSL_MODE_ENABLE_PARTIAL_WRITE |
		SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
}

enum st tls_server(SSL_CTX **out, const struct tls_server_rules *r,
    struct err *e)
{
	struct tls_versions v;
	SSL_CTX *ctx;

	if (tls_versions(&v, str_c(r->protocols), e) != ST_OK)
		return ST_TEMP;
	ERR_clear_error();
	ctx = SSL_CTX_new(TLS_server_method());
	if (ctx == NULL)
		return ssl_error(e, "cannot make", "a TLS context");
	set_manners(ctx, r, &v);
	if (load_ca(ctx, r, e) != ST_OK || load_keys(ctx, r, e) != ST_OK ||
	    set_ciphers(ctx, r, e) != ST_OK) {
		SSL_CTX_free(ctx);
		return ST_TEMP;
	}
	*out = ctx;
	return ST_OK;
}
