/* pgsql: - a query to PostgreSQL servers. pgsql_table(5). */

#include <libpq-fe.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "map/db_engine.h"

enum setting {
	USER,
	PASSWORD,
	DBNAME,
	ENCODING,
	SELECT_FUNCTION,
	HOSTS
};

static const struct db_setting settings[] = {
	[USER] = { "user", DB_TEXT, "", 0 },
	[PASSWORD] = { "password", DB_TEXT, "", 0 },
	[DBNAME] = { "dbname", DB_TEXT, "", 0 },
	[ENCODING] = { "encoding", DB_WORD, "UTF8", 0 },
	[SELECT_FUNCTION] = { "select_function", DB_TEXT, "", 0 },
	DB_SETTINGS_HOSTS, /* the first is HOSTS */
	DB_SETTINGS_SQL,
	DB_SETTING_DOMAIN,
	DB_SETTING_FORMAT,
	DB_SETTING_LIMIT,
};

struct conn {
	const struct db *db;
	PGconn *pg;
	char *host; /* for messages */
};

static bool is_uri(struct str host)
{
	return str_starts(host, STR("postgresql://")) ||
	    str_starts(host, STR("postgres://"));
}

/* A URI names its database itself. */
static enum st pg_check(struct db *d, struct err *e)
{
	struct str rest = str_c(d->values[HOSTS].text), host;
	bool all = rest.n != 0;

	while (str_word(&rest, ", \t\r\n", &host))
		all = all && is_uri(host);
	if (!all && *d->values[DBNAME].text == '\0')
		return err_temp(e, "4.3.5",
		    "%s: bad string length 0 < 1: dbname = ", d->file);
	return ST_OK;
}

static void pg_disconnect(void *conn)
{
	struct conn *c = conn;

	PQfinish(c->pg);
	free(c->host);
	free(c);
}

static void notice(void *db, const char *text)
{
	const struct db *d = db;

	d->warn("pgsql:%s: %s", d->file, text);
}

/* The library's lines as one. */
static struct str one_line(struct buf *out, const char *text)
{
	struct str rest = str_c(text), word;

	while (str_word(&rest, " \t\r\n", &word)) {
		if (out->n != 0)
			buf_addch(out, ' ');
		buf_add(out, word);
	}
	return buf_str(out);
}

/* --- where to ------------------------------------------------------------ */

/* What PQconnectStartParams() takes. */
struct target {
	struct buf host, port;
	const char *names[8], *values[8];
	size_t n;
};

static void target_clear(struct target *t)
{
	buf_clear(&t->host);
	buf_clear(&t->port);
}

static void add(struct target *t, const char *name, const char *value)
{
	if (value == NULL || *value == '\0')
		return;
	t->names[t->n] = name;
	t->values[t->n++] = value;
}

/*
 * "unix:/directory" or the socket in it, "inet:host:port", or without the
 * first word. libpq wants the directory and the port that the name ends in.
 */
static void split_host(struct target *t, struct str host)
{
	struct str socket = STR("/.s.PGSQL.");
	ptrdiff_t cut;
	size_t skip = 1;

	if (str_starts(host, STR("unix:")) || str_starts(host, STR("inet:")))
		host = str_skip(host, 5);
	if (host.n != 0 && *host.p == '/') {
		cut = str_search(host, socket);
		skip = socket.n;
	} else {
		cut = str_rfind(host, ':');
	}
	buf_set(&t->host, cut < 0 ? host : str_head(host, (size_t)cut));
	if (cut >= 0)
		buf_set(&t->port, str_skip(host, (size_t)cut + skip));
}

static void aim(struct target *t, const struct db *d, struct str host)
{
	if (is_uri(host)) {
		buf_set(&t->host, host);
		add(t, "dbname", buf_c(&t->host));
	} else {
		split_host(t, host);
		add(t, "host", buf_c(&t->host));
		add(t, "port", buf_c(&t->port));
		add(t, "dbname", d->values[DBNAME].text);
		add(t, "user", d->values[USER].text);
		add(t, "password", d->values[PASSWORD].text);
	}
	add(t, "client_encoding", d->values[ENCODING].text);
}

/* --- waiting ------------------------------------------------------------- */

static bool wait_for(PGconn *pg, short events, int64_t deadline)
{
	struct pollfd p = { .fd = PQsocket(pg), .events = events };
	int n;

	do
		n = poll(&p, 1, clock_left(deadline));
	while (n < 0 && errno == EINTR);
	return n > 0;
}

static enum st finish_connect(struct conn *c, struct err *e)
{
	AUTO_BUF why = BUF_MAX(1000);
	int64_t deadline = clock_deadline(DB_CONNECT_MS);
	PostgresPollingStatusType state = PGRES_POLLING_WRITING;

	if (PQstatus(c->pg) == CONNECTION_BAD)
		state = PGRES_POLLING_FAILED;
	while (state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
		if (!wait_for(c->pg,
			state == PGRES_POLLING_READING ? POLLIN : POLLOUT,
			deadline))
			return err_temp(e, "4.3.0",
			    "connect to pgsql server %s: no answer in %d s",
			    c->host, DB_CONNECT_MS / 1000);
		state = PQconnectPoll(c->pg);
	}
	return state == PGRES_POLLING_OK
	    ? ST_OK
	    : err_temp(e, "4.3.0", "connect to pgsql server %s: %.*s", c->host,
		  STR_ARG(one_line(&why, PQerrorMessage(c->pg))));
}

