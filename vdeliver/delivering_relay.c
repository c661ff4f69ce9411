/* delivering_relay - the part of a message for relayhost. Runs in: router. */

#include <string.h>

#include "vdeliver/delivering_state.h"

static void relay_done(struct relay_work *w)
{
	delivering_relayed(w->owner);
}

bool delivering_relay(struct delivery *d)
{
	struct relay_work *w = arena_alloc(&d->m.arena, sizeof(*w));
	size_t i;

	w->routes =
	    arena_array(&d->m.arena, d->route_count, sizeof(*w->routes));
	for (i = 0; i < d->route_count; i++)
		if (d->routes[i]->relay && d->routes[i]->st == ST_OK)
			w->routes[w->n++] = d->routes[i];
	if (w->n == 0)
		return false;
	w->qid = d->m.qid;
	w->sender = d->m.sender;
	w->ret = d->m.ret;
	w->envid = d->m.envid;
	w->flags = d->m.flags;
	w->body = d->m.body;
	w->fd = d->m.fd;
	w->size = d->m.size;
	w->done = relay_done;
	w->owner = d;
	d->relay = w;
	d->stage = STAGE_RELAY;
	delivering_waits(d);
	relays_put(d->ways->relays, w);
	return true;
}

static bool group_relayed(const struct delivery *d, uint32_t group)
{
	size_t i;

	for (i = 0; i < d->route_count; i++)
		if (d->routes[i]->relayed && d->routes[i]->group == group)
			return true;
	return false;
}

void delivering_soften(struct delivery *d)
{
	struct route *r;
	size_t i;

	for (i = 0; i < d->route_count; i++) {
		r = d->routes[i];
		if (r->st != ST_PERM || r->relay || !group_relayed(d, r->group))
			continue;
		r->st = ST_TEMP;
		r->code = 0;
		r->err.dsn[0] = '4';
	}
}
