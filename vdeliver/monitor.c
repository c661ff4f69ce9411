/*
 * monitor - binds, forks, restarts; makes workers. Runs in: monitor (root).
 *
 * A generation is what was started from one configuration: a router, its
 * lookups, fronts and workers. A reload, or the death of a router, starts a new
 * generation; the old one gets W_DRAIN, ends what is under way, and goes.
 */

#include "vdeliver/monitor.h"

#include <errno.h>
#include <ev.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/list.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "priv/ipc.h"
#include "priv/notify.h"
#include "vdeliver/chan.h"
#include "vdeliver/children.h"
#include "vdeliver/control.h"
#include "vdeliver/keys.h"
#include "vdeliver/listeners.h"
#include "vdeliver/logger.h"
#include "vdeliver/wire.h"

/* A child that dies again this soon is started with a pause. */
#define QUICK_DEATH_MS 1000
#define PAUSE_SECONDS  0.5
/* After this the old generation, or all of us, end by force. */
#define DRAIN_SECONDS 25.0

enum kind {
	KIND_LOGGER,
	KIND_ROUTER,
	KIND_LOOKUP,
	KIND_FRONT,
	KIND_WORKER
};

static const char *const kind_names[] = { "logger", "router", "lookup", "front",
	"worker" };

struct generation {
	struct list link;
	struct monitor *home;
	struct settings set;
	struct chan router;
	bool draining; /* W_DRAIN was sent */
	bool ending;   /* and the clients shall go */
	struct ev_timer force;
	size_t children;
};

struct child {
	struct list link;
	pid_t pid;
	enum kind kind;
	struct generation *gen; /* NULL: the logger */
	int64_t started_ms;
	int control; /* to a front, for W_DRAIN; else -1 */
	struct ev_child watch;
	struct monitor *home;
};

struct monitor {
	struct ev_loop *loop;
	const struct monitor_start *start;
	struct identity id;
	struct listeners listeners;
	struct list generations, children;
	struct generation *now; /* NULL while we stop */
	struct keys *keys;
	int log_pair[2];
	struct ev_signal term, interrupt, hup;
	struct ev_timer pause;
	bool stopping;
	int status;
};

static void on_child(struct ev_loop *loop, struct ev_child *w, int events);
static void start_generation(struct monitor *m, const struct settings *set);

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
	ev_child_init(&c->watch, on_child, pid, 0);
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

/* --- what is started ----------------------------------------------------- */

static void start_logger(struct monitor *m, const struct settings *set)
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

static void start_lookup(struct generation *g)
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

static void start_front(struct generation *g)
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

/* Only a child of that very generation may be ended by its router. */
static void on_kill(struct generation *g, struct ipc_in *in)
{
	pid_t pid = (pid_t)ipc_get_u32(in);

	list_foreach(p, &g->home->children) {
		struct child *c = CONTAINER_OF(p, struct child, link);

		if (c->gen == g && c->pid == pid &&
		    (c->kind == KIND_WORKER || c->kind == KIND_LOOKUP))
			kill(pid, SIGKILL);
	}
}

