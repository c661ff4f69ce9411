/* delivering - a message's jobs and replies. Runs in: router. */

#include "vdeliver/delivering_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/io.h"
#include "base/log.h"
#include "base/xalloc.h"

/* Octets of paths and addresses in one job, so that it fits one message. */
#define JOB_NAMES_MAX 30000

static void work_done(struct work *w);
static void work_waits(struct work *w);

static void fold(char *key, size_t size, struct str a, struct str b)
{
	size_t i;
	int n = snprintf(key, size, "%.*s\n%.*s", STR_ARG(a), STR_ARG(b));

	for (i = 0; (int)i < n && i < size; i++)
		key[i] = str_lower(key[i]);
}

/* One target per (original, final) pair, case apart; one per final address
 * when no X-Original-To is written. */
static void add_route(struct delivery *d, struct hash *seen, size_t rcpt,
    const struct accepted *a, const struct final *f)
{
	struct claim *c = arena_alloc(&d->m.arena, sizeof(*c));
	struct str orig =
	    d->ways->set->enable_original_recipient ? a->original : STR_NONE;
	size_t size = orig.n + f->address.n + 2;
	char *key = arena_alloc(&d->m.arena, size);
	struct route *r;

	fold(key, size, orig, f->address);
	r = hash_get(seen, str_c(key));
	if (r == NULL) {
		r = arena_alloc(&d->m.arena, sizeof(*r));
		r->path = f->path;
		r->orig = orig;
		r->given = a->given;
		r->final = f->address;
		r->uid = f->uid;
		r->gid = f->gid;
		r->relay = f->outside;
		r->orcpt = a->orcpt;
		r->notify = a->notify;
		r->group = d->m.lmtp ? (uint32_t)rcpt : 0;
		hash_put(seen, str_c(key), r);
		d->routes[d->route_count++] = r;
	}
	c->route = r;
	c->next = d->claims[rcpt];
	d->claims[rcpt] = c;
}

static void collect_routes(struct delivery *d)
{
	struct hash *seen = hash_new();
	const struct accepted *a;
	const struct final *f;
	size_t n = 0, i;

	for (a = d->m.rcpts; a != NULL; a = a->next)
		for (f = a->finals; f != NULL; f = f->next)
			n++;
	d->routes = arena_array(&d->m.arena, n, sizeof(*d->routes));
	d->claims =
	    arena_array(&d->m.arena, d->m.rcpt_count, sizeof(*d->claims));
	for (a = d->m.rcpts, i = 0; a != NULL; a = a->next, i++)
		for (f = a->finals; f != NULL; f = f->next)
			add_route(d, seen, i, a, f);
	hash_free(seen, NULL);
}

static size_t names_size(const struct route *r)
{
	return r->path.n + r->orig.n + r->final.n + 16;
}

static struct work *new_work(struct delivery *d, const struct route *r)
{
	struct work *w = arena_alloc(&d->m.arena, sizeof(*w));

	w->uid = r->uid;
	w->gid = r->gid;
	w->sender = d->m.sender;
	w->body = d->m.body;
	w->fd = d->m.fd;
	w->size = d->m.size;
	w->limit = (uint64_t)d->ways->set->virtual_mailbox_limit;
	w->done = work_done;
	w->waiting = work_waits;
	w->owner = d;
	d->works[d->work_count++] = w;
	return w;
}

static int by_owner(const void *a, const void *b)
{
	const struct route *x = *(struct route *const *)a;
	const struct route *y = *(struct route *const *)b;

	if (x->uid != y->uid)
		return x->uid < y->uid ? -1 : 1;
	return x->gid < y->gid ? -1 : x->gid > y->gid;
}

