/* test_conn - lines, limits and deadlines; addresses of every family. */

#include "tests/unit/script.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/un.h>

#include "base/io.h"
#include "base/macros.h"

static const struct {
	const char *says, *want; /* lines, each in brackets */
} cases[] = {
	{ "", "" },
	{ "a\n", "[a\n]" },
	{ "a\r\nb\n\nc", "[a\r\n][b\n][\n][c]" },
	{ "a\rb", "[a\rb]" },
};

static void test_lines(void **state)
{
	struct str line;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		AUTO_BUF got = BUF_MAX(1000);
		struct script s;
		enum st st;

		script_begin(&s, str_c(cases[i].says), SCRIPT_CLOSES);
		while ((st = conn_line(s.conn, &line, &e)) == ST_OK)
			buf_addf(&got, "[%.*s]", STR_ARG(line));
		assert_int_equal(st, ST_NONE);
		assert_string_equal(buf_c(&got), cases[i].want);
		/* It stays closed. */
		assert_int_equal(conn_line(s.conn, &line, &e), ST_NONE);
		script_end(&s);
	}
}

/* A line without end comes in pieces: nothing grows. */
static void test_long_line(void **state)
{
	static char text[CONN_LINE_MAX + 100];
	struct script s;
	struct str line;
	struct err e;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\n';
	script_begin(&s, (struct str){ text, sizeof(text) }, SCRIPT_CLOSES);
	assert_int_equal(conn_line(s.conn, &line, &e), ST_OK);
	assert_int_equal(line.n, CONN_LINE_MAX);
	assert_int_equal(conn_line(s.conn, &line, &e), ST_OK);
	assert_int_equal(line.n, 100);
	assert_int_equal(line.p[99], '\n');
	script_end(&s);
}

static void test_read_deadline(void **state)
{
	struct script s;
	struct str line;
	struct err e;

	(void)state;
	script_begin(&s, STR("no end"), SCRIPT_WAITS);
	assert_false(conn_timed_out(s.conn));
	assert_int_equal(conn_line(s.conn, &line, &e), ST_TEMP);
	assert_true(conn_timed_out(s.conn));
	assert_string_equal(e.text,
	    "timeout after 0 seconds waiting for server peer.test.");
	script_end(&s);
}

static enum st put_much(struct conn *c, struct err *e)
{
	static char text[1 << 16];
	enum st st = ST_OK;
	int i;

	memset(text, 'x', sizeof(text));
	for (i = 0; i < 64 && st == ST_OK; i++)
		st = conn_put(c, (struct str){ text, sizeof(text) }, e);
	return st;
}

/* A peer that does not read, and one that is gone. */
static void test_write(void **state)
{
	struct script s;
	struct err e;

	(void)state;
	script_begin(&s, STR(""), SCRIPT_WAITS);
	assert_int_equal(put_much(s.conn, &e), ST_TEMP);
	assert_true(conn_timed_out(s.conn));
	script_end(&s);

	script_begin(&s, STR(""), SCRIPT_WAITS);
	shutdown(s.peer, SHUT_RDWR);
	assert_int_equal(put_much(s.conn, &e), ST_TEMP);
	assert_false(conn_timed_out(s.conn));
	script_end(&s);
}

/* --- opening ------------------------------------------------------------- */

static int listen_at(const struct sockaddr *sa, socklen_t n)
{
	int fd = socket(sa->sa_family, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, sa, n), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static unsigned port_of(int fd)
{
	struct sockaddr_storage sa;
	socklen_t n = sizeof(sa);

	/* The port is at the same place in both families. */
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &n), 0);
	return ntohs(((struct sockaddr_in *)&sa)->sin_port);
}

static void try_inet(const struct sockaddr *sa, socklen_t n, const char *host)
{
	AUTO_FD fd = listen_at(sa, n);
	struct conn *c = NULL;
	char port[16];
	struct err e;

	snprintf(port, sizeof(port), "%u", port_of(fd));
	if (conn_open(&c, host, port, 1000, &e) != ST_OK)
		fail_msg("%s", e.text);
	assert_string_equal(conn_peer(c), host);
	assert_int_equal(conn_peer_port(c), port_of(fd));
	assert_true(conn_is_loopback(c));
	assert_false(conn_is_tls(c));
	conn_close(c);
	fd_clear(&fd);
	assert_int_equal(conn_open(&c, host, port, 1000, &e), ST_TEMP);
	assert_string_equal(e.dsn, "4.4.1");
	assert_non_null(strstr(e.text, "Connection refused"));
	assert_non_null(strstr(e.text, host));
}

static void test_inet(void **state)
{
	struct sockaddr_in in4 = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(0x7f000002) };

	(void)state;
	try_inet((struct sockaddr *)&in4, sizeof(in4), "127.0.0.2");
}

static void test_inet6(void **state)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	AUTO_FD fd = socket(AF_INET6, SOCK_STREAM, 0);

	(void)state;
	/* A host without IPv6 has nothing to show here. */
	if (fd < 0 || bind(fd, (struct sockaddr *)&in6, sizeof(in6)) != 0) {
		print_message("no IPv6 here: %s\n", strerror(errno));
		return;
	}
	try_inet((struct sockaddr *)&in6, sizeof(in6), "::1");
}

static void test_unix(void **state)
{
	char dir[] = "/tmp/test_conn.XXXXXX";
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct conn *c = NULL;
	AUTO_FD fd = -1;
	char longer[200];
	struct err e;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(un.sun_path, sizeof(un.sun_path), "%s/s", dir);
	assert_int_equal(conn_open(&c, un.sun_path, "", 1000, &e), ST_TEMP);
	assert_non_null(strstr(e.text, "No such file"));
	fd = listen_at((struct sockaddr *)&un, sizeof(un));
	assert_int_equal(conn_open(&c, un.sun_path, "", 1000, &e), ST_OK);
	assert_string_equal(conn_peer(c), "");
	assert_true(conn_is_loopback(c));
	conn_close(c);
	memset(longer, '/', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(conn_open(&c, longer, "", 1000, &e), ST_TEMP);
	assert_non_null(strstr(e.text, "too long"));
	unlink(un.sun_path);
	rmdir(dir);
}

static void test_unknown_host(void **state)
{
	struct conn *c = NULL;
	struct err e;

	(void)state;
	assert_int_equal(conn_open(&c, "no.such.name.invalid", "25", 1000, &e),
	    ST_TEMP);
	assert_string_equal(e.dsn, "4.4.3");
	assert_non_null(strstr(e.text, "no.such.name.invalid"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_read_deadline),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_inet),
		cmocka_unit_test(test_inet6),
		cmocka_unit_test(test_unix),
		cmocka_unit_test(test_unknown_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
