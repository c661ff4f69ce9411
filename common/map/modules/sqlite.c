/* sqlite: - a query to an SQLite database file. sqlite_table(5). */

#include <sqlite3.h>

#include <stdlib.h>
#include <sys/stat.h>

#include "base/xalloc.h"
#include "map/db_engine.h"

enum setting {
	DBPATH
};

static const struct db_setting settings[] = {
	[DBPATH] = { "dbpath", DB_WORD, NULL, 0 },
	DB_SETTINGS_SQL,
	DB_SETTING_DOMAIN,
	DB_SETTING_FORMAT,
	DB_SETTING_LIMIT,
};

struct conn {
	const struct db *db;
	sqlite3 *sqlite;
	const char *path;
	struct stat file;
};

static void sqlite_disconnect(void *conn)
{
	struct conn *c = conn;

	sqlite3_close(c->sqlite);
	free(c);
}

static enum st sqlite_connect(struct db *d, struct str host UNUSED, void **conn,
    struct err *e)
{
	struct conn *c = xcalloc(1, sizeof(*c));
	enum st st = ST_OK;

	c->db = d;
	c->path = d->values[DBPATH].text;
	if (sqlite3_open_v2(c->path, &c->sqlite,
		SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		st = err_temp(e, "4.3.0", "%s:%s: Can't open database: %s?",
		    d->type, d->file, sqlite3_errmsg(c->sqlite));
	else if (stat(c->path, &c->file) != 0)
		st = err_temp(e, "4.3.0", "%s:%s: Can't open database: %m",
		    d->type, d->file);
	if (st != ST_OK) {
		sqlite_disconnect(c);
		return st;
	}
	/* Somebody writes to it just now: wait. */
	sqlite3_busy_timeout(c->sqlite, DB_CONNECT_MS);
	*conn = c;
	return ST_OK;
}

/* Within '...' only a quote means anything. */
static enum st sqlite_quote(void *conn UNUSED, struct str part, struct buf *out,
    struct err *e UNUSED)
{
	size_t i;

	for (i = 0; i < part.n; i++) {
		if (part.p[i] == '\'')
			buf_addch(out, '\'');
		buf_addch(out, part.p[i]);
	}
	return ST_OK;
}

/* The first column, as the original; NULL is no value. */
static enum st add_row(sqlite3_stmt *stmt, struct db_answer *a, struct err *e)
{
	const void *text = sqlite3_column_text(stmt, 0);
	struct str value = { text, (size_t)sqlite3_column_bytes(stmt, 0) };

	return text != NULL ? a->add(a, value, e) : ST_OK;
}

static enum st failed(const struct conn *c, const char *what, struct err *e)
{
	return err_temp(e, "4.3.0",
	    "dict_sqlite_lookup: %s: SQL %s failed: %s?", c->db->file, what,
	    sqlite3_errmsg(c->sqlite));
}

static enum st sqlite_query(void *conn, const struct buf *text,
    struct db_answer *a, struct err *e)
{
	const struct conn *c = conn;
	sqlite3_stmt *stmt = NULL;
	enum st st = ST_OK;
	int rc;

	if (sqlite3_prepare_v2(c->sqlite, buf_c(text), (int)text->n, &stmt,
		NULL) != SQLITE_OK)
		return failed(c, "prepare", e);
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW && st == ST_OK)
		st = add_row(stmt, a, e);
	if (st == ST_OK && rc != SQLITE_DONE)
		st = failed(c, "step", e);
	sqlite3_finalize(stmt);
	return st;
}

/* Another file of its name; what is written to this one we see anyway. */
static bool sqlite_changed(void *conn)
{
	const struct conn *c = conn;
	struct stat sb;

	return stat(c->path, &sb) != 0 || sb.st_ino != c->file.st_ino ||
	    sb.st_dev != c->file.st_dev;
}

DB_MODULE const struct db_engine map_module = {
	.abi = DB_ENGINE_ABI,
	.type = "sqlite",
	.settings = settings,
	.n_settings = NELEM(settings),
	.templates = { { "query", sqlite_quote } },
	.sql = true,
	.quiet = true,
	.early = true,
	.limit_name = "dict_sqlite_lookup",
	.limit_key = "key",
	.connect = sqlite_connect,
	.query = sqlite_query,
	.disconnect = sqlite_disconnect,
	.changed = sqlite_changed,
};
