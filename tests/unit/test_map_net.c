/*
 * Tests of tables behind a server (tcp:, socketmap:), and of unix: and debug:.
 * The server is a child that reads questions and writes what its script says.
 */

#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/macros.h"
#include "map/map.h"
#include "map/peer.h"
#include "tests/unit/capture.h"

static const struct peer_limits quick = { 300, CLOCK_NEVER, CLOCK_NEVER, 1, 3 };

/* What the server writes; "" is nothing, and then it closes. */
struct line {
	const char *question, *answer;
};
#define CLOSES ""
#define SILENT "silent"

struct server {
	pid_t pid;
	unsigned port;
	int told; /* a byte for each connection, and each question */
};

static const char *find(const struct line *lines, const char *question)
{
	for (; lines->question != NULL; lines++)
		if (strcmp(lines->question, question) == 0)
			return lines->answer;
	return CLOSES;
}

/* A question ends at a newline or, in a netstring, at a comma. */
static void serve_one(int fd, const struct line *lines, int told)
{
	char q[1000];
	size_t n = 0;

	while (n + 1 < sizeof(q) && read(fd, q + n, 1) == 1) {
		const char *a;

		if (q[n] != '\n' && q[n] != ',') {
			n++;
			continue;
		}
		q[n] = '\0';
		n = 0;
		assert_int_equal(write(told, "q", 1), 1);
		a = find(lines, q);
		if (*a == '\0')
			return;
		if (strcmp(a, SILENT) == 0)
			continue;
		assert_true(io_write_full(fd, a, strlen(a)));
	}
}

static void NORETURN serve(int listener, const struct line *lines, int told)
{
	int fd;

	signal(SIGPIPE, SIG_IGN);
	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		if (write(told, "c", 1) != 1)
			break;
		serve_one(fd, lines, told);
		close(fd);
	}
	_exit(0);
}

static int listen_on(unsigned *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)*port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_int_equal(bind(fd, (struct sockaddr *)&at, n), 0);
	assert_int_equal(listen(fd, 5), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	*port = ntohs(at.sin_port);
	return fd;
}

/* port 0: any. */
static struct server start(const struct line *lines, unsigned port)
{
	struct server s = { .port = port };
	int listener = listen_on(&s.port), ends[2];

	assert_int_equal(pipe(ends), 0);
	s.pid = fork();
	if (s.pid == 0) {
		close(ends[0]);
		serve(listener, lines, ends[1]);
	}
	close(listener);
	close(ends[1]);
	s.told = ends[0];
	return s;
}

/* "cqq": one connection and two questions. */
static void stop(struct server *s, const char *want)
{
	char told[100];
	ssize_t n;

	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
	n = io_read_full(s->told, told, sizeof(told) - 1);
	assert_true(n >= 0);
	told[n] = '\0';
	if (want != NULL)
		assert_string_equal(told, want);
	fd_clear(&s->told);
}

static struct map *open_it(const char *fmt, unsigned port)
{
	char spec[200];
	struct map *m;
	struct err e;
	char *at = strstr(fmt, "PORT");

	snprintf(spec, sizeof(spec), "%.*s%u%s", (int)(at - fmt), fmt, port,
	    at + 4);
	if (map_open(&m, str_c(spec), "hash", MAP_FOLD, &e) != ST_OK)
		fail_msg("%s: %s", spec, e.text);
	return m;
}

static enum st ask(struct map *m, const char *key, const char *want)
{
	AUTO_BUF val = BUF_MAX(200000);
	struct err e = { "", "" };
	enum st st = map_get(m, str_c(key), &val, &e);

	if (st == ST_OK && want != NULL)
		assert_string_equal(buf_c(&val), want);
	return st;
}

/* --- answers ------------------------------------------------------------- */

