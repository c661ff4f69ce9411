/* monitor_start - start each kind of process. Runs in: monitor (root). */

#include <signal.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "priv/ipc.h"
#include "vdeliver/children.h"
#include "vdeliver/keys.h"
#include "vdeliver/logger.h"
#include "vdeliver/monitor_state.h"
#include "vdeliver/wire.h"

static struct children_env env_of(struct monitor *m, const struct settings *set)
{
	return (struct children_env){ .set = set,
		.id = &m->id,
		.log_reader = m->log_pair[0],
		.log_writer = m->log_pair[1],
		.log_file = -1,
		.tls = keys_now(m->keys) };
}

static struct child *track(struct monitor *m, struct generation *g, pid_t pid,
    enum kind kind)
{
	struct child *c = xcalloc(1, sizeof(*c));

	c->pid = pid;
	c->kind = kind;
	c->gen = g;
	c->home = m;
	c->control = -1;
	c->started_ms = clock_ms();
	ev_child_init(&c->watch, monitor_on_child, pid, 0);
	ev_child_start(m->loop, &c->watch);
	list_add_tail(&m->children, &c->link);
	if (g != NULL)
		g->children++;
	return c;
}

/* fork failed: nothing of ours can be relied on; end, and be started anew. */
static void NORETURN no_fork(const char *what)
{
	log_fatal("cannot start a %s process: %m", what);
}

void monitor_start_logger(struct monitor *m, const struct settings *set)
{
	struct children_env env = env_of(m, set);
	AUTO_FD file = -1;
	struct err e;
	pid_t pid;

	if (logger_open_file(set, m->id.owner_uid, m->id.owner_gid, &file,
		&e) != ST_OK)
		log_error("%s; logging to syslog", e.text);
	env.log_file = file;
	pid = child_logger(&env);
	if (pid < 0)
		no_fork("logger");
	track(m, NULL, pid, KIND_LOGGER);
}

/* A pair whose one end becomes the child's; the other goes to the router. */
static void pair(int fd[2])
{
	if (!ipc_pair(fd))
		log_fatal("socketpair: %m");
}

static void hand_over(struct generation *g, enum wire type, pid_t pid, int fd)
{
	AUTO_IPC_OUT o = IPC_OUT;

	ipc_begin(&o, type);
	ipc_put_u32(&o, 0);
	ipc_put_u32(&o, (uint32_t)pid);
	chan_send(&g->router, &o, fd);
}

void monitor_start_lookup(struct generation *g)
{
	struct children_env env = env_of(g->home, &g->set);
	int fd[2];
	pid_t pid;

	pair(fd);
	pid = child_lookup(&env, fd[1]);
	if (pid < 0)
		no_fork("lookup");
	track(g->home, g, pid, KIND_LOOKUP);
	hand_over(g, W_LOOKUP, pid, fd[0]);
	fd_clear(&fd[0]);
	fd_clear(&fd[1]);
}

void monitor_start_front(struct generation *g)
{
	struct monitor *m = g->home;
	struct children_env env = env_of(m, &g->set);
	int fd[2], control[2];
	struct front_start s;
	pid_t pid;

	pair(fd);
	pair(control);
	s = (struct front_start){ &g->set, fd[1], control[1], keys_now(m->keys),
		m->listeners.v, m->listeners.n };
	pid = child_front(&env, &s);
	if (pid < 0)
		no_fork("front");
	track(m, g, pid, KIND_FRONT)->control = control[0];
	hand_over(g, W_FRONT, pid, fd[0]);
	fd_clear(&fd[0]);
	fd_clear(&fd[1]);
	fd_clear(&control[1]);
}

/* The router asks; every id is checked here, whatever it says. */
static pid_t make_worker(struct generation *g, uint32_t uid, uint32_t gid,
    int *fd, struct err *e)
{
	struct children_env env = env_of(g->home, &g->set);
	int two[2];
	pid_t pid;

	if (identity_allows(&g->home->id, &g->set, uid, gid, e) != ST_OK)
		return 0;
	pair(two);
	pid = child_worker(&env, uid, gid, two[1]);
	fd_clear(&two[1]);
	if (pid < 0) {
		fd_clear(&two[0]);
		err_temp(e, "4.3.0", "cannot start a worker process: %m");
		return 0;
	}
	track(g->home, g, pid, KIND_WORKER);
	*fd = two[0];
	return pid;
}

static void on_want_worker(struct generation *g, struct ipc_in *in)
{
	AUTO_IPC_OUT o = IPC_OUT;
	AUTO_FD fd = -1;
	uint32_t uid = ipc_get_u32(in), gid = ipc_get_u32(in);
	struct err e = { "", "" };
	pid_t pid;

	pid = make_worker(g, uid, gid, &fd, &e);
	if (pid == 0)
		log_warn("no worker: %s", e.text);
	ipc_begin(&o, W_WORKER);
	ipc_put_u32(&o, uid);
	ipc_put_u32(&o, gid);
	ipc_put_u32(&o, (uint32_t)pid);
	ipc_put_str(&o, str_c(e.text));
	chan_send(&g->router, &o, fd);
}

static void on_want_relay(struct generation *g)
{
	struct children_env env = env_of(g->home, &g->set);
	int fd[2];
	pid_t pid;

	pair(fd);
	pid = child_relay(&env, fd[1]);
	fd_clear(&fd[1]);
	if (pid > 0)
		track(g->home, g, pid, KIND_RELAY);
	else
		log_warn("cannot start a relay process: %m");
	hand_over(g, W_RELAY, pid > 0 ? pid : 0, pid > 0 ? fd[0] : -1);
	fd_clear(&fd[0]);
}

/* Only a child of that very generation may be ended by its router. */
static void on_kill(struct generation *g, struct ipc_in *in)
{
	pid_t pid = (pid_t)ipc_get_u32(in);

	list_foreach(p, &g->home->children) {
		struct child *c = CONTAINER_OF(p, struct child, link);

		if (c->gen == g && c->pid == pid &&
		    (c->kind == KIND_WORKER || c->kind == KIND_LOOKUP ||
			c->kind == KIND_RELAY))
			kill(pid, SIGKILL);
	}
}

static void on_router_message(struct chan *chan, struct ipc_in *in, void *arg)
{
	(void)chan;
	if (in->type == W_WANT_WORKER)
		on_want_worker(arg, in);
	else if (in->type == W_WANT_RELAY)
		on_want_relay(arg);
	else if (in->type == W_KILL)
		on_kill(arg, in);
	else
		log_error("message %u from the router", in->type);
}

/* The rest comes when its death is reported. */
static void on_router_gone(struct chan *chan, void *arg)
{
	(void)chan;
	(void)arg;
}

void monitor_start_router(struct generation *g)
{
	struct children_env env = env_of(g->home, &g->set);
	int fd[2];
	pid_t pid;

	pair(fd);
	pid = child_router(&env, fd[1]);
	if (pid < 0)
		no_fork("router");
	track(g->home, g, pid, KIND_ROUTER);
	fd_clear(&fd[1]);
	g->router.message = on_router_message;
	g->router.gone = on_router_gone;
	g->router.arg = g;
	chan_open(&g->router, g->home->loop, fd[0]);
}
