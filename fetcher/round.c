/* round - who is polled when, and what it comes to. Runs in: parent. */

#include "fetcher/round.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "fetcher/child.h"
#include "fetcher/daemon.h"
#include "fetcher/gate.h"
#include "fetcher/headway.h"
#include "fetcher/report.h"
#include "fetcher/state.h"
#include "fetcher/tidings.h"

/* The files are written no more often than this while polls run. */
#define SAVE_MS 1000
/* An account that is done so soon needs nobody beside it. */
#define HEAD_START_MS 250

/* One account of this round. */
struct turn {
	struct account *a;
	bool begun, ended;
	bool passed; /* nothing was asked of its server */
	enum status st;
};

struct run {
	const struct round *r;
	struct state state;
	struct turn *turns; /* in the order of the rc file */
	size_t n, first;    /* before that one all have begun */
	struct slot {
		struct child child;
		struct turn *turn;
	} * slots;
	struct pollfd *fds; /* of the slots */
	size_t slots_n, running;
	int64_t save_ms; /* clock_ms(): when there is something to write */
	int64_t wait_ms; /* clock_ms(): until then one runs alone, in order */
};

/* "interval n": only in each nth round. */
static bool is_due(const struct round *r, const struct account *a)
{
	int64_t every = opt_num(&a->o, OPT_INTERVAL);

	return !a->rests && (every <= 1 || r->turn % (unsigned long)every == 0);
}

static void list_turns(struct run *u)
{
	struct account *a;
	size_t n = 0;

	for (a = u->r->accounts; a != NULL; a = a->next)
		n += is_due(u->r, a);
	u->turns = xcalloc(n + 1, sizeof(*u->turns));
	for (a = u->r->accounts; a != NULL; a = a->next)
		if (is_due(u->r, a))
			u->turns[u->n++].a = a;
}

/* Dialogues that are mixed tell nobody anything. */
static void set_pace(struct run *u)
{
	const struct account *a = u->r->accounts;
	bool set = a != NULL && opt_is_set(a->global, OPT_PARALLEL);

	u->slots_n = 1;
	if (a != NULL && (set || (!report_verbose() && !report_live())))
		u->slots_n = (size_t)opt_num(a->global, OPT_PARALLEL);
	u->wait_ms = set ? 0 : CLOCK_NEVER;
	u->slots = xcalloc(u->slots_n, sizeof(*u->slots));
	u->fds = xcalloc(u->slots_n, sizeof(*u->fds));
}

/* --- who may begin ---------------------------------------------------------- */

/* Its commands and its interface are not made for others beside it. */
static bool is_alone(const struct account *a)
{
	return opt_text(&a->o, OPT_PRECONNECT) != NULL ||
	    opt_text(&a->o, OPT_POSTCONNECT) != NULL ||
	    opt_text(&a->o, OPT_PLUGIN) != NULL ||
	    opt_text(&a->o, OPT_INTERFACE) != NULL ||
	    opt_text(&a->o, OPT_MONITOR) != NULL;
}

/* Two polls of one mailbox would deliver the same mail. */
static bool may_join(const struct run *u, const struct account *a)
{
	int64_t most = opt_num(a->global, OPT_PARALLELPERHOST), here = 0;
	const struct account *b;
	size_t i;

	if (u->running != 0 && is_alone(a))
		return false;
	for (i = 0; i < u->slots_n; i++) {
		b = u->slots[i].child.a;
		if (b == NULL)
			continue;
		if (is_alone(b))
			return false;
		if (strcasecmp(a->host, b->host) != 0)
			continue;
		if (strcmp(a->user, b->user) == 0)
			return false;
		here++;
	}
	return here < most;
}

/* The first in order that may; NULL: none. */
static struct turn *next_turn(struct run *u)
{
	size_t i;

	while (u->first < u->n && u->turns[u->first].begun)
		u->first++;
	if (u->running == u->slots_n ||
	    (u->running != 0 && clock_ms() < u->wait_ms))
		return NULL;
	for (i = u->first; i < u->n; i++)
		if (!u->turns[i].begun && may_join(u, u->turns[i].a))
			return &u->turns[i];
	return NULL;
}

/* --- one poll ---------------------------------------------------------------- */

static void tell_status(enum status st)
{
	const char *name = status_name(st);

	if (st == PS_SUCCESS || st == PS_NOMAIL || daemon_ended_by() != 0)
		return;
	if (name != NULL)
		report_always("Query status=%d (%s)", (int)st, name);
	else
		report_always("Query status=%d", (int)st);
}

static void end_turn(struct turn *t, enum status st)
{
	t->ended = true;
	t->st = st;
	tell_status(st);
}