static const struct line tcp_lines[] = {
	{ "get a", "200 value%20one\n" },
	{ "get A", "200 upper\n" },
	{ "get b%20%25%C3%A9%01", "200 quoted\n" },
	{ "get none", "500 no\n" },
	{ "get soft", "400 later\n" },
	{ "get code", "300 x\n" },
	{ "get hex", "200 a%zz\n" },
	{ "get short", "200\n" },
	{ "get nothing", "hello\n" },
	{ "get two", "200 first\n200 second\n" },
	{ "get part", SILENT },
	{ NULL, NULL },
};

static const struct line sm_lines[] = {
	{ "3:m a", "12:OK value one," },
	{ "3:m A", "8:OK upper," },
	{ "6:m none", "9:NOTFOUND ," },
	{ "6:m bare", "2:OK," },
	{ "6:m soft", "9:TEMP busy," },
	{ "6:m time", "9:TIMEOUT x," },
	{ "6:m perm", "7:PERM no," },
	{ "6:m what", "4:what," },
	{ "7:m comma", "4:OK a;" },
	{ "8:m digits", "x:OK a," },
	{ "5:m big", "100001:x" },
	{ "5:m two", "8:OK first,9:OK second," },
	{ "6:m part", "9:OK a" },
	{ NULL, NULL },
};

static const struct {
	const char *spec;
	const struct line *lines;
	const char *key;
	enum st st;
	const char *want; /* value, or what the log has */
} answers[] = {
	{ "tcp:127.0.0.1:PORT", tcp_lines, "a", ST_OK, "value one" },
	{ "tcp:localhost:PORT", tcp_lines, "a", ST_OK, "value one" },
	{ "tcp::PORT", tcp_lines, "a", ST_OK, "value one" },
	{ "tcp:127.0.0.1:PORT", tcp_lines, "A", ST_OK, "upper" },
	{ "tcp:127.0.0.1:PORT", tcp_lines, "b %\xc3\xa9\x01", ST_OK, "quoted" },
	{ "tcp:127.0.0.1:PORT", tcp_lines, "none", ST_NONE, "" },
	{ "tcp:127.0.0.1:PORT", tcp_lines, "soft", ST_TEMP, "" },
	{ "tcp:127.0.0.1:PORT", tcp_lines, "code", ST_TEMP,
	    "bad status code: 300 x" },
	{ "tcp:127.0.0.1:PORT", tcp_lines, "hex", ST_TEMP,
	    "malformed reply: 200 a%zz" },
	{ "tcp:127.0.0.1:PORT", tcp_lines, "short", ST_TEMP,
	    "malformed reply: 200" },
	{ "tcp:127.0.0.1:PORT", tcp_lines, "nothing", ST_TEMP,
	    "malformed reply: hello" },
	{ "tcp:127.0.0.1:PORT", tcp_lines, "part", ST_TEMP, "timeout" },
	{ "socketmap:inet:127.0.0.1:PORT:m", sm_lines, "a", ST_OK,
	    "value one" },
	{ "socketmap:inet:127.0.0.1:PORT:m", sm_lines, "A", ST_OK, "upper" },
	{ "socketmap:inet:127.0.0.1:PORT:m", sm_lines, "none", ST_NONE, "" },
	{ "socketmap:inet:127.0.0.1:PORT:m", sm_lines, "bare", ST_NONE, "" },
	{ "socketmap:inet:127.0.0.1:PORT:m", sm_lines, "soft", ST_TEMP,
	    "socketmap server temporary error: busy" },
	{ "socketmap:inet:127.0.0.1:PORT:m", sm_lines, "time", ST_TEMP,
	    "socketmap server timeout error: x" },
	{ "socketmap:inet:127.0.0.1:PORT:m", sm_lines, "perm", ST_TEMP,
	    "socketmap server permanent error: no" },
	{ "socketmap:inet:127.0.0.1:PORT:m", sm_lines, "what", ST_TEMP,
	    "socketmap server unknown error" },
	{ "socketmap:inet:127.0.0.1:PORT:m", sm_lines, "comma", ST_TEMP,
	    "input format error" },
	{ "socketmap:inet:127.0.0.1:PORT:m", sm_lines, "digits", ST_TEMP,
	    "input format error" },
	{ "socketmap:inet:127.0.0.1:PORT:m", sm_lines, "big", ST_TEMP,
	    "input exceeds size limit" },
	{ "socketmap:inet:127.0.0.1:PORT:m", sm_lines, "part", ST_TEMP,
	    "timeout" },
};