static void make_works(struct delivery *d)
{
	struct work *w = NULL;
	size_t names = 0, i;
	struct route *r;

	d->works = arena_array(&d->m.arena, d->route_count, sizeof(*d->works));
	qsort(d->routes, d->route_count, sizeof(struct route *), by_owner);
	for (i = 0; i < d->route_count; i++) {
		r = d->routes[i];
		if (r->relay)
			continue;
		if (w == NULL || w->uid != r->uid || w->gid != r->gid ||
		    w->n == JOB_TARGETS ||
		    names + names_size(r) > JOB_NAMES_MAX) {
			w = new_work(d, r);
			names = 0;
		}
		w->routes[w->n++] = r;
		names += names_size(r);
	}
}

static void start_stage(struct delivery *d)
{
	size_t i;

	d->pending = d->work_count;
	for (i = 0; i < d->work_count; i++) {
		d->works[i]->phase =
		    d->stage == STAGE_ONE ? JOB_DELIVER : JOB_PREPARE;
		workers_put(d->ways->workers, d->works[i]);
	}
}

/* The worst outcome of what an RCPT claims. */
static const struct route *worst_of(const struct claim *c)
{
	const struct route *worst = NULL;

	for (; c != NULL; c = c->next)
		if (worst == NULL ||
		    st_worse(worst->st, c->route->st) != worst->st)
			worst = c->route;
	return worst;
}

static void fail_route(struct route *r, const struct route *because)
{
	if (r->st != ST_OK || r->relayed)
		return;
	r->st = because->st;
	r->code = because->code;
	r->err = because->err;
}

void delivering_spread_failures(struct delivery *d)
{
	const struct route *worst;
	struct claim *c;
	size_t i, k;

	for (i = 0; i < d->m.rcpt_count; i++) {
		worst = worst_of(d->claims[i]);
		if (worst == NULL || worst->st == ST_OK)
			continue;
		for (c = d->claims[i]; c != NULL; c = c->next)
			fail_route(c->route, worst);
		for (k = 0; !d->m.lmtp && k < d->route_count; k++)
			fail_route(d->routes[k], worst);
	}
}

static void make_reply(const struct delivery *d, const struct route *r,
    struct str rcpt, struct reply *out)
{
	const char *open = d->m.lmtp ? "<" : "", *close = d->m.lmtp ? "> " : "";

	if (!d->m.lmtp)
		rcpt.n = 0;
	if (r == NULL || r->st == ST_OK)
		reply_set(out, 250, "2.0.0", "%s%.*s%sOk: queued as %.*s", open,
		    STR_ARG(rcpt), close, STR_ARG(d->m.qid));
	else
		reply_set(out, r->code != 0 ? r->code : reply_code(r->err.dsn),
		    r->err.dsn, "%s%.*s%s%s", open, STR_ARG(rcpt), close,
		    r->err.text);
}

static void delivery_free(struct delivery *d)
{
	struct arena a = d->m.arena;

	fd_clear(&d->m.fd);
	free(d);
	arena_clear(&a);
}

static void finish(struct delivery *d)
{
	size_t n = d->m.lmtp ? d->m.rcpt_count : 1, i;
	struct reply *replies = arena_array(&d->m.arena, n, sizeof(*replies));
	const struct accepted *a = d->m.rcpts;
	const struct route *worst = NULL, *r;

	for (i = 0; i < d->route_count; i++)
		delivering_log_status(d, d->routes[i]);
	for (i = 0; i < d->m.rcpt_count; i++, a = a->next) {
		r = worst_of(d->claims[i]);
		if (d->m.lmtp)
			make_reply(d, r, a->address, &replies[i]);
		if (worst == NULL ||
		    (r != NULL && st_worse(worst->st, r->st) != worst->st))
			worst = r;
	}
	if (!d->m.lmtp)
		make_reply(d, worst, STR_NONE, &replies[0]);
	delivering_log(d, "removed");
	d->m.done(&d->m, replies, n);
	delivery_free(d);
}

