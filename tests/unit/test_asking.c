/*
 * test_asking - questions for lookup processes: what is kept, what makes sure
 * of it, what makes it forgotten, and names that stand in nobody's way.
 */

#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/io.h"
#include "base/list.h"
#include "priv/ipc.h"
#include "vdeliver/answers.h"
#include "vdeliver/asking.h"

struct want {
	struct question_wait q;
	bool done;
	enum st st;
	char value[64];
};

static struct ev_loop *loop;
static struct settings settings;
static struct asking *asking;
static void *kept[6]; /* a router never ends in another way than exit */
static size_t n_kept;
static int peer[2]; /* where the lookup processes would be */
static struct ipc_in in = { .fd = -1 };

static void no_kill(pid_t pid, void *arg)
{
	(void)pid;
	(void)arg;
	fail_msg("nobody was to be killed");
}

static int add(void)
{
	int fd[2];

	assert_true(ipc_pair(fd));
	assert_true(fd_nonblock(fd[1], true));
	asking_add(asking, fd[0], 1);
	return fd[1];
}

static int begin(void **state)
{
	(void)state;
	loop = ev_loop_new(EVFLAG_AUTO);
	settings.vdeliver_lookup_timeout = 1;
	asking = asking_new(loop, &settings, no_kill, NULL);
	peer[0] = add();
	peer[1] = add();
	kept[n_kept++] = asking;
	kept[n_kept++] = loop;
	return 0;
}

static int finish(void **state)
{
	(void)state;
	close(peer[0]);
	close(peer[1]);
	return 0;
}

static void turn(void)
{
	int i;

	for (i = 0; i < 5; i++)
		ev_run(loop, EVRUN_NOWAIT);
}

static void on_answer(struct question_wait *q, const struct answer *a)
{
	struct want *w = CONTAINER_OF(q, struct want, q);

	w->done = true;
	w->st = a->st;
	snprintf(w->value, sizeof(w->value), "%.*s", STR_ARG(a->value));
}

static void put(struct want *w, enum question question, const char *key)
{
	*w = (struct want){ .q = { .question = question,
				.key = str_c(key),
				.done = on_answer } };
	list_init(&w->q.link);
	asking_put(asking, &w->q);
	turn();
}

/* What was asked of one of the processes; Q_COUNT: nothing. */
static enum question asked(int fd, uint32_t *id)
{
	enum question q;

	if (ipc_recv(fd, &in) != IPC_OK)
		return Q_COUNT;
	*id = ipc_get_u32(&in);
	q = (enum question)ipc_get_u32(&in);
	return q;
}

static void answer(int fd, uint32_t id, bool lasting, const char *value)
{
	AUTO_IPC_OUT o = IPC_OUT;

	ipc_begin(&o, W_ANSWER);
	ipc_put_u32(&o, id);
	ipc_put_u32(&o, value[0] != '\0' ? ST_OK : ST_NONE);
	ipc_put_u32(&o, lasting);
	ipc_put_str(&o, STR_NONE);
	ipc_put_str(&o, STR_NONE);
	ipc_put_str(&o, str_c(value));
	ipc_put_str(&o, STR_NONE);
	assert_int_equal(ipc_send(fd, &o, -1), IPC_OK);
	turn();
}

static void expect(const struct want *w, const char *value)
{
	assert_true(w->done);
	assert_int_equal(w->st, value[0] != '\0' ? ST_OK : ST_NONE);
	assert_string_equal(w->value, value);
}

/* Ask and answer from a table, whatever is kept. */
static void learn(const char *key, bool lasting, const char *value)
{
	struct want w;
	uint32_t id;

	put(&w, Q_MAILBOX, key);
	assert_int_equal(asked(peer[0], &id), Q_MAILBOX);
	answer(peer[0], id, lasting, value);
	expect(&w, value);
}

static void test_kept(void **state)
{
	struct want w, v, x;
	struct answer a;
	uint32_t id;

	(void)state;
	learn("a", true, "box/");
	learn("b", true, "");
	put(&w, Q_MAILBOX, "a");
	assert_int_equal(asked(peer[0], &id), Q_SAME);
	assert_false(w.done);
	/* That was asked before they came: one more, for both. */
	put(&v, Q_MAILBOX, "b");
	put(&x, Q_MAILBOX, "a");
	answer(peer[0], id, false, "yes");
	expect(&w, "box/");
	assert_false(v.done);
	assert_int_equal(asked(peer[0], &id), Q_SAME);
	answer(peer[0], id, false, "yes");
	expect(&v, "");
	expect(&x, "box/");
	assert_int_equal(asked(peer[0], &id), Q_COUNT);
	assert_true(asking_known(asking, &v.q, &a));
	v.q.sure = false;
	assert_false(asking_known(asking, &v.q, &a));
	/* What does not last is asked each time. */
	put(&x, Q_UID, "a");
	assert_int_equal(asked(peer[0], &id), Q_UID);
	answer(peer[0], id, false, "5");
	put(&x, Q_UID, "a");
	assert_int_equal(asked(peer[0], &id), Q_UID);
	answer(peer[0], id, false, "6");
	expect(&x, "6");
}