static void begin_turn(struct run *u, struct turn *t)
{
	struct poll_how how = { .check = u->r->check,
		.daemon = u->r->daemon,
		.turn = u->r->turn };
	struct slot *s = u->slots;

	t->begun = true;
	if (!gate_is_open(t->a, u->r->daemon)) {
		t->ended = t->passed = true;
		t->st = PS_SUCCESS; /* as fetchmail has it */
		return;
	}
	while (s->child.a != NULL)
		s++;
	if (!child_start(&s->child, t->a, &u->state, &how)) {
		report_error("cannot start a process to poll %s: %m",
		    t->a->label);
		end_turn(t, PS_UNDEFINED);
		return;
	}
	s->turn = t;
	if (u->running++ == 0 && u->wait_ms != 0)
		u->wait_ms = clock_deadline(HEAD_START_MS);
}

static void end_slot(struct run *u, struct slot *s)
{
	end_turn(s->turn, child_end(&s->child, u->r->detached));
	u->running--;
	if (u->save_ms == CLOCK_NEVER)
		u->save_ms = clock_deadline(SAVE_MS);
}

/* --- all of them ------------------------------------------------------------- */

static void stop_all(struct run *u)
{
	size_t i;

	for (i = 0; i < u->slots_n; i++)
		if (u->slots[i].child.a != NULL)
			child_stop(&u->slots[i].child);
}

static int64_t next_deadline(const struct run *u)
{
	bool waits = u->wait_ms != 0 && u->running < u->slots_n;
	int64_t first =
	    waits && u->wait_ms < u->save_ms ? u->wait_ms : u->save_ms;
	size_t i;

	for (i = 0; i < u->slots_n; i++)
		if (u->slots[i].child.a != NULL &&
		    u->slots[i].child.end_ms < first)
			first = u->slots[i].child.end_ms;
	return first;
}

static void listen_to_all(struct run *u)
{
	size_t i;

	for (i = 0; i < u->slots_n; i++)
		if (u->slots[i].child.a != NULL && u->fds[i].revents != 0 &&
		    !child_listen(&u->slots[i].child))
			end_slot(u, &u->slots[i]);
	state_sync(&u->state);
}

static void pass_deadlines(struct run *u)
{
	int64_t now = clock_ms();
	size_t i;

	if (u->wait_ms <= now)
		u->wait_ms = 0; /* it takes long: from now on side by side */
	if (u->save_ms <= now) {
		state_save(&u->state, u->running == 0);
		u->save_ms = CLOCK_NEVER;
	}
	for (i = 0; i < u->slots_n; i++) {
		struct child *c = &u->slots[i].child;

		if (c->a == NULL || c->end_ms > now)
			continue;
		child_kill(c);
		end_slot(u, &u->slots[i]);
	}
}

static void wait_for_news(struct run *u)
{
	size_t i;

	for (i = 0; i < u->slots_n; i++) {
		u->fds[i].fd =
		    u->slots[i].child.a != NULL ? u->slots[i].child.fd : -1;
		u->fds[i].events = POLLIN;
		u->fds[i].revents = 0;
	}
	switch (daemon_wait(u->fds, u->slots_n, next_deadline(u))) {
	case DAEMON_READABLE:
		listen_to_all(u);
		break;
	case DAEMON_SIGNAL:
		stop_all(u);
		break;
	case DAEMON_TIMEOUT:
		break;
	}
	pass_deadlines(u);
}

static void poll_all(struct run *u)
{
	struct turn *t;

	for (;;) {
		while (daemon_ended_by() == 0 && (t = next_turn(u)) != NULL)
			begin_turn(u, t);
		if (u->running == 0)
			break;
		wait_for_news(u);
	}
	state_save(&u->state, true);
}

/* As if they had come one after the other. */
static enum status sum_up(const struct run *u)
{
	enum status last = PS_NOMAIL;
	size_t i;

	for (i = 0; i < u->n; i++) {
		if (!u->turns[i].ended)
			continue;
		last = u->turns[i].st;
		if (last == PS_SUCCESS && !u->turns[i].passed)
			return last;
	}
	return last;
}

enum status round_run(const struct round *r)
{
	struct run u = { .r = r, .save_ms = CLOCK_NEVER };
	enum status st = PS_IOERR;
	struct err e;

	tidings_reap();
	if (state_load(&u.state, r->idfile, &e) != ST_OK) {
		report_error("%s", e.text);
	} else {
		list_turns(&u);
		set_pace(&u);
		if (u.n > 1 && u.slots_n > 1)
			headway_allow(false);
		poll_all(&u);
		st = sum_up(&u);
	}
	free(u.turns);
	free(u.slots);
	free(u.fds);
	state_clear(&u.state);
	return st;
}
