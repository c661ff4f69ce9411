/*
 * test_ways - the router's processes when they are stuck, talk nonsense or
 * have no room to answer: whoever waits for one has an answer in time, and nothing
 * counts as done that nobody said was done.
 */

#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/macros.h"
#include "priv/ipc.h"
#include "vdeliver/asking.h"
#include "vdeliver/relays.h"
#include "vdeliver/wire.h"
#include "vdeliver/worker.h"
#include "vdeliver/workers.h"

/* Deadlines of a second; nothing here takes that many. */
#define TOO_LONG_MS 8000

static struct settings set = { .vdeliver_lookup_timeout = 1,
	.vdeliver_worker_timeout = 1,
	.vdeliver_relay_timeout = 20,
	.vdeliver_relay_limit = 1,
	.vdeliver_worker_limit = 2 };
static struct ev_loop *loop;
static struct asking *asking;
static struct relays *relays;
static struct workers *workers;
static int peer = -1, table = -1;
static unsigned kills, wants;

static void on_kill(pid_t pid, void *arg)
{
	(void)pid;
	(void)arg;
	kills++;
}

static void on_want(void *arg)
{
	(void)arg;
	wants++;
}

static void on_want_worker(uint32_t uid, uint32_t gid, void *arg)
{
	(void)uid;
	(void)gid;
	on_want(arg);
}

/* Our end of a channel to a process that only this test plays. */
static int pair(int *ours)
{
	int fd[2];

	assert_true(ipc_pair(fd));
	assert_true(fd_nonblock(fd[1], true));
	*ours = fd[1];
	return fd[0];
}

/* They are for the whole life of a router: nothing frees them. */
static int setup(void **state)
{
	(void)state;
	log_to_stderr(false);
	loop = ev_loop_new(EVFLAG_AUTO);
	asking = asking_new(loop, &set, on_kill, NULL);
	relays = relays_new(loop, &set, asking, on_want, on_kill, NULL);
	workers = workers_new(loop, &set, on_want_worker, on_kill, NULL);
	return 0;
}

/* All that were played are gone for the next test. */
static int end(void **state)
{
	(void)state;
	fd_clear(&peer);
	fd_clear(&table);
	ev_run(loop, EVRUN_NOWAIT);
	kills = wants = 0;
	return 0;
}

static void tick(struct ev_loop *l, struct ev_timer *t, int events)
{
	(void)t;
	(void)events;
	ev_break(l, EVBREAK_ONE);
}

/* Run until *what or for so long. */
static bool until(const bool *what, int64_t ms)
{
	int64_t deadline = clock_deadline(ms);
	struct ev_timer t;

	ev_timer_init(&t, tick, 0.05, 0.05);
	ev_timer_start(loop, &t);
	while (!*what && clock_left(deadline) > 0)
		ev_run(loop, EVRUN_ONCE);
	ev_timer_stop(loop, &t);
	return *what;
}

/* Run until so many were counted, or for long. */
static bool reach(const unsigned *count, size_t want)
{
	bool there = false;
	int i;

	for (i = 0; i < TOO_LONG_MS / 50 && *count < want; i++)
		until(&there, 50);
	return *count >= want;
}

static bool next(int fd, struct ipc_in *in, uint32_t type)
{
	int i;

	for (i = 0; i < 10; i++) {
		if (ipc_recv(fd, in) == IPC_OK && in->type == type)
			return true;
		ev_run(loop, EVRUN_NOWAIT);
	}
	return false;
}

/* --- a lookup process that nothing ends ---------------------------------- */

struct asked {
	struct question_wait q;
	bool done;
	enum st st;
};

static void on_answer(struct question_wait *q, const struct answer *a)
{
	struct asked *k = CONTAINER_OF(q, struct asked, q);

	k->st = a->st;
	k->done = true;
}

static void ask(struct asked *k)
{
	*k = (struct asked){ .q = { .question = Q_MAILBOX,
				 .key = STR("a@x.test"),
				 .done = on_answer } };
	asking_put(asking, &k->q);
}

static void answer_table(struct str value)
{
	static struct ipc_in in = { .fd = -1 };
	AUTO_IPC_OUT o = IPC_OUT;

	assert_true(next(table, &in, W_ASK));
	ipc_begin(&o, W_ANSWER);
	ipc_put_u32(&o, ipc_get_u32(&in));
	ipc_put_u32(&o, ST_OK);
	ipc_put_u32(&o, 0); /* it does not last */
	ipc_put_str(&o, STR_NONE);
	ipc_put_str(&o, STR_NONE);
	ipc_put_str(&o, value);
	ipc_put_str(&o, STR_NONE);
	assert_int_equal(ipc_send(table, &o, -1), IPC_OK);
}

