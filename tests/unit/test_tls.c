/* test_tls - a TLS server in a child: what is checked of its certificate. */

#include "tests/unit/unit.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/macros.h"
#include "net/conn.h"
#include "net/tls.h"

static char ca_file[] = "/tmp/test_tls.XXXXXX";
static EVP_PKEY *key;
static X509 *certs[2]; /* good, expired */
static char sha256[2 * 32 + 1], md5[3 * 16 + 1];

enum {
	GOOD,
	EXPIRED
};

/* --- certificates -------------------------------------------------------- */

static void add_names(X509 *x)
{
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL,
	    NID_subject_alt_name, "DNS:mail.test,IP:192.0.2.1");

	assert_non_null(ext);
	assert_int_equal(X509_add_ext(x, ext, -1), 1);
	X509_EXTENSION_free(ext);
}

/* Self-signed, for mail.test and 192.0.2.1, valid until then. */
static X509 *make_cert(const char *cn, long until)
{
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1 + until);
	X509_gmtime_adj(X509_getm_notBefore(x), -7200);
	X509_gmtime_adj(X509_getm_notAfter(x), until);
	X509_set_pubkey(x, key);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	    (const unsigned char *)cn, -1, -1, 0);
	X509_set_issuer_name(x, name);
	add_names(x);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	return x;
}

static void fingerprint(const EVP_MD *md, const char *colon, char *out,
    size_t size)
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned n = 0, i;
	size_t at = 0;

	assert_int_equal(X509_digest(certs[GOOD], md, sum, &n), 1);
	for (i = 0; i < n; i++)
		at += (size_t)snprintf(out + at, size - at, "%s%02X",
		    i != 0 ? colon : "", sum[i]);
}

static int setup(void **state)
{
	int fd = mkstemp(ca_file);
	FILE *f = fdopen(fd, "w");

	(void)state;
	key = EVP_EC_gen("P-256");
	certs[GOOD] = make_cert("other.test", 7200);
	certs[EXPIRED] = make_cert("old.test", -3600);
	PEM_write_X509(f, certs[GOOD]);
	PEM_write_X509(f, certs[EXPIRED]);
	fclose(f);
	fingerprint(EVP_sha256(), "", sha256, sizeof(sha256));
	fingerprint(EVP_md5(), ":", md5, sizeof(md5));
	return key != NULL ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	X509_free(certs[GOOD]);
	X509_free(certs[EXPIRED]);
	EVP_PKEY_free(key);
	return unlink(ca_file);
}

/* --- the server ---------------------------------------------------------- */

/* Some words in clear text, then TLS, and a line over it. */
static void NORETURN serve(int fd, int cert, int max_version,
    const char *before)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	SSL *ssl;

	signal(SIGPIPE, SIG_IGN);
	SSL_CTX_set_security_level(ctx, 0);
	SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
	if (max_version != 0)
		SSL_CTX_set_max_proto_version(ctx, max_version);
	SSL_CTX_use_certificate(ctx, certs[cert]);
	SSL_CTX_use_PrivateKey(ctx, key);
	ssl = SSL_new(ctx);
	SSL_set_fd(ssl, fd);
	if (write(fd, before, strlen(before)) >= 0 && SSL_accept(ssl) == 1)
		SSL_write(ssl, "secret\r\n", 8);
	SSL_shutdown(ssl);
	_exit(0);
}

struct server {
	pid_t pid;
	struct conn *conn;
};

static void begin(struct server *s, int cert, int max_version,
    const char *before)
{
	int fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	s->pid = fork();
	assert_true(s->pid >= 0);
	if (s->pid == 0) {
		close(fd[0]);
		serve(fd[1], cert, max_version, before);
	}
	close(fd[1]);
	s->conn = conn_new(fd[0], "peer.test", 10000);
}

static void end(struct server *s)
{
	conn_close(s->conn);
	assert_int_equal(waitpid(s->pid, NULL, 0), s->pid);
}

/* --- cases --------------------------------------------------------------- */

static char wrong_print[] = "sha256:0000";
static char print_256[8 + sizeof(sha256)];