static void on_router_message(struct chan *chan, struct ipc_in *in, void *arg)
{
	(void)chan;
	if (in->type == W_WANT_WORKER)
		on_want_worker(arg, in);
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

static void start_router(struct generation *g)
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

/* --- generations --------------------------------------------------------- */

static void kill_generation(struct ev_loop *loop, struct ev_timer *t,
    int events)
{
	struct generation *g = CONTAINER_OF(t, struct generation, force);

	(void)loop;
	(void)events;
	list_foreach(p, &g->home->children) {
		struct child *c = CONTAINER_OF(p, struct child, link);

		if (c->gen == g)
			kill(c->pid, SIGKILL);
	}
}

/* gentle: clients go on until they leave, as after a reload. */
static void drain(struct generation *g, bool gentle)
{
	AUTO_IPC_OUT o = IPC_OUT;

	if (g->ending || (gentle && g->draining))
		return;
	g->draining = true;
	g->ending = !gentle;
	ipc_begin(&o, W_DRAIN);
	ipc_put_u32(&o, gentle);
	list_foreach(p, &g->home->children) {
		struct child *c = CONTAINER_OF(p, struct child, link);

		/* A front that cannot take it will see us close instead. */
		if (c->gen == g && c->control >= 0 &&
		    ipc_send(c->control, &o, -1) != IPC_OK)
			fd_clear(&c->control);
	}
	chan_send(&g->router, &o, -1);
	if (gentle)
		return;
	ev_timer_init(&g->force, kill_generation, DRAIN_SECONDS, 0);
	ev_timer_start(g->home->loop, &g->force);
}

static void start_generation(struct monitor *m, const struct settings *set)
{
	struct generation *g = xcalloc(1, sizeof(*g));
	int64_t i;

	g->home = m;
	g->set = *set;
	list_add_tail(&m->generations, &g->link);
	m->now = g;
	start_router(g);
	for (i = 0; i < g->set.vdeliver_lookup_count; i++)
		start_lookup(g);
	for (i = 0; i < g->set.vdeliver_front_count; i++)
		start_front(g);
}

static void end_if_over(struct monitor *m)
{
	if (m->stopping && list_empty(&m->generations))
		ev_break(m->loop, EVBREAK_ALL);
}

/* shared: the settings live on in a younger generation. */
static void generation_free(struct generation *g, bool shared)
{
	ev_timer_stop(g->home->loop, &g->force);
	chan_close(&g->router);
	list_del(&g->link);
	if (!shared)
		settings_clear(&g->set);
	free(g);
}

/* --- deaths -------------------------------------------------------------- */

static void report_death(const struct child *c, int status)
{
	if (WIFSIGNALED(status))
		log_warn("%s process %ld was killed by signal %d%s",
		    kind_names[c->kind], (long)c->pid, WTERMSIG(status),
		    c->home->stopping ? "" : "; going on without it");
	else if (WEXITSTATUS(status) != 0)
		log_warn("%s process %ld ended with status %d",
		    kind_names[c->kind], (long)c->pid, WEXITSTATUS(status));
}

/* The router's death ends its generation: the others see it and leave. The
 * same settings go into the next one. */
static void replace_generation(struct monitor *m, struct generation *g)
{
	struct settings set = g->set;

	chan_close(&g->router);
	drain(g, false);
	if (g == m->now && !m->stopping)
		start_generation(m, &set);
}

static void restart(struct child *c)
{
	struct monitor *m = c->home;
	struct generation *g = c->gen;

	switch (c->kind) {
	case KIND_LOGGER:
		start_logger(m, &m->now->set);
		break;
	case KIND_ROUTER:
		replace_generation(m, g);
		break;
	case KIND_LOOKUP:
		if (!g->draining || g->router.fd >= 0)
			start_lookup(g);
		break;
	case KIND_FRONT:
		if (!g->draining)
			start_front(g);
		break;
	case KIND_WORKER:
		break; /* the router asks when it needs one */
	}
}

static bool settings_shared(const struct monitor *m, const struct generation *g)
{
	list_foreach(p, &m->generations) {
		struct generation *o = CONTAINER_OF(p, struct generation, link);

		if (o != g && o->set.conf == g->set.conf)
			return true;
	}
	return false;
}

static void forget(struct child *c)
{
	struct monitor *m = c->home;
	struct generation *g = c->gen;

	ev_child_stop(m->loop, &c->watch);
	fd_clear(&c->control);
	list_del(&c->link);
	free(c);
	if (g != NULL && --g->children == 0 && g->draining)
		generation_free(g, settings_shared(m, g));
	end_if_over(m);
}

static void on_child(struct ev_loop *loop, struct ev_child *w, int events)
{
	struct child *c = CONTAINER_OF(w, struct child, watch);
	struct monitor *m = c->home;
	bool bad = WIFSIGNALED(w->rstatus) || WEXITSTATUS(w->rstatus) != 0;

	(void)loop;
	(void)events;
	report_death(c, w->rstatus);
	/* What dies at once, and badly, would do so again and again. */
	if (bad && clock_ms() - c->started_ms < QUICK_DEATH_MS)
		usleep((useconds_t)(PAUSE_SECONDS * 1000000));
	if (!m->stopping &&
	    (c->gen == NULL || c->gen == m->now || c->kind == KIND_LOOKUP))
		restart(c);
	forget(c);
}

/* --- signals ------------------------------------------------------------- */

static void on_stop(struct ev_loop *loop, struct ev_signal *w, int events)
{
	struct monitor *m = w->data;

	(void)loop;
	(void)events;
	if (m->stopping)
		return;
	log_info("terminating on signal %d", w->signum);
	notify_send("STOPPING=1");
	m->stopping = true;
	listeners_close(&m->listeners, true);
	list_foreach(p, &m->generations)
		drain(CONTAINER_OF(p, struct generation, link), false);
}

static void on_reload(struct ev_loop *loop, struct ev_signal *w, int events)
{
	struct monitor *m = w->data;
	struct generation *old = m->now;
	struct front_tls *tls = NULL;
	struct listeners fresh;
	struct settings set;
	struct err e;

	(void)loop;
	(void)events;
	if (m->stopping)
		return;
	if (settings_load(&set, m->start->config_dir, &e) != ST_OK ||
	    front_tls_load(&tls, &set, keys_wrapped(&set), &e) != ST_OK ||
	    listeners_change(&m->listeners, &set, &fresh, &e) != ST_OK) {
		log_error("reload: %s; the old settings stay in force", e.text);
		front_tls_free(tls);
		settings_clear(&set);
		return;
	}
	m->listeners = fresh;
	keys_take(m->keys, tls, &set);
	start_generation(m, &set);
	drain(old, true);
	/* The logger takes the new maillog_file, and reopens the old one. */
	list_foreach(p, &m->children) {
		struct child *c = CONTAINER_OF(p, struct child, link);

		if (c->kind == KIND_LOGGER)
			kill(c->pid, SIGKILL);
	}
	log_info("reload: configuration %s", m->start->config_dir);
}

/* New fronts get the new keys; the old ones end with their clients. */
static void on_keys(void *arg)
{
	struct monitor *m = arg;
	struct generation *old = m->now;
	struct settings set;
	struct front_tls *tls;
	struct err e;

	if (m->stopping)
		return;
	set = old->set;
	if (front_tls_load(&tls, &set, keys_wrapped(&set), &e) != ST_OK) {
		log_warn("%s; the old certificate stays in force", e.text);
		return;
	}
	keys_take(m->keys, tls, &set);
	start_generation(m, &set);
	drain(old, true);
	log_info("TLS: keys and certificates were read again");
}

static void watch_signal(struct monitor *m, struct ev_signal *w, int signum,
    void (*fn)(struct ev_loop *, struct ev_signal *, int))
{
	ev_signal_init(w, fn, signum);
	w->data = m;
	ev_signal_start(m->loop, w);
}

/* --- start --------------------------------------------------------------- */

static void tell_ready(struct monitor *m)
{
	AUTO_BUF text = BUF_MAX(2000);
	size_t i;

	buf_addc(&text, "READY=1\nPORTS=");
	for (i = 0; i < m->listeners.n; i++)
		buf_addf(&text, "%s%u", i != 0 ? " " : "",
		    listen_port(m->listeners.v[i].fd));
	notify_send(buf_c(&text));
	if (m->start->ready >= 0 && !io_write_full(m->start->ready, "1", 1))
		log_warn("nobody waits for our start: %m");
}

static enum st prepare(struct monitor *m, const struct settings *set,
    struct err *e)
{
	struct front_tls *tls;
	int file;

	if (identity_find(&m->id, set, e) != ST_OK ||
	    listeners_open(&m->listeners, set, e) != ST_OK ||
	    identity_jail(&m->id, set, e) != ST_OK ||
	    front_tls_load(&tls, set, keys_wrapped(set), e) != ST_OK)
		return ST_TEMP;
	keys_take(m->keys, tls, set);
	if (logger_open_file(set, m->id.owner_uid, m->id.owner_gid, &file, e) !=
	    ST_OK)
		return ST_TEMP;
	fd_clear(&file);
	return ST_OK;
}

static void warn_unprivileged(const struct monitor *m)
{
	if (!m->id.root)
		log_warn("not started as root: only mailboxes of uid %lu, gid "
			 "%lu can be written, and there is no chroot",
		    (unsigned long)geteuid(), (unsigned long)getegid());
}

int monitor_run(const struct monitor_start *start, struct settings *set)
{
	static struct monitor m;
	struct err e;

	m.start = start;
	prctl(PR_SET_NAME, "vd-monitor");
	signal(SIGPIPE, SIG_IGN);
	list_init(&m.generations);
	list_init(&m.children);
	m.loop = ev_default_loop(EVFLAG_AUTO);
	if (m.loop == NULL)
		log_fatal("no event loop");
	m.keys = keys_new(m.loop, on_keys, &m);
	if (prepare(&m, set, &e) != ST_OK) {
		log_msg(LOG_FATAL, "%s", e.text);
		identity_clear(&m.id);
		control_release(set, start->lock);
		settings_clear(set);
		return 1;
	}
	if (!ipc_pair(m.log_pair))
		log_fatal("cannot start: %m");
	warn_unprivileged(&m);
	if (!start->foreground && !io_leave_terminal())
		log_fatal("open /dev/null: %m");
	start_logger(&m, set);
	watch_signal(&m, &m.term, SIGTERM, on_stop);
	watch_signal(&m, &m.interrupt, SIGINT, on_stop);
	watch_signal(&m, &m.hup, SIGHUP, on_reload);
	logger_attach(m.log_pair[1]);
	log_info("daemon started, configuration %s", start->config_dir);
	listeners_log(&m.listeners);
	start_generation(&m, set);
	tell_ready(&m);
	ev_run(m.loop, 0);
	identity_clear(&m.id);
	log_to_sink(NULL, NULL);
	return 0;
}
