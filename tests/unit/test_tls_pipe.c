/* test_tls_pipe - a server's TLS against OpenSSL's client, in every split. */

#include "tests/unit/unit.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/macros.h"
#include "net/tls_pipe.h"
#include "net/tls_server.h"

static char file[] = "/tmp/test_tls_pipe.XXXXXX";
static SSL_CTX *ours, *theirs;

static struct tls_server_rules rules(void)
{
	return (struct tls_server_rules){ .chain_files = "",
		.pairs = { { file, file }, { "", "" }, { "", "" } },
		.ca_file = "",
		.ca_path = "",
		.protocols = ">=TLSv1.2",
		.ciphers = "HIGH",
		.exclude = "",
		.exclude_too = "" };
}

/* --- the client ---------------------------------------------------------- */

struct peer {
	SSL *ssl;
	BIO *in, *out;
};

static void peer_open(struct peer *p, int version)
{
	p->ssl = SSL_new(theirs);
	p->in = BIO_new(BIO_s_mem());
	p->out = BIO_new(BIO_s_mem());
	SSL_set_bio(p->ssl, p->in, p->out);
	SSL_set_connect_state(p->ssl);
	SSL_set_max_proto_version(p->ssl, version);
}

/* What the server wants to send goes to the client. */
static void to_peer(struct tls_pipe *t, struct peer *p)
{
	struct str out = tls_pipe_out(t);

	if (out.n == 0)
		return;
	assert_int_equal(BIO_write(p->in, out.p, (int)out.n), (int)out.n);
	tls_pipe_sent(t, out.n);
	assert_int_equal(tls_pipe_out(t).n, 0);
}

/* At most n bytes of what the client wants to send. */
static size_t from_peer(struct peer *p, char *to, size_t n)
{
	int k = BIO_read(p->out, to, (int)n);

	return k > 0 ? (size_t)k : 0;
}

/* Both sides until all is quiet; the client's bytes come in pieces of n. */
static enum st shake(struct tls_pipe *t, struct peer *p, size_t n)
{
	enum st st = ST_NONE;
	char some[4096];
	struct err e;
	size_t k;

	for (;;) {
		SSL_do_handshake(p->ssl);
		k = from_peer(p, some, n);
		if (k == 0)
			return st;
		assert_int_equal(st, ST_NONE);
		tls_pipe_feed(t, (struct str){ some, k });
		st = tls_pipe_handshake(t, &e);
		assert_int_not_equal(st, ST_PERM);
		to_peer(t, p);
	}
}

/* --- tests --------------------------------------------------------------- */

static void exchange(int version, size_t piece)
{
	static const char text[] = "EHLO client.test\r\nQUIT\r\n";
	struct tls_pipe *t = tls_pipe_new(ours);
	AUTO_BUF plain = BUF_MAX(1000);
	char some[4096], got[100];
	struct peer p;
	struct err e;
	size_t k;

	peer_open(&p, version);
	assert_int_equal(shake(t, &p, piece), ST_OK);
	assert_int_equal(SSL_write(p.ssl, text, sizeof(text) - 1),
	    sizeof(text) - 1);
	while ((k = from_peer(&p, some, piece)) != 0) {
		tls_pipe_feed(t, (struct str){ some, k });
		assert_int_equal(tls_pipe_read(t, &plain, &e), ST_OK);
	}
	assert_str(buf_str(&plain), text);
	assert_int_equal(tls_pipe_write(t, STR("221 Bye\r\n"), &e), ST_OK);
	tls_pipe_close(t);
	to_peer(t, &p);
	assert_int_equal(SSL_read(p.ssl, got, sizeof(got)), 9);
	assert_memory_equal(got, "221 Bye\r\n", 9);
	assert_int_equal(SSL_read(p.ssl, got, sizeof(got)), 0);
	assert_int_equal(SSL_get_shutdown(p.ssl), SSL_RECEIVED_SHUTDOWN);
	assert_int_equal(tls_pipe_write(t, STR("x"), &e), ST_PERM);
	SSL_free(p.ssl);
	tls_pipe_free(t);
}

static void test_every_piece(void **state)
{
	size_t n;

	(void)state;
	for (n = 1; n < 700; n += n < 40 ? 1 : 37) {
		exchange(TLS1_3_VERSION, n);
		exchange(TLS1_2_VERSION, n);
	}
}