/* A process that goes, or comes, may have seen other tables. */
static void test_forgotten(void **state)
{
	struct want w;
	uint32_t id;

	(void)state;
	learn("a", true, "box/");
	put(&w, Q_MAILBOX, "a");
	assert_int_equal(asked(peer[0], &id), Q_SAME);
	close(peer[0]); /* its tables have changed */
	turn();
	assert_int_equal(asked(peer[1], &id), Q_SAME);
	answer(peer[1], id, false, "yes");
	assert_int_equal(asked(peer[1], &id), Q_MAILBOX);
	answer(peer[1], id, true, "new/");
	expect(&w, "new/");
	peer[0] = add();
	put(&w, Q_MAILBOX, "a");
	assert_int_equal(asked(peer[1], &id), Q_MAILBOX);
	answer(peer[1], id, true, "newer/");
	expect(&w, "newer/");
}

/* However slow names are, tables are asked; and nobody dies of it. */
static void test_names(void **state)
{
	static struct want names[2 * ASKING_NAMES + 5];
	struct want w;
	uint32_t id, first = 0;
	size_t i, n = 0;

	(void)state;
	for (i = 0; i < NELEM(names); i++)
		put(&names[i], Q_PEER_NAME, "192.0.2.1");
	for (i = 0; i < 2; i++)
		while (asked(peer[i], &id) == Q_PEER_NAME)
			first = n++ == 0 ? id : first;
	assert_int_equal(n, 2 * ASKING_NAMES);
	learn("a", false, "box/");
	answer(peer[0], first, false, "mx.example");
	expect(&names[0], "mx.example");
	/* There is room for one more. */
	assert_int_equal(asked(peer[0], &id), Q_PEER_NAME);
	asking_cancel(asking, &names[1].q);
	close(peer[0]);
	turn();
	peer[0] = add();
	turn();
	for (n = 0; asked(peer[0], &id) == Q_PEER_NAME; n++)
		continue;
	assert_int_equal(n, ASKING_NAMES);
	while (!names[NELEM(names) - 1].done)
		ev_run(loop, EVRUN_ONCE);
	assert_int_equal(names[2].st, ST_TEMP);
	assert_false(names[1].done);
	put(&w, Q_MAILBOX, "b");
	assert_int_equal(asked(peer[1], &id), Q_MAILBOX);
	answer(peer[1], id, false, "c/");
	expect(&w, "c/");
}

static void test_bounded(void **state)
{
	struct answers *v = answers_new();
	struct answer a = { .st = ST_OK, .value = STR("v/") }, got;
	char key[40];
	int i, n = 0;

	(void)state;
	for (i = 0; i < 40000; i++) {
		snprintf(key, sizeof(key), "user%d", i);
		answers_put(v, Q_MAILBOX, 0, str_c(key), &a);
		/* What is used stays. */
		assert_true(answers_get(v, Q_MAILBOX, 0, STR("user0"), &got));
		assert_true(str_eq(got.value, a.value));
	}
	for (i = 0; i < 40000; i++) {
		snprintf(key, sizeof(key), "user%d", i);
		n += answers_get(v, Q_MAILBOX, 0, str_c(key), &got);
	}
	assert_in_range(n, 2000, 20000);
	assert_false(answers_get(v, Q_MAILBOX, 1, STR("user0"), &got));
	assert_false(answers_get(v, Q_ALIAS, 0, STR("user0"), &got));
	a.st = ST_TEMP;
	answers_put(v, Q_ALIAS, 0, STR("user0"), &a);
	assert_false(answers_get(v, Q_ALIAS, 0, STR("user0"), &got));
	answers_forget_all(v);
	assert_false(answers_get(v, Q_MAILBOX, 0, str_c(key), &got));
	answers_free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_kept, begin, finish),
		cmocka_unit_test_setup_teardown(test_forgotten, begin, finish),
		cmocka_unit_test_setup_teardown(test_names, begin, finish),
		cmocka_unit_test(test_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
