/* relay - messages from the router to relayhost. Runs in: relay. */

#include "vdeliver/relay.h"

#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "priv/ipc.h"
#include "vdeliver/relay_talk.h"
#include "vdeliver/wire.h"

/* Most targets of a message, and of one answer. */
#define TARGETS_MAX 200000
#define ANSWERS     100

struct incoming {
	struct arena arena;
	struct relay_mail mail;
	struct str places;
	uint32_t id;
};

static void read_mail(struct ipc_in *in, struct incoming *i)
{
	struct relay_mail *m = &i->mail;
	bool is_inline;

	*i = (struct incoming){ .mail.fd = -1 };
	i->id = ipc_get_u32(in);
	m->flags = ipc_get_u32(in);
	m->deadline = clock_deadline((int64_t)(ipc_get_u64(in) & INT32_MAX));
	m->size = ipc_get_u64(in);
	m->qid = arena_str(&i->arena, ipc_get_str(in));
	m->sender = arena_str(&i->arena, ipc_get_str(in));
	m->ret = arena_str(&i->arena, ipc_get_str(in));
	m->envid = arena_str(&i->arena, ipc_get_str(in));
	i->places = arena_str(&i->arena, ipc_get_str(in));
	m->n = ipc_get_u32(in);
	is_inline = ipc_get_u32(in) != 0;
	m->body = arena_str(&i->arena, ipc_get_str(in));
	if (!is_inline)
		m->fd = fd_take(&in->fd);
	if (!ipc_in_ok(in) || in->type != W_MAIL || m->n == 0 ||
	    m->n > TARGETS_MAX || (is_inline && m->body.n != m->size) ||
	    (!is_inline && m->fd < 0))
		bug("malformed message from the router");
	m->targets = arena_array(&i->arena, m->n, sizeof(*m->targets));
}

/* Those of one W_TARGETS, from at on; how many there are then. */
static size_t read_targets(struct ipc_in *in, struct incoming *i, size_t at)
{
	uint32_t id = ipc_get_u32(in), n = ipc_get_u32(in), k;

	if (in->type != W_TARGETS || id != i->id || n == 0 ||
	    n > i->mail.n - at)
		bug("malformed targets from the router");
	for (k = 0; k < n; k++) {
		struct relay_target *g = &i->mail.targets[at + k];

		g->address = arena_str(&i->arena, ipc_get_str(in));
		g->orcpt = arena_str(&i->arena, ipc_get_str(in));
		g->notify = arena_str(&i->arena, ipc_get_str(in));
		g->group = ipc_get_u32(in);
	}
	if (!ipc_in_ok(in))
		bug("malformed targets from the router");
	return at + n;
}

static bool answer(int router, const struct incoming *i)
{
	const struct relay_mail *m = &i->mail;
	size_t at = 0, end;

	while (at < m->n) {
		AUTO_IPC_OUT o = IPC_OUT;

		end = at + ANSWERS < m->n ? at + ANSWERS : m->n;
		ipc_begin(&o, W_RELAYED);
		ipc_put_u32(&o, i->id);
		ipc_put_str(&o, str_c(m->place));
		ipc_put_u32(&o, (uint32_t)m->connect_ms);
		ipc_put_u32(&o, (uint32_t)(end - at));
		for (; at < end; at++) {
			const struct relay_target *g = &m->targets[at];

			ipc_put_u32(&o, (uint32_t)g->st);
			ipc_put_u32(&o, g->code);
			ipc_put_str(&o, str_c(g->err.dsn));
			ipc_put_str(&o, str_c(g->err.text));
		}
		if (!ipc_out_ok(&o) || ipc_send_wait(router, &o, -1) != IPC_OK)
			return false;
	}
	return true;
}

/* One message; false when the router is gone. */
static bool serve(const struct relay_start *s, struct ipc_in *in)
{
	struct incoming i;
	size_t at = 0;
	bool ok = true;

	read_mail(in, &i);
	while (ok && at < i.mail.n) {
		ok = ipc_recv(s->router, in) == IPC_OK;
		if (ok)
			at = read_targets(in, &i, at);
	}
	if (ok) {
		relay_mail(s->set, s->tls, i.places, &i.mail);
		ok = answer(s->router, &i);
	}
	fd_clear(&i.mail.fd);
	arena_clear(&i.arena);
	return ok;
}

void relay_run(const struct relay_start *s)
{
	static struct ipc_in in = { .fd = -1 };

	while (ipc_recv(s->router, &in) == IPC_OK && serve(s, &in))
		continue;
	_exit(0);
}