/* Wherever the first flight is cut, the answer waits for its last byte. */
static void test_every_cut(void **state)
{
	char hello[4096];
	size_t n = 1, cut;

	(void)state;
	for (cut = 1; cut < n || cut == 1; cut++) {
		struct tls_pipe *t = tls_pipe_new(ours);
		struct peer p;
		struct err e;

		peer_open(&p, TLS1_3_VERSION);
		SSL_do_handshake(p.ssl);
		n = from_peer(&p, hello, sizeof(hello));
		assert_in_range(n, 100, sizeof(hello) - 1);
		tls_pipe_feed(t, (struct str){ hello, cut });
		assert_int_equal(tls_pipe_handshake(t, &e), ST_NONE);
		assert_int_equal(tls_pipe_out(t).n, 0);
		tls_pipe_feed(t, (struct str){ hello + cut, n - cut });
		assert_int_equal(tls_pipe_handshake(t, &e), ST_NONE);
		to_peer(t, &p);
		assert_int_equal(shake(t, &p, sizeof(hello)), ST_OK);
		SSL_free(p.ssl);
		tls_pipe_free(t);
	}
}

static void test_garbage(void **state)
{
	static const char *const rows[] = { "EHLO client.test\r\nNOOP\r\n",
		"\x16\x03\x01\xff\xff\xff\xff\xff", "GET / HTTP/1.0\r\n\r\n" };
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		struct tls_pipe *t = tls_pipe_new(ours);
		AUTO_BUF plain = BUF_MAX(100);
		struct err e;

		tls_pipe_feed(t, str_c(rows[i]));
		assert_int_equal(tls_pipe_handshake(t, &e), ST_PERM);
		assert_non_null(strstr(e.text, "error:0A"));
		assert_int_equal(tls_pipe_read(t, &plain, &e), ST_PERM);
		assert_int_equal(plain.n, 0);
		tls_pipe_free(t);
	}
}

/* A record that was changed on the way is the end, and nothing of it shows. */
static void test_tampered(void **state)
{
	struct tls_pipe *t = tls_pipe_new(ours);
	AUTO_BUF plain = BUF_MAX(100);
	char some[4096];
	struct peer p;
	struct err e;
	size_t n;

	(void)state;
	peer_open(&p, TLS1_3_VERSION);
	assert_int_equal(shake(t, &p, sizeof(some)), ST_OK);
	SSL_write(p.ssl, "RSET\r\n", 6);
	n = from_peer(&p, some, sizeof(some));
	some[n - 1] ^= 1;
	tls_pipe_feed(t, (struct str){ some, n });
	assert_int_equal(tls_pipe_read(t, &plain, &e), ST_PERM);
	assert_int_equal(plain.n, 0);
	assert_int_equal(tls_pipe_write(t, STR("x"), &e), ST_PERM);
	SSL_free(p.ssl);
	tls_pipe_free(t);
}

/* What has no room stays, and comes later. */
static void test_room_and_end(void **state)
{
	struct tls_pipe *t = tls_pipe_new(ours);
	AUTO_BUF plain = BUF_MAX(4);
	char some[4096];
	struct peer p;
	struct err e;
	size_t n;

	(void)state;
	peer_open(&p, TLS1_3_VERSION);
	assert_int_equal(shake(t, &p, sizeof(some)), ST_OK);
	SSL_write(p.ssl, "abcdef", 6);
	SSL_shutdown(p.ssl);
	n = from_peer(&p, some, sizeof(some));
	tls_pipe_feed(t, (struct str){ some, n });
	assert_int_equal(tls_pipe_read(t, &plain, &e), ST_OK);
	assert_str(buf_str(&plain), "abcd");
	buf_reset(&plain);
	assert_int_equal(tls_pipe_read(t, &plain, &e), ST_NONE);
	assert_str(buf_str(&plain), "ef");
	SSL_free(p.ssl);
	tls_pipe_free(t);
}

static void test_facts(void **state)
{
	struct tls_pipe *t = tls_pipe_new(ours);
	struct tls_facts f;
	struct peer p;

	(void)state;
	peer_open(&p, TLS1_3_VERSION);
	assert_int_equal(shake(t, &p, 4096), ST_OK);
	tls_pipe_facts(t, &f);
	assert_string_equal(f.protocol, "TLSv1.3");
	assert_string_equal(f.cipher, "TLS_AES_256_GCM_SHA384");
	assert_int_equal(f.bits, 256);
	assert_string_equal(f.key_exchange, "X25519");
	assert_string_equal(f.signature, "ECDSA (prime256v1)");
	assert_string_equal(f.digest, "SHA256");
	SSL_free(p.ssl);
	tls_pipe_free(t);
}