static void test_a_stuck_lookup(void **state)
{
	struct asked first, second, third;

	(void)state;
	asking_add(asking, pair(&peer), 1);
	ask(&first);
	ask(&second);
	assert_true(until(&first.done, TOO_LONG_MS));
	assert_int_equal(first.st, ST_TEMP);
	assert_int_equal(kills, 1);
	/* The kernel keeps it: our end of the channel is still open. */
	assert_true(until(&second.done, TOO_LONG_MS));
	assert_int_equal(second.st, ST_TEMP);
	ask(&third);
	asking_add(asking, pair(&table), 2);
	answer_table(STR("x.test"));
	assert_true(until(&third.done, TOO_LONG_MS));
	assert_int_equal(third.st, ST_OK);
}

/* --- a relay process that talks nonsense --------------------------------- */

#define NEVER 77
static const struct {
	uint32_t type, id, count; /* id: what is added to the right one */
	uint32_t st[3];           /* NEVER: no more of them */
	enum st want[2];
} nonsense[] = {
	{ W_RELAYED, 0, 2, { 9, 9, NEVER }, { ST_TEMP, ST_TEMP } },
	{ W_RELAYED, 0, 2, { ST_NONE, ST_OK, NEVER }, { ST_TEMP, ST_TEMP } },
	{ W_RELAYED, 0, 2, { ST_OK, 9, NEVER }, { ST_OK, ST_TEMP } },
	{ W_RELAYED, 0, 2, { ST_OK, NEVER }, { ST_OK, ST_TEMP } },
	{ W_RELAYED, 0, 2, { NEVER }, { ST_TEMP, ST_TEMP } },
	{ W_RELAYED, 0, 0, { NEVER }, { ST_TEMP, ST_TEMP } },
	{ W_RELAYED, 0, 3, { ST_OK, ST_PERM, ST_OK }, { ST_OK, ST_PERM } },
	{ W_RELAYED, 1, 2, { ST_OK, ST_OK, NEVER }, { ST_TEMP, ST_TEMP } },
	{ W_DONE, 0, 2, { ST_OK, ST_OK, NEVER }, { ST_TEMP, ST_TEMP } },
};

static bool relayed;

static void on_relayed(struct relay_work *w)
{
	(void)w;
	relayed = true;
}

static void say_nonsense(size_t n, uint32_t id)
{
	AUTO_IPC_OUT o = IPC_OUT;
	size_t i;

	ipc_begin(&o, nonsense[n].type);
	ipc_put_u32(&o, id + nonsense[n].id);
	ipc_put_str(&o, STR("mx.test[192.0.2.1]:25"));
	ipc_put_u32(&o, 1);
	ipc_put_u32(&o, nonsense[n].count);
	for (i = 0; i < 3 && nonsense[n].st[i] != NEVER; i++) {
		ipc_put_u32(&o, nonsense[n].st[i]);
		ipc_put_u32(&o, 250);
		ipc_put_str(&o, STR("2.0.0"));
		ipc_put_str(&o, STR("250 2.0.0 Ok"));
	}
	assert_int_equal(ipc_send(peer, &o, -1), IPC_OK);
}

static struct route outside(const char *address)
{
	return (struct route){ .final = str_c(address),
		.relay = true,
		.st = ST_OK };
}

static void one_nonsense(size_t n)
{
	static struct ipc_in in = { .fd = -1 };
	struct route a = outside("a@x.test"), b = outside("b@x.test");
	struct route *both[] = { &a, &b };
	struct relay_work w = { .qid = STR("1"),
		.body = STR("x"),
		.fd = -1,
		.size = 1,
		.routes = both,
		.n = 2,
		.done = on_relayed };

	relayed = false;
	relays_put(relays, &w);
	if (n == 0) /* the addresses count for the others too */
		answer_table(STR("x"));
	assert_true(reach(&wants, n + 1));
	relays_answer(relays, pair(&peer), 1);
	assert_true(next(peer, &in, W_MAIL));
	say_nonsense(n, ipc_get_u32(&in));
	assert_true(reach(&kills, n + 1));
	if (!relayed)
		fd_clear(&peer); /* as the monitor ends it */
	assert_true(until(&relayed, TOO_LONG_MS));
	fd_clear(&peer);
	ev_run(loop, EVRUN_NOWAIT);
	if (a.st != nonsense[n].want[0] || b.st != nonsense[n].want[1])
		fail_msg("row %zu: %d, %d", n, (int)a.st, (int)b.st);
	if ((a.st == ST_OK) != a.relayed || (b.st == ST_OK) != b.relayed)
		fail_msg("row %zu: relayed and not", n);
}