static enum st pg_connect(struct db *d, struct str host, void **conn,
    struct err *e)
{
	CLEANUP(target_clear)
	struct target t = { .host = BUF_MAX(2000), .port = BUF_MAX(200) };
	struct conn *c = xcalloc(1, sizeof(*c));
	/* No password in a message. */
	struct str shown = is_uri(host) ? STR("of a URI") : host;

	c->db = d;
	c->host = xstrndup(shown);
	aim(&t, d, host);
	c->pg = PQconnectStartParams(t.names, t.values, 1);
	if (c->pg == NULL)
		bug("no memory");
	PQsetNoticeProcessor(c->pg, notice, d);
	if (finish_connect(c, e) != ST_OK) {
		pg_disconnect(c);
		return ST_TEMP;
	}
	*conn = c;
	return ST_OK;
}

/* --- asking -------------------------------------------------------------- */

static enum st pg_quote(void *conn, struct str part, struct buf *out,
    struct err *e)
{
	const struct conn *c = conn;
	size_t room;
	char *p = buf_room(out, 2 * part.n + 1, &room);
	int bad = 0;

	if (room < 2 * part.n + 1)
		return err_temp(e, "4.3.5", "longer than %zu bytes", out->max);
	buf_grew(out, PQescapeStringConn(c->pg, p, part.p, part.n, &bad));
	return bad == 0
	    ? ST_OK
	    : err_temp(e, "4.3.5",
		  "dict pgsql: (host %s) cannot escape input string: %s",
		  c->host, PQerrorMessage(c->pg));
}

/* The next result, NULL: there is none. False: no answer in time. */
static bool next_result(const struct conn *c, int64_t deadline, PGresult **out)
{
	while (PQisBusy(c->pg))
		if (!wait_for(c->pg, POLLIN, deadline) ||
		    PQconsumeInput(c->pg) == 0)
			return false;
	*out = PQgetResult(c->pg);
	return true;
}

static enum st failed(const struct conn *c, const char *text,
    struct db_answer *a, struct err *e)
{
	AUTO_BUF why = BUF_MAX(1000);

	a->lost = a->lost || PQstatus(c->pg) == CONNECTION_BAD;
	one_line(&why, text);
	return err_temp(e, "4.3.0",
	    "pgsql query failed: fatal error from host %s: %s", c->host,
	    buf_c(&why));
}

/* The server's last words come as a result, before the connection ends. */
static bool is_fatal(const PGresult *r)
{
	const char *s = PQresultErrorField(r, PG_DIAG_SEVERITY_NONLOCALIZED);

	return s != NULL &&
	    (strcmp(s, "FATAL") == 0 || strcmp(s, "PANIC") == 0);
}

static bool done(const PGresult *r)
{
	ExecStatusType s = PQresultStatus(r);

	return s == PGRES_TUPLES_OK || s == PGRES_COMMAND_OK;
}

/* All results, of which the last one counts; *last is the caller's. */
static enum st take_results(const struct conn *c, PGresult **last,
    struct db_answer *a, struct err *e)
{
	int64_t deadline = clock_deadline(DB_ANSWER_MS);
	PGresult *r;

	for (;;) {
		if (!next_result(c, deadline, &r))
			return failed(c,
			    PQstatus(c->pg) == CONNECTION_BAD
				? PQerrorMessage(c->pg)
				: "no answer in time",
			    a, e);
		if (r == NULL && *last != NULL)
			return ST_OK;
		if (r == NULL)
			return failed(c, PQerrorMessage(c->pg), a, e);
		PQclear(*last);
		*last = r;
		a->lost = !done(r) && is_fatal(r);
		if (!done(r))
			return failed(c, PQresultErrorMessage(r), a, e);
	}
}

static enum st add_rows(const PGresult *r, struct db_answer *a, struct err *e)
{
	int rows = PQntuples(r), columns = PQnfields(r), i, k;
	enum st st = ST_OK;

	for (i = 0; i < rows; i++)
		for (k = 0; k < columns && st == ST_OK; k++)
			if (!PQgetisnull(r, i, k))
				st = a->add(a,
				    (struct str){ PQgetvalue(r, i, k),
					(size_t)PQgetlength(r, i, k) },
				    e);
	return st;
}

static enum st pg_query(void *conn, const struct buf *text, struct db_answer *a,
    struct err *e)
{
	const struct conn *c = conn;
	PGresult *last = NULL;
	enum st st;

	if (PQsendQuery(c->pg, buf_c(text)) == 0)
		return failed(c, PQerrorMessage(c->pg), a, e);
	st = take_results(c, &last, a, e);
	if (st == ST_OK)
		st = add_rows(last, a, e);
	PQclear(last);
	return st;
}

DB_MODULE const struct db_engine map_module = {
	.abi = DB_ENGINE_ABI,
	.type = "pgsql",
	.settings = settings,
	.n_settings = NELEM(settings),
	.templates = { { "query", pg_quote } },
	.hosts = "hosts",
	.default_host = "localhost",
	.sql = true,
	.limit_name = "dict_pgsql_lookup",
	.limit_key = "key:",
	.check = pg_check,
	.connect = pg_connect,
	.query = pg_query,
	.disconnect = pg_disconnect,
};