static void test_answers(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(answers); i++) {
		struct server s = start(answers[i].lines, 0);
		struct map *m = open_it(answers[i].spec, s.port);
		enum st st;

		capture_start();
		st = ask(m, answers[i].key, answers[i].want);
		capture_stop();
		if (st != answers[i].st ||
		    (st != ST_OK && *answers[i].want != '\0' &&
			strstr(captured, answers[i].want) == NULL))
			fail_msg("%s %s: %s, log: %s", answers[i].spec,
			    answers[i].key, st_name(st), captured);
		/* Whatever it said, the next question is answered. */
		capture_start();
		assert_int_equal(ask(m, "a", "value one"), ST_OK);
		capture_stop();
		map_close(m);
		stop(&s, NULL);
	}
}

/* A line of the server's without end, and one that is too long by one. */
static void test_long_lines(void **state)
{
	static char fits[4097], over[4098], endless[70000];
	const struct line lines[] = { { "get fits", fits },
		{ "get over", over }, { "get endless", endless },
		{ NULL, NULL } };
	struct server s;
	struct map *m;

	(void)state;
	snprintf(fits, sizeof(fits), "200 %04091d\n", 1);
	snprintf(over, sizeof(over), "200 %04092d\n", 1);
	memset(endless, 'x', sizeof(endless) - 1);
	s = start(lines, 0);
	m = open_it("tcp:127.0.0.1:PORT", s.port);
	assert_int_equal(ask(m, "fits", NULL), ST_OK);
	capture_start();
	assert_int_equal(ask(m, "over", NULL), ST_TEMP);
	assert_non_null(strstr(captured, "text longer than 4096"));
	assert_int_equal(ask(m, "endless", NULL), ST_TEMP);
	capture_stop();
	assert_int_equal(ask(m, "fits", NULL), ST_OK);
	map_close(m);
	stop(&s, NULL);
}

/* --- connections --------------------------------------------------------- */

static const char *const specs[] = { "tcp:127.0.0.1:PORT",
	"socketmap:inet:127.0.0.1:PORT:m" };
static const struct line *const scripts[] = { tcp_lines, sm_lines };

static void test_one_connection(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(specs); i++) {
		struct server s = start(scripts[i], 0);
		struct map *m = open_it(specs[i], s.port);

		assert_int_equal(ask(m, "a", "value one"), ST_OK);
		assert_int_equal(ask(m, "none", NULL), ST_NONE);
		assert_int_equal(ask(m, "A", "upper"), ST_OK);
		map_close(m);
		stop(&s, "cqqq");
	}
}

/* What nobody asked for is no answer to the next question. */
static void test_unasked(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(specs); i++) {
		struct server s = start(scripts[i], 0);
		struct map *m = open_it(specs[i], s.port);

		assert_int_equal(ask(m, "two", "first"), ST_OK);
		assert_int_equal(ask(m, "a", "value one"), ST_OK);
		map_close(m);
		stop(&s, "cqcq");
	}
}

