/* db_hosts - which server to ask, and what to do when it fails. */

#include "map/db_hosts.h"

#include <sys/random.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"

#define SEPARATORS ", \t\r\n"
/* A failure that takes longer was a slow server, not a stale connection. */
#define STALE_MS 1000

void db_hosts_init(struct db_hosts *h, struct db *db,
    const struct db_engine *engine, struct str names)
{
	struct str rest = names, name;
	size_t n = 0;

	h->db = db;
	h->engine = engine;
	while (str_word(&rest, SEPARATORS, &name))
		n++;
	h->n = n != 0 ? n : 1;
	h->list = arena_array(db->arena, h->n, sizeof(*h->list));
	for (n = 0; str_word(&names, SEPARATORS, &name); n++) {
		h->list[n].name = arena_str(db->arena, name);
		h->list[n].local =
		    *name.p == '/' || str_starts(name, STR("unix:"));
	}
}

static void disconnect(struct db_hosts *h, struct db_host *host)
{
	if (host->conn != NULL)
		h->engine->disconnect(host->conn);
	host->conn = NULL;
}

static enum st connect_to(struct db_hosts *h, struct db_host *host,
    struct err *e)
{
	return h->engine->connect(h->db, host->name, &host->conn, e);
}

enum st db_hosts_connect(struct db_hosts *h, struct err *e)
{
	return connect_to(h, &h->list[0], e);
}

/* Any of n, each as likely; which one is no secret. */
static size_t chance(size_t n)
{
	uint32_t r = 0;

	if (getrandom(&r, sizeof(r), GRND_NONBLOCK) != sizeof(r))
		r = (uint32_t)clock_ms();
	return r % n;
}

static int rank(const struct db_host *host)
{
	return (host->conn == NULL ? 2 : 0) + (host->local ? 0 : 1);
}

/* The next to try, NULL: none is left. */
static struct db_host *choose(struct db_hosts *h)
{
	struct db_host *best = NULL;
	size_t i, equals = 0;
	int64_t now = clock_ms();

	for (i = 0; i < h->n; i++) {
		struct db_host *it = &h->list[i];

		if (it->tried || (h->n > 1 && it->rest_until > now))
			continue;
		if (best == NULL || rank(it) < rank(best))
			equals = 0;
		else if (rank(it) > rank(best))
			continue;
		/* The kth of equals replaces the others in one of k cases. */
		if (chance(++equals) == 0)
			best = it;
	}
	return best;
}

/* Connect if need be, and ask; *again: the connection was a stale one. */
static enum st ask_once(struct db_hosts *h, struct db_host *host,
    db_ask_fn *ask, void *arg, bool *again, struct err *e)
{
	bool kept = host->conn != NULL, lost = false;
	int64_t start = clock_ms();
	enum st st;

	*again = false;
	if (!kept && connect_to(h, host, e) != ST_OK)
		return ST_TEMP;
	st = ask(host->conn, arg, &lost, e);
	host->used_ms = clock_ms();
	if (lost) {
		disconnect(h, host);
		*again = kept && host->used_ms - start < STALE_MS;
	}
	return st;
}

static enum st ask_host(struct db_hosts *h, struct db_host *host,
    db_ask_fn *ask, void *arg, struct err *e)
{
	bool again;
	enum st st;

	if (h->idle_ms > 0 && host->conn != NULL &&
	    clock_ms() - host->used_ms > h->idle_ms)
		disconnect(h, host);
	st = ask_once(h, host, ask, arg, &again, e);
	if (st == ST_TEMP && again)
		st = ask_once(h, host, ask, arg, &again, e);
	return st;
}

enum st db_hosts_ask(struct db_hosts *h, db_ask_fn *ask, void *arg,
    struct err *e)
{
	struct db_host *host;
	enum st st;
	size_t i;

	for (i = 0; i < h->n; i++)
		h->list[i].tried = false;
	err_temp(e, "4.3.0", "%s:%s: all servers failed a short time ago",
	    h->db->type, h->db->file);
	while ((host = choose(h)) != NULL) {
		host->tried = true;
		st = ask_host(h, host, ask, arg, e);
		if (st != ST_TEMP)
			return st;
		disconnect(h, host);
		host->rest_until = clock_ms() + h->retry_ms;
		if (!h->engine->quiet)
			log_warn("%s", e->text);
	}
	return ST_TEMP;
}

void db_hosts_close(struct db_hosts *h)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		disconnect(h, &h->list[i]);
}
