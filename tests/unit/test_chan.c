/*
 * test_chan - messages between our processes: a kernel that has no room for
 * them, a peer that reads nothing, no descriptor left. Nothing is lost or out
 * of order, and who cannot be served counts as gone.
 */

#include "tests/unit/unit.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "base/log.h"
#include "vdeliver/chan.h"

static struct ev_loop *loop;
static struct chan here;
static int peer = -1;
static bool gone;

/* So many sends fail with this. */
static int fail_n, fail_with;

/* In the place of the C library's. */
ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	if (fail_n > 0) {
		fail_n--;
		errno = fail_with;
		return -1;
	}
	return syscall(SYS_sendmsg, fd, msg, flags);
}

static void on_message(struct chan *c, struct ipc_in *in, void *arg)
{
	(void)c;
	(void)in;
	(void)arg;
}

static void on_gone(struct chan *c, void *arg)
{
	(void)c;
	(void)arg;
	gone = true;
	ev_break(loop, EVBREAK_ALL);
}

static int begin(void **state)
{
	int fd[2];

	(void)state;
	loop = ev_loop_new(EVFLAG_AUTO);
	if (!ipc_pair(fd) || !fd_nonblock(fd[1], true))
		return -1;
	peer = fd[1];
	gone = false;
	here = (struct chan){ .message = on_message, .gone = on_gone };
	chan_open(&here, loop, fd[0]);
	return 0;
}

static int end(void **state)
{
	(void)state;
	fail_n = 0;
	chan_close(&here);
	fd_clear(&peer);
	ev_loop_destroy(loop);
	return 0;
}

static void say(uint32_t number, size_t size, int fd)
{
	static char text[60000];
	AUTO_IPC_OUT o = IPC_OUT;

	ipc_begin(&o, 1);
	ipc_put_u32(&o, number);
	ipc_put_str(&o, (struct str){ text, size });
	chan_send(&here, &o, fd);
}

/* Is message number the next one that lies there? */
static bool hear(uint32_t number)
{
	static struct ipc_in in = { .fd = -1 };

	if (ipc_recv(peer, &in) != IPC_OK)
		return false;
	assert_int_equal(ipc_get_u32(&in), number);
	ipc_get_str(&in);
	assert_true(ipc_in_ok(&in));
	return true;
}

static void turn(void)
{
	ev_run(loop, EVRUN_NOWAIT);
}

static void test_a_full_socket(void **state)
{
	uint32_t said, heard = 0;
	int turns;

	(void)state;
	for (said = 0; said < 500; said++)
		say(said, 60000, -1);
	assert_int_not_equal(here.queued, 0);
	for (turns = 0; heard < said && turns < 5000; turns++) {
		while (hear(heard))
			heard++;
		turn();
	}
	assert_int_equal(heard, said);
	assert_int_equal(here.queued, 0);
	assert_false(gone);
}

static void test_no_room(void **state)
{
	static const int errors[] = { ENOBUFS, ENOMEM, ETOOMANYREFS };
	uint32_t i;

	(void)state;
	for (i = 0; i < NELEM(errors); i++) {
		fail_with = errors[i];
		fail_n = 3;
		say(2 * i, 10, -1);
		say(2 * i + 1, 10, -1);
		assert_false(hear(2 * i));
		/* Two pauses, then there is room. */
		while (here.queued != 0)
			ev_run(loop, EVRUN_ONCE);
		assert_true(hear(2 * i));
		assert_true(hear(2 * i + 1));
	}
	assert_false(gone);
}

static void test_a_peer_that_reads_nothing(void **state)
{
	uint32_t i;

	(void)state;
	log_to_stderr(false);
	for (i = 0; i < CHAN_QUEUE_MAX + 5000 && !gone; i++) {
		say(i, 2000, -1);
		turn();
	}
	assert_true(gone);
	assert_in_range(i, CHAN_QUEUE_MAX, CHAN_QUEUE_MAX + 4999);
	assert_int_equal(here.fd, -1);
}

static void test_no_descriptor_left(void **state)
{
	struct rlimit old, few;
	uint32_t i;
	int fd = dup(peer);

	(void)state;
	log_to_stderr(false);
	assert_true(fd >= 0);
	for (i = 0; here.queued == 0; i++)
		say(i, 60000, -1);
	getrlimit(RLIMIT_NOFILE, &old);
	few = old;
	few.rlim_cur = (rlim_t)fd;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	say(i, 10, fd);
	turn();
	setrlimit(RLIMIT_NOFILE, &old);
	close(fd);
	assert_true(gone);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_full_socket, begin, end),
		cmocka_unit_test_setup_teardown(test_no_room, begin, end),
		cmocka_unit_test_setup_teardown(test_a_peer_that_reads_nothing,
		    begin, end),
		cmocka_unit_test_setup_teardown(test_no_descriptor_left, begin,
		    end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