/* Dead in the middle of a question: an error, and well again afterwards. */
static void test_server_dies(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(specs); i++) {
		struct server s = start(scripts[i], 0);
		struct map *m = open_it(specs[i], s.port);
		unsigned port = s.port;

		assert_int_equal(ask(m, "a", "value one"), ST_OK);
		capture_start();
		assert_int_equal(ask(m, "unknown", NULL), ST_TEMP);
		capture_stop();
		assert_non_null(strstr(captured,
		    i == 0 ? "unexpected EOF" : "unexpected disconnect"));
		assert_int_equal(ask(m, "a", "value one"), ST_OK);
		stop(&s, "cqqcqcqcq");
		capture_start();
		assert_int_equal(ask(m, "a", NULL), ST_TEMP);
		capture_stop();
		assert_non_null(strstr(captured, "Connection refused"));
		s = start(scripts[i], port);
		assert_int_equal(ask(m, "a", "value one"), ST_OK);
		map_close(m);
		stop(&s, "cq");
	}
}

/* A server that went away while nobody asked costs no try. */
static void test_closed_meanwhile(void **state)
{
	struct server s = start(tcp_lines, 0);
	struct map *m = open_it(specs[0], s.port);
	unsigned port = s.port;

	(void)state;
	assert_int_equal(ask(m, "a", "value one"), ST_OK);
	stop(&s, "cq");
	s = start(tcp_lines, port);
	capture_start();
	assert_int_equal(ask(m, "a", "value one"), ST_OK);
	capture_stop();
	assert_string_equal(captured, "");
	map_close(m);
	stop(&s, "cq");
}

/* Rested or lived too long: a new one. */
static void test_old_connection(void **state)
{
	static const struct peer_limits idle = { 300, 5000, CLOCK_NEVER, 0, 2 };
	static const struct peer_limits old = { 300, CLOCK_NEVER, 5000, 0, 2 };
	const struct peer_limits *limits[] = { &idle, &old };
	const char *seen[] = { "cqqqcq", "cqqcqq" };
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(limits); i++) {
		struct server s = start(sm_lines, 0);
		struct map *m = open_it(specs[1], s.port);
		static const int64_t at[] = { 1000, 5000, 9000, 15000 };
		size_t n;

		peer_limits_for_test(limits[i]);
		for (n = 0; n < NELEM(at); n++) {
			/* old: 1000 and 5000, then 9000 and 10000 */
			clock_set_for_test(i == 1 && n == 3 ? 10000 : at[n], 0);
			assert_int_equal(ask(m, "a", "value one"), ST_OK);
		}
		clock_set_for_test(0, -1);
		map_close(m);
		stop(&s, seen[i]);
	}
	peer_limits_for_test(&quick);
}

/* The server sends a byte now and then: the answer has its time, no more. */
static void test_trickle(void **state)
{
	unsigned port = 0;
	int listener = listen_on(&port);
	struct map *m = open_it("tcp:127.0.0.1:PORT", port);
	int64_t start_ms = clock_ms();
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		int fd = accept(listener, NULL, NULL);

		while (write(fd, "2", 1) == 1)
			usleep(50000);
		_exit(0);
	}
	close(listener);
	capture_start();
	alarm(20);
	assert_int_equal(ask(m, "a", NULL), ST_TEMP);
	alarm(0);
	capture_stop();
	assert_in_range(clock_ms() - start_ms, 250, 3000);
	map_close(m);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* --- opening ------------------------------------------------------------- */

static const struct {
	const char *spec;
	unsigned flags;
	const char *error;
} bad[] = {
	{ "tcp:h:1", MAP_DELIVERY,
	    "tcp:h:1 map is not allowed for security sensitive data" },
	{ "socketmap:inet:h:1:n", MAP_NO_UNAUTH,
	    "socketmap:inet:h:1:n map is not allowed for security sensitive "
	    "data" },
	{ "unionmap:{static:a,tcp:h:1}", MAP_DELIVERY,
	    "tcp:h:1 map is not allowed for security sensitive data" },
	{ "debug:tcp:h:1", MAP_DELIVERY,
	    "tcp:h:1 map is not allowed for security sensitive data" },
	{ "proxy:tcp:h:1", MAP_DELIVERY,
	    "tcp:h:1 map is not allowed for security sensitive data" },
	{ "socketmap:x", 0, "socketmap requires server:socketmap argument" },
	{ "socketmap:inet:h", 0,
	    "need service transport:endpoint instead of \"inet\"" },
	{ "socketmap:foo:h:1:x", 0,
	    "invalid transport name: foo in service: foo:h:1" },
	{ "socketmap:unix:rel:n", 0,
	    "unix:rel: need a path that starts with \"/\"" },
	{ "tcp:h:1", MAP_WRITE, "tcp:h:1 map requires O_RDONLY access mode" },
	{ "unix:foo", 0, "unknown table: unix:foo" },
	{ "unix:passwd.byname", MAP_WRITE,
	    "unix:passwd.byname map requires O_RDONLY access mode" },
	{ "debug:x", 0, "bad syntax: \"debug:x\"; need \"debug:type:name\"" },
	{ "debug:nosuch:x", 0, "unsupported dictionary type: nosuch" },
};