static const struct {
	const char *list;
	int min, max;
	uint64_t off;
	enum st st;
} lists[] = {
	{ "", SSL3_VERSION, 0, 0, ST_OK },
	{ ">=TLSv1", TLS1_VERSION, 0, 0, ST_OK },
	{ ">=TLSv1.2", TLS1_2_VERSION, 0, 0, ST_OK },
	{ ">=TLSv1, <=TLSv1.2", TLS1_VERSION, TLS1_2_VERSION, 0, ST_OK },
	{ "!SSLv2, !SSLv3", TLS1_VERSION, 0, 0, ST_OK },
	{ "!sslv2 !SSLv3 !TLSv1 !TLSv1.1", TLS1_2_VERSION, 0, 0, ST_OK },
	{ "TLSv1.2", TLS1_2_VERSION, TLS1_2_VERSION, 0, ST_OK },
	{ "TLSv1.2, TLSv1.3", TLS1_2_VERSION, 0, 0, ST_OK },
	{ "TLSv1.1 TLSv1.3", TLS1_1_VERSION, 0, SSL_OP_NO_TLSv1_2, ST_OK },
	{ "!TLSv1.3", SSL3_VERSION, TLS1_2_VERSION, 0, ST_OK },
	{ "SSLv2", 0, 0, 0, ST_TEMP },
	{ "TLSv1.2 !TLSv1.2", 0, 0, 0, ST_TEMP },
	{ "TLS", 0, 0, 0, ST_TEMP },
	{ ">=", 0, 0, 0, ST_TEMP },
	{ ">=TLSv2", 0, 0, 0, ST_TEMP },
};

static void test_versions(void **state)
{
	struct tls_versions v;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(lists); i++) {
		assert_int_equal(tls_versions(&v, str_c(lists[i].list), &e),
		    lists[i].st);
		if (lists[i].st != ST_OK)
			continue;
		assert_int_equal(v.min, lists[i].min);
		assert_int_equal(v.max, lists[i].max);
		assert_int_equal(v.off, lists[i].off);
	}
}

static void test_bad_files(void **state)
{
	struct tls_server_rules r = rules();
	SSL_CTX *ctx;
	struct err e;

	(void)state;
	r.pairs[0].key = "/dev/null";
	assert_int_equal(tls_server(&ctx, &r, &e), ST_TEMP);
	assert_non_null(strstr(e.text, "private key from /dev/null"));
	r = rules();
	r.pairs[0].cert = "/nowhere";
	assert_int_equal(tls_server(&ctx, &r, &e), ST_TEMP);
	assert_string_equal(e.text,
	    "cannot get a certificate from /nowhere: No such file or "
	    "directory");
	r = rules();
	r.chain_files = "/dev/null, /nowhere";
	assert_int_equal(tls_server(&ctx, &r, &e), ST_TEMP);
	r = rules();
	r.ciphers = "NONSENSE";
	assert_int_equal(tls_server(&ctx, &r, &e), ST_TEMP);
	r = rules();
	r.chain_files = file; /* its key comes first: as it should be */
	assert_int_equal(tls_server(&ctx, &r, &e), ST_OK);
	SSL_CTX_free(ctx);
}

/* A key, and a certificate that it signed itself, in one file. */
static int make_file(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	FILE *f = fdopen(mkstemp(file), "w");

	if (key == NULL || x == NULL || f == NULL)
		return -1;
	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, key);
	X509_sign(x, key, EVP_sha256());
	PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
	PEM_write_X509(f, x);
	X509_free(x);
	EVP_PKEY_free(key);
	return fclose(f);
}

static int setup(void **state)
{
	struct tls_server_rules r = rules();
	struct err e;

	(void)state;
	theirs = SSL_CTX_new(TLS_client_method());
	return make_file() != 0 || theirs == NULL ||
	    tls_server(&ours, &r, &e) != ST_OK;
}

static int teardown(void **state)
{
	(void)state;
	SSL_CTX_free(ours);
	SSL_CTX_free(theirs);
	return unlink(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_piece),
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_tampered),
		cmocka_unit_test(test_room_and_end),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_bad_files),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