static void test_a_relay_that_talks_nonsense(void **state)
{
	size_t i;

	(void)state;
	asking_add(asking, pair(&table), 2);
	for (i = 0; i < NELEM(nonsense); i++)
		one_nonsense(i);
}

/* --- a worker that does nothing, while new jobs come --------------------- */

#define JOBS 40
static struct work works[JOBS];
static struct route boxes[JOBS];
static size_t begun;

static void on_work(struct work *w)
{
	*(bool *)w->owner = true;
}

static void put_work(bool *done)
{
	struct work *w = &works[begun];

	if (begun == JOBS)
		return;
	boxes[begun] = (struct route){ .path = STR("x/"), .st = ST_OK };
	*w = (struct work){ .uid = 5000,
		.gid = 5000,
		.phase = JOB_DELIVER,
		.body = STR("x"),
		.fd = -1,
		.size = 1,
		.n = 1,
		.routes = { &boxes[begun] },
		.done = on_work,
		.owner = done };
	begun++;
	workers_put(workers, w);
}

static void test_a_stuck_worker(void **state)
{
	static bool first, others;
	int64_t start = clock_ms();

	(void)state;
	put_work(&first);
	assert_int_equal(wants, 1);
	workers_answer(workers, 5000, 5000, 1, pair(&peer), STR_NONE);
	while (!first && clock_ms() - start < TOO_LONG_MS) {
		until(&first, 300);
		put_work(&others);
	}
	assert_true(first);
	assert_int_equal(boxes[0].st, ST_TEMP);
	assert_int_equal(kills, 1);
	assert_true(begun < JOBS);
}

/* --- a worker whose answers the kernel has no room for -------------------- */

#define QUESTIONS 20
/* So many sends fail, in the worker. */
static int fail_n;

/* In the place of the C library's. */
ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	if (fail_n > 0) {
		fail_n--;
		errno = ENOBUFS;
		return -1;
	}
	return syscall(SYS_sendmsg, fd, msg, flags);
}

static pid_t start_worker(int fd)
{
	struct worker_start start = { .router = fd,
		.commit = { .store = { open("/", O_PATH | O_CLOEXEC), "/",
				false, false, false } } };
	pid_t pid = fork();

	if (pid == 0) {
		close(peer);
		if (!fd_nonblock(fd, false))
			_exit(1);
		fail_n = 3;
		worker_run(&start);
	}
	close(start.commit.store.fd);
	close(fd);
	return pid;
}

static void ask_room(uint32_t id)
{
	AUTO_IPC_OUT o = IPC_OUT;

	ipc_begin(&o, W_ROOM);
	ipc_put_u32(&o, id);
	ipc_put_u64(&o, 1);
	ipc_put_u32(&o, 0);
	assert_int_equal(ipc_send(peer, &o, -1), IPC_OK);
}

static void hear_room(uint32_t id)
{
	static struct ipc_in in = { .fd = -1 };
	struct pollfd p = { .fd = peer, .events = POLLIN };

	assert_int_equal(poll(&p, 1, TOO_LONG_MS), 1);
	assert_int_equal(ipc_recv(peer, &in), IPC_OK);
	assert_int_equal(in.type, W_ROOM_REPLY);
	assert_int_equal(ipc_get_u32(&in), id);
}

/* The router counts its questions: each is answered. */
static void test_no_answer_is_dropped(void **state)
{
	uint32_t i;
	int status;
	pid_t pid;

	(void)state;
	pid = start_worker(pair(&peer));
	for (i = 0; i < QUESTIONS; i++)
		ask_room(i);
	for (i = 0; i < QUESTIONS; i++)
		hear_room(i);
	fd_clear(&peer);
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_a_stuck_lookup, end),
		cmocka_unit_test_teardown(test_a_relay_that_talks_nonsense,
		    end),
		cmocka_unit_test_teardown(test_a_stuck_worker, end),
		cmocka_unit_test_teardown(test_no_answer_is_dropped, end),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
