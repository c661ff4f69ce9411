/*
 * db_hosts - several servers with the same answers: which one to ask.
 *
 * One that we are connected to comes before one that we are not, a UNIX socket
 * before the network, and among equals chance decides. One that failed rests
 * for retry_interval; a single one does not, it is tried at each lookup.
 * mysql_table(5), "hosts"; Postfix 3.10 for the single one.
 */
#ifndef COMMON_MAP_DB_HOSTS_H
#define COMMON_MAP_DB_HOSTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"
#include "map/db_engine.h"

struct db_host {
	struct str name;
	bool local; /* a UNIX socket */
	bool tried; /* in this lookup */
	void *conn;
	int64_t used_ms, rest_until;
};

struct db_hosts {
	struct db *db;
	const struct db_engine *engine;
	struct db_host *list;
	size_t n;
	int64_t idle_ms, retry_ms; /* idle_ms 0: a connection may idle */
};

/* Ask one connection. ST_TEMP and a->lost: it is of no use any more. */
typedef enum st db_ask_fn(void *conn, void *arg, bool *lost, struct err *e);

/* Connects to nobody yet. names is separated by blanks and commas. */
void db_hosts_init(struct db_hosts *h, struct db *db,
    const struct db_engine *engine, struct str names);
/*
 * Ask one host after the other until one answers with anything but ST_TEMP. A
 * kept connection that turns out to be dead is made again at once. Each
 * failure is warned of. ST_TEMP: the last failure's text, or "all servers
 * failed a short time ago".
 */
enum st db_hosts_ask(struct db_hosts *h, db_ask_fn *ask, void *arg,
    struct err *e) MUST_CHECK;
/* Connect to the first one, where a table does that early. */
enum st db_hosts_connect(struct db_hosts *h, struct err *e) MUST_CHECK;
void db_hosts_close(struct db_hosts *h);

#endif
