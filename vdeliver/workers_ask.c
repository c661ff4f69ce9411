/* workers_ask - questions for workers that run. Runs in: router. */

#include <stdio.h>

#include "vdeliver/wire.h"
#include "vdeliver/workers_state.h"

/* So many a worker may have; jobs have the rest of its window for sure. */
#define ASKS_MAX 8

static void ask_done(struct worker_ask *a, enum st st, const struct err *e)
{
	list_del(&a->link);
	a->at = NULL;
	a->done(a, st, e);
}

void workers_asks_over(struct worker_proc *p)
{
	struct err none = { "", "" };

	while (!list_empty(&p->asks))
		ask_done(CONTAINER_OF(p->asks.next, struct worker_ask, link),
		    ST_OK, &none);
}

bool workers_on_room(struct worker_proc *p, struct ipc_in *in, uint32_t id)
{
	uint32_t st = ipc_get_u32(in);
	struct str dsn = ipc_get_str(in), text = ipc_get_str(in);
	struct err e;

	if (!ipc_in_ok(in) || p->questions == 0 || st > ST_PERM)
		return false;
	p->questions--;
	p->unanswered--;
	snprintf(e.dsn, sizeof(e.dsn), "%.*s", STR_ARG(dsn));
	snprintf(e.text, sizeof(e.text), "%.*s", STR_ARG(text));
	list_foreach(l, &p->asks) {
		struct worker_ask *a = CONTAINER_OF(l, struct worker_ask, link);

		if (a->id == id) {
			ask_done(a, (enum st)st, &e);
			break;
		}
	}
	return true;
}

bool workers_ask(struct workers *ws, struct worker_ask *a,
    const struct final *finals, uint64_t size)
{
	AUTO_IPC_OUT o = IPC_OUT;
	char key[32];
	struct worker_proc *p =
	    hash_get(ws->procs, workers_key(finals->uid, finals->gid, key));
	const struct final *f;
	uint32_t n = 0;

	if (p == NULL || p->pid == 0 || p->questions >= ASKS_MAX ||
	    p->unanswered >= WIRE_WORKER_WINDOW)
		return false;
	for (f = finals; f != NULL && n < ROOM_PATHS; f = f->next)
		n += f->uid == finals->uid && f->gid == finals->gid;
	a->id = ++ws->last_id;
	ipc_begin(&o, W_ROOM);
	ipc_put_u32(&o, a->id);
	ipc_put_u64(&o, size);
	ipc_put_u32(&o, n);
	for (f = finals; f != NULL && n > 0; f = f->next) {
		if (f->uid != finals->uid || f->gid != finals->gid)
			continue;
		ipc_put_str(&o, f->path);
		n--;
	}
	if (!ipc_out_ok(&o))
		return false;
	chan_send(&p->chan, &o, -1);
	p->unanswered++;
	p->questions++;
	a->at = p;
	list_add_tail(&p->asks, &a->link);
	return true;
}

void workers_ask_cancel(struct worker_ask *a)
{
	if (a->at != NULL)
		list_del(&a->link);
	a->at = NULL;
}
