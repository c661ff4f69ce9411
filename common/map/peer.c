/* peer - one connection to the server of a table. */

#include "map/peer.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"

static const struct peer_limits *forced;

void peer_limits_for_test(const struct peer_limits *limits)
{
	forced = limits;
}

static const struct peer_limits *limits_of(const struct peer *p)
{
	return forced != NULL ? forced : &p->kind->limits;
}

void peer_init(struct peer *p, const struct peer_kind *kind, struct str where,
    struct arena *a)
{
	struct str host = STR_NONE, port = where;
	ptrdiff_t colon = str_rfind(where, ':');

	*p = (struct peer){ .kind = kind, .shown = arena_strz(a, where) };
	if (*p->shown == '/') {
		p->host = p->shown;
		return;
	}
	if (colon >= 0) {
		host = str_head(where, (size_t)colon);
		port = str_skip(where, (size_t)colon + 1);
	}
	if (host.n > 2 && *host.p == '[' && host.p[host.n - 1] == ']')
		host = str_skip(str_head(host, host.n - 1), 1);
	p->host = host.n != 0 ? arena_strz(a, host) : "localhost";
	p->port = arena_strz(a, port);
}

void peer_close(struct peer *p)
{
	conn_close(p->conn);
	p->conn = NULL;
}

/* Open, neither old nor rested, and nothing there that nobody asked for. */
static bool usable(const struct peer *p, const struct peer_limits *l)
{
	int64_t now = clock_ms();

	return p->conn != NULL && now - p->used_ms <= l->idle_ms &&
	    now - p->born_ms <= l->life_ms && conn_is_quiet(p->conn, 0);
}

static enum st connect_to(struct peer *p, const struct peer_limits *l,
    struct err *e)
{
	if (usable(p, l))
		return ST_OK;
	peer_close(p);
	if (conn_open(&p->conn, p->host, p->port, l->timeout_ms, e) != ST_OK) {
		log_warn("%s %s: %m", p->kind->connect_text, p->shown);
		return err_temp(e, "4.3.0", "%m");
	}
	p->born_ms = clock_ms();
	return ST_OK;
}

static enum st talk(struct peer *p, const struct peer_limits *l,
    struct str question, struct buf *reply, struct err *e)
{
	enum st st;

	buf_reset(reply);
	conn_set_deadline(p->conn, clock_deadline(l->timeout_ms));
	st = p->kind->talk(p->conn, question, reply, e);
	p->used_ms = clock_ms();
	if (st == ST_OK)
		return ST_OK;
	if (p->kind->read_text != NULL)
		log_warn("%s %s: %s", p->kind->read_text, p->shown, e->text);
	/* Who let us wait so long once would do it again. */
	if (conn_timed_out(p->conn))
		st = ST_PERM;
	peer_close(p);
	return st;
}

static void rest(int64_t ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&t, &t) != 0 && errno == EINTR)
		;
}

enum st peer_ask(struct peer *p, struct str question, struct buf *reply,
    struct err *e)
{
	const struct peer_limits *l = limits_of(p);
	enum st st;
	int n;

	for (n = 1;; n++) {
		st = connect_to(p, l, e);
		if (st != ST_OK && l->pause_ms == 0)
			return ST_TEMP;
		if (st == ST_OK)
			st = talk(p, l, question, reply, e);
		if (st == ST_OK)
			return ST_OK;
		if (st == ST_PERM || n >= l->tries)
			return ST_TEMP;
		rest(l->pause_ms);
	}
}
