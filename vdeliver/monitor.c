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
#include "vdeliver/monitor_state.h"
#include "vdeliver/relay_tls.h"
#include "vdeliver/wire.h"

/* A child that dies again this soon is started with a pause. */
#define QUICK_DEATH_MS 1000
#define PAUSE_SECONDS  0.5
/* After this the old generation, or all of us, end by force: first the router,
 * so that the fronts say 421, and workers take back what they staged; then what
 * is still there. */
#define DRAIN_SECONDS 24.0
#define FORCE_SECONDS 4.0

static const char *const kind_names[] = { "logger", "router", "lookup", "front",
	"worker", "relay" };

static void start_generation(struct monitor *m, const struct settings *set);

/* --- generations --------------------------------------------------------- */

static void kill_generation(struct ev_loop *loop, struct ev_timer *t,
    int events)
{
	struct generation *g = CONTAINER_OF(t, struct generation, force);
	bool router_only = !g->forced;

	(void)events;
	list_foreach(p, &g->home->children) {
		struct child *c = CONTAINER_OF(p, struct child, link);

		if (c->gen == g && (!router_only || c->kind == KIND_ROUTER))
			kill(c->pid, SIGKILL);
	}
	g->forced = true;
	ev_timer_set(t, FORCE_SECONDS, 0);
	if (router_only)
		ev_timer_start(loop, t);
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
	monitor_start_router(g);
	for (i = 0; i < g->set.vdeliver_lookup_count; i++)
		monitor_start_lookup(g);
	for (i = 0; i < g->set.vdeliver_front_count; i++)
		monitor_start_front(g);
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
		break; /* restart_logger() */
	case KIND_ROUTER:
		replace_generation(m, g);
		break;
	case KIND_LOOKUP:
		if (!g->draining || g->router.fd >= 0)
			monitor_start_lookup(g);
		break;
	case KIND_FRONT:
		if (!g->draining)
			monitor_start_front(g);
		break;
	case KIND_WORKER:
	case KIND_RELAY:
		break; /* the router asks when it needs one */
	}
}

/* Also while we stop: without it, whoever has a line to log waits for ever. */
static void restart_logger(struct monitor *m)
{
	struct generation *g;

	if (list_empty(&m->generations))
		return;
	g = CONTAINER_OF(m->generations.prev, struct generation, link);
	monitor_start_logger(m, &g->set);
}

/* What dies at once, and badly, would do so again and again. The router asks
 * for workers and relays when it needs them, and is not kept waiting. */
static void pause_before_restart(const struct child *c, int status)
{
	bool bad = WIFSIGNALED(status) || WEXITSTATUS(status) != 0;

	if (bad && clock_ms() - c->started_ms < QUICK_DEATH_MS &&
	    c->kind != KIND_WORKER && c->kind != KIND_RELAY &&
	    !c->home->stopping)
		usleep((useconds_t)(PAUSE_SECONDS * 1000000));
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

void monitor_on_child(struct ev_loop *loop, struct ev_child *w, int events)
{
	struct child *c = CONTAINER_OF(w, struct child, watch);
	struct monitor *m = c->home;

	(void)loop;
	(void)events;
	if (c->kind == KIND_LOGGER)
		restart_logger(m);
	report_death(c, w->rstatus);
	pause_before_restart(c, w->rstatus);
	if (!m->stopping && c->gen != NULL &&
	    (c->gen == m->now || c->kind == KIND_LOOKUP))
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
	    relay_tls_check(&set, &e) != ST_OK ||
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
	    relay_tls_check(set, e) != ST_OK ||
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
	monitor_start_logger(&m, set);
	watch_signal(&m, &m.term, SIGTERM, on_stop);
	watch_signal(&m, &m.interrupt, SIGINT, on_stop);
	watch_signal(&m, &m.hup, SIGHUP, on_reload);
	logger_attach(m.log_pair[1], LOGGER_PATIENCE_MS);
	log_info("daemon started, configuration %s", start->config_dir);
	listeners_log(&m.listeners);
	start_generation(&m, set);
	tell_ready(&m);
	ev_run(m.loop, 0);
	identity_clear(&m.id);
	log_to_sink(NULL, NULL);
	return 0;
}