/* Everything is staged and locked: publish what may be, drop the rest. */
static void give_verdicts(struct delivery *d)
{
	struct work *w;
	size_t i, k;
	bool any;

	d->stage = STAGE_VERDICT;
	delivering_spread_failures(d);
	d->pending = 1; /* this loop itself */
	for (i = 0; i < d->work_count; i++) {
		w = d->works[i];
		if (w->at == NULL)
			continue; /* nothing is staged there */
		for (k = 0, any = false; k < w->n; k++)
			any |= w->routes[k]->st == ST_OK;
		if (workers_verdict(d->ways->workers, w,
			any ? JOB_COMMIT : JOB_ABORT))
			d->pending++;
	}
	if (--d->pending == 0)
		finish(d);
}

/* True when some mbox has to be locked before anything is published. */
static bool take_locks(struct delivery *d)
{
	struct work *w;
	size_t i;
	bool any = false;

	d->stage = STAGE_LOCK;
	delivering_spread_failures(d);
	d->pending = 1; /* this loop itself */
	for (i = 0; i < d->work_count; i++) {
		w = d->works[i];
		if (w->at == NULL || !work_has_mbox(w) ||
		    !workers_verdict(d->ways->workers, w, JOB_LOCK))
			continue;
		any = true;
		d->pending++;
	}
	d->pending--;
	return any;
}

/* A worker died with its staged copies while others were staging. */
static void check_lost(struct delivery *d)
{
	struct work *w;
	size_t i, k;

	for (i = 0; i < d->work_count; i++) {
		w = d->works[i];
		for (k = 0; w->at == NULL && k < w->n; k++)
			if (w->routes[k]->st == ST_OK)
				w->routes[k]->st = err_temp(&w->routes[k]->err,
				    "4.3.0",
				    "delivery process ended; try again later");
	}
}

/* All is prepared, and relayed: nothing is published yet. */
static void go_on(struct delivery *d)
{
	if (d->work_count == 0)
		finish(d);
	else if (!take_locks(d))
		give_verdicts(d);
}

/* Nobody may take for delivered what relayhost did not say it has. */
static void check_relayed(struct delivery *d)
{
	size_t i;

	for (i = 0; i < d->route_count; i++) {
		struct route *r = d->routes[i];

		if (r->relay && r->st == ST_OK && !r->relayed)
			r->st = err_temp(&r->err, "4.3.0",
			    "relay process gave no answer; try again later");
	}
}

void delivering_relayed(struct delivery *d)
{
	check_relayed(d);
	check_lost(d);
	delivering_soften(d);
	go_on(d);
}

static void work_done(struct work *w)
{
	struct delivery *d = w->owner;

	if (--d->pending != 0)
		return;
	if (d->stage == STAGE_PREPARE || d->stage == STAGE_LOCK)
		check_lost(d);
	delivering_soften(d);
	if (d->stage == STAGE_LOCK) {
		give_verdicts(d);
		return;
	}
	if (d->stage != STAGE_PREPARE) {
		finish(d);
		return;
	}
	delivering_spread_failures(d);
	if (!delivering_relay(d))
		go_on(d);
}

void delivering_waits(struct delivery *d)
{
	if (!d->told)
		d->m.waits(&d->m);
	d->told = true;
}

static void work_waits(struct work *w)
{
	delivering_waits(w->owner);
}

static bool goes_out(const struct delivery *d)
{
	size_t i;

	for (i = 0; i < d->route_count; i++)
		if (d->routes[i]->relay)
			return true;
	return false;
}

void delivering_start(const struct ways *ways, const struct message *m)
{
	struct delivery *d = xcalloc(1, sizeof(*d));

	d->m = *m;
	d->ways = ways;
	d->received_ms = clock_ms();
	collect_routes(d);
	make_works(d);
	d->stage = d->work_count > 1 || goes_out(d) ? STAGE_PREPARE : STAGE_ONE;
	delivering_log(d, "from=<%.*s>, size=%llu, nrcpt=%zu (queue active)",
	    STR_ARG(d->m.sender), (unsigned long long)d->m.size,
	    d->route_count);
	if (d->route_count == 0)
		bug("message %.*s has no target", STR_ARG(d->m.qid));
	if (d->work_count != 0)
		start_stage(d);
	else if (!delivering_relay(d))
		bug("message %.*s goes nowhere", STR_ARG(d->m.qid));
}