static const struct {
	struct tls_rules rules;
	int cert, max;
	const char *want; /* a part of the error; NULL: fine */
} cases[] = {
	{ { .name = "mail.test", .verify = true, .ca_file = ca_file }, GOOD, 0,
	    NULL },
	{ { .name = "192.0.2.1", .verify = true, .ca_file = ca_file }, GOOD, 0,
	    NULL },
	/* With alternative names, the common name does not count. */
	{ { .name = "other.test", .verify = true, .ca_file = ca_file }, GOOD, 0,
	    "mismatch: mail.test != other.test" },
	{ { .name = "192.0.2.2", .verify = true, .ca_file = ca_file }, GOOD, 0,
	    "mismatch" },
	{ { .name = "mail.test", .verify = true }, GOOD, 0, "self" },
	{ { .name = "mail.test", .verify = true, .ca_file = ca_file }, EXPIRED,
	    0, "expired" },
	{ { .name = "other.test" }, EXPIRED, 0, NULL },
	/* The floor, and a ceiling. */
	{ { .name = "mail.test" }, GOOD, TLS1_1_VERSION, "version" },
	{ { .name = "mail.test" }, GOOD, TLS1_2_VERSION, NULL },
	{ { .name = "mail.test", .min_version = TLS1_3_VERSION }, GOOD,
	    TLS1_2_VERSION, "TLS" },
	{ { .name = "mail.test", .max_version = TLS1_2_VERSION }, GOOD, 0,
	    NULL },
	/* Fingerprints count with and without verification. */
	{ { .name = "x", .fingerprint = md5 }, GOOD, 0, NULL },
	{ { .name = "x", .fingerprint = print_256 }, GOOD, 0, NULL },
	{ { .name = "x", .fingerprint = wrong_print }, GOOD, 0, "match" },
	{ { .name = "x", .fingerprint = md5 }, EXPIRED, 0, "match" },
	{ { .name = "mail.test",
	      .verify = true,
	      .ca_file = ca_file,
	      .fingerprint = wrong_print },
	    GOOD, 0, "match" },
	{ { .name = "x", .fingerprint = "rot13:00" }, GOOD, 0, "digest" },
	/* Files that are not there. */
	{ { .name = "x", .verify = true, .ca_file = "/no/such/ca" }, GOOD, 0,
	    "/no/such/ca" },
	{ { .name = "x", .cert = "/no/such/cert" }, GOOD, 0, "/no/such/cert" },
};

static void test_rules(void **state)
{
	struct server s;
	struct str line;
	struct err e;
	enum st st;
	size_t i;

	(void)state;
	snprintf(print_256, sizeof(print_256), "sha256:%s", sha256);
	for (i = 0; i < NELEM(cases); i++) {
		begin(&s, cases[i].cert, cases[i].max, "");
		st = conn_starttls(s.conn, &cases[i].rules, &e);
		if (cases[i].want == NULL) {
			if (st != ST_OK)
				fail_msg("case %zu: %s", i, e.text);
			assert_true(conn_is_tls(s.conn));
			assert_int_equal(conn_line(s.conn, &line, &e), ST_OK);
			assert_str(line, "secret\r\n");
			assert_int_equal(conn_line(s.conn, &line, &e), ST_NONE);
		} else if (st != ST_TEMP ||
		    strstr(e.text, cases[i].want) == NULL) {
			fail_msg("case %zu: %s", i,
			    st == ST_OK ? "fine" : e.text);
		}
		end(&s);
	}
}

/* RFC 2595 2.2: what an attacker slips in before the handshake is gone. */
static void test_injected(void **state)
{
	struct tls_rules rules = { .name = "mail.test",
		.verify = true,
		.ca_file = ca_file };
	struct server s;
	struct str line;
	struct err e;

	(void)state;
	begin(&s, GOOD, 0, "+OK go ahead\r\n+OK injected\r\n");
	assert_int_equal(conn_line(s.conn, &line, &e), ST_OK);
	assert_true(conn_has_input(s.conn));
	if (conn_starttls(s.conn, &rules, &e) != ST_OK)
		fail_msg("%s", e.text);
	assert_int_equal(conn_line(s.conn, &line, &e), ST_OK);
	assert_str(line, "secret\r\n");
	end(&s);
}

/* A server that says nothing in the handshake does not hold us up. */
static void test_deadline(void **state)
{
	struct tls_rules rules = { .name = "mail.test" };
	struct conn *c;
	struct err e;
	int fd[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	c = conn_new(fd[0], "peer.test", 50);
	assert_int_equal(conn_starttls(c, &rules, &e), ST_TEMP);
	assert_true(conn_timed_out(c));
	conn_close(c);
	close(fd[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_injected),
		cmocka_unit_test(test_deadline),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