static void test_bad(void **state)
{
	struct map *m;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(bad); i++) {
		assert_int_equal(map_open(&m, str_c(bad[i].spec), "hash",
				     bad[i].flags, &e),
		    ST_TEMP);
		assert_string_equal(e.text, bad[i].error);
	}
}

static void test_unix(void **state)
{
	struct map *m;
	struct err e;
	const struct passwd *root = getpwnam("root");
	AUTO_BUF want = BUF_MAX(1000);

	(void)state;
	assert_non_null(root);
	buf_addf(&want, "root:%s:0:0:%s:%s:%s", root->pw_passwd, root->pw_gecos,
	    root->pw_dir, root->pw_shell);
	assert_int_equal(map_open(&m, STR("unix:passwd.byname"), "hash",
			     MAP_FOLD, &e),
	    ST_OK);
	assert_int_equal(ask(m, "Root", buf_c(&want)), ST_OK);
	assert_int_equal(ask(m, "no-such-user", NULL), ST_NONE);
	assert_int_equal(ask(m, "", NULL), ST_NONE);
	map_close(m);
	assert_int_equal(map_open(&m, STR("unix:group.byname"), "hash",
			     MAP_FOLD, &e),
	    ST_OK);
	assert_int_equal(ask(m, "root", "root:x:0:"), ST_OK);
	assert_int_equal(ask(m, "no-such-group", NULL), ST_NONE);
	map_close(m);
}

static void test_debug(void **state)
{
	struct map *m;
	struct err e;

	(void)state;
	capture_start();
	assert_int_equal(map_open(&m, STR("debug:inline:{a=1}"), "hash",
			     MAP_FOLD, &e),
	    ST_OK);
	assert_false(m->pattern);
	assert_int_equal(ask(m, "A", "1"), ST_OK);
	assert_int_equal(ask(m, "b", NULL), ST_NONE);
	map_close(m);
	assert_int_equal(map_open(&m, STR("debug:regexp:{{/(.)/ $1}}"), "hash",
			     MAP_FOLD, &e),
	    ST_OK);
	assert_true(m->pattern);
	assert_int_equal(ask(m, "A", "A"), ST_OK);
	map_close(m);
	capture_stop();
	assert_string_equal(captured,
	    "debug:inline:{a=1} open\n"
	    "debug:inline:{a=1} lookup: \"A\" = \"1\"\n"
	    "debug:inline:{a=1} lookup: \"b\" = not found\n"
	    "debug:inline:{a=1} close\n"
	    "debug:regexp:{{/(.)/ $1}} open\n"
	    "debug:regexp:{{/(.)/ $1}} lookup: \"A\" = \"A\"\n"
	    "debug:regexp:{{/(.)/ $1}} close\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_one_connection),
		cmocka_unit_test(test_unasked),
		cmocka_unit_test(test_server_dies),
		cmocka_unit_test(test_closed_meanwhile),
		cmocka_unit_test(test_old_connection),
		cmocka_unit_test(test_trickle),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_unix),
		cmocka_unit_test(test_debug),
	};

	peer_limits_for_test(&quick);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
