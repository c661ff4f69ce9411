/*
 * memcache: - the cache of a memcached server, over a table that it fills.
 * memcache_table(5); the protocol: memcached's doc/protocol.txt. It needs no
 * library and so is no module.
 */

#include <poll.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/num.h"
#include "base/xalloc.h"
#include "map/db_engine.h"
#include "map/map.h"
#include "map/types.h"
#include "net/conn.h"

/* What servers take as a key; a longer one cannot be there. */
#define KEY_LIMIT 250
#define VALUE_MAX ((size_t)1 << 26)

enum setting {
	MEMCACHE,
	BACKUP,
	KEY_FORMAT,
	FLAGS,
	TTL,
	TIMEOUT,
	MAX_TRY,
	RETRY_PAUSE,
	LINE_LIMIT,
	DATA_LIMIT,
	KNOWN
};

static const struct db_setting settings[] = {
	[MEMCACHE] = { "memcache", DB_TEXT, "inet:localhost:11211", 0 },
	[BACKUP] = { "backup", DB_TEXT, "", 0 },
	[KEY_FORMAT] = { "key_format", DB_WORD, "%s", 0 },
	[FLAGS] = { "flags", DB_NUMBER, "0", 0 },
	[TTL] = { "ttl", DB_NUMBER, "3600", INT64_MIN },
	[TIMEOUT] = { "timeout", DB_NUMBER, "2", 1 },
	[MAX_TRY] = { "max_try", DB_NUMBER, "2", 1 },
	[RETRY_PAUSE] = { "retry_pause", DB_NUMBER, "1", 0 },
	[LINE_LIMIT] = { "line_size_limit", DB_NUMBER, "1024", 1 },
	[DATA_LIMIT] = { "data_size_limit", DB_NUMBER, "10240", 1 },
	[KNOWN] = DB_SETTING_DOMAIN,
	{ "key_digest", DB_ABSENT, NULL, 0 },
};

struct cache {
	const struct db *db;
	struct map *backup; /* NULL: none */
	struct conn *conn;  /* NULL: to be opened */
};

static int64_t number_of(const struct cache *c, enum setting s)
{
	return c->db->values[s].number;
}

/* "inet:host:port", "inet:[v6]:port" or "unix:/path". */
static bool split_server(const char *text, struct buf *host, struct buf *port)
{
	struct str s = str_c(text);
	ptrdiff_t colon;

	if (str_starts(s, STR("unix:/")))
		return buf_set(host, str_skip(s, 5));
	if (!str_starts(s, STR("inet:")))
		return false;
	s = str_skip(s, 5);
	colon = str_rfind(s, ':');
	if (colon <= 0 || colon + 1 == (ptrdiff_t)s.n)
		return false;
	buf_set(port, str_skip(s, (size_t)colon + 1));
	s = str_head(s, (size_t)colon);
	if (s.p[0] == '[' && s.p[s.n - 1] == ']')
		s = str_head(str_skip(s, 1), s.n - 2);
	return buf_set(host, s);
}

static enum st cache_check(struct db *d, struct err *e)
{
	AUTO_BUF host = BUF_MAX(1000);
	AUTO_BUF port = BUF_MAX(100);
	const char *text = d->values[MEMCACHE].text;

	/* Anybody who reaches the server can write to it. */
	if ((d->flags & MAP_NO_UNAUTH) != 0)
		return err_temp(e, "4.3.5",
		    "%s:%s map is not allowed for security-sensitive data",
		    d->type, d->file);
	return split_server(text, &host, &port)
	    ? ST_OK
	    : err_temp(e, "4.3.5",
		  "need service transport:endpoint instead of \"%s\"", text);
}

static enum st cache_open(struct db *d, struct str host UNUSED, void **conn,
    struct err *e)
{
	struct cache *c = xcalloc(1, sizeof(*c));
	struct str backup = str_c(d->values[BACKUP].text);

	c->db = d;
	if (backup.n != 0 &&
	    map_open(&c->backup, backup, "hash", d->flags, e) != ST_OK) {
		free(c);
		return ST_TEMP;
	}
	*conn = c;
	return ST_OK;
}

static void hang_up(struct cache *c)
{
	conn_close(c->conn);
	c->conn = NULL;
}

static void cache_close(void *conn)
{
	struct cache *c = conn;

	hang_up(c);
	map_close(c->backup);
	free(c);
}

static bool cache_changed(void *conn)
{
	const struct cache *c = conn;

	return c->backup != NULL && map_changed(c->backup);
}

/* --- the protocol -------------------------------------------------------- */

static enum st connect_to(struct cache *c, struct err *e)
{
	AUTO_BUF host = BUF_MAX(1000);
	AUTO_BUF port = BUF_MAX(100);

	if (!split_server(c->db->values[MEMCACHE].text, &host, &port))
		bug("checked before");
	return conn_open(&c->conn, buf_c(&host), buf_c(&port),
	    number_of(c, TIMEOUT) * 1000, e);
}

/* A line without its end. ST_TEMP: there is none, or it is too long. */
static enum st get_line(struct cache *c, struct str *line, struct err *e)
{
	enum st st = conn_line(c->conn, line, e);

	if (st == ST_NONE)
		return err_temp(e, "4.3.0",
		    "%s: EOF receiving memcache server reply", c->db->file);
	if (st != ST_OK)
		return st;
	if ((int64_t)line->n > number_of(c, LINE_LIMIT))
		return err_temp(e, "4.3.0",
		    "%s: a reply of more than line_size_limit bytes",
		    c->db->file);
	*line = str_trim_right(*line);
	return ST_OK;
}

static enum st unexpected(const struct cache *c, struct str line, struct err *e)
{
	return err_temp(e, "4.3.0",
	    "%s: unexpected memcache server reply: %.*s", c->db->file,
	    STR_ARG(str_head(line, 30)));
}

/* n bytes, which may hold newlines, and the end of the line behind them. */
static enum st get_data(struct cache *c, uint64_t n, struct buf *data,
    struct err *e)
{
	enum st st = ST_OK;
	struct str piece;

	while (st == ST_OK && data->n < n + 2) {
		st = conn_line(c->conn, &piece, e);
		if (st == ST_OK)
			buf_add(data, piece);
	}
	if (st != ST_OK || data->n != n + 2 ||
	    !str_ends(buf_str(data), STR("\r\n")))
		return err_temp(e, "4.3.0",
		    "%s: EOF receiving memcache server reply", c->db->file);
	buf_cut(data, n);
	return ST_OK;
}

/* "VALUE key flags bytes [unique]", the data, "END"; or only "END". */
static enum st read_value(struct cache *c, struct str key, struct buf *data,
    struct err *e)
{
	struct str line, rest, word[4] = { STR_NONE };
	uint64_t n;
	size_t i;

	if (get_line(c, &line, e) != ST_OK)
		return ST_TEMP;
	if (str_eqc(line, "END"))
		return ST_NONE;
	rest = line;
	for (i = 0; i < NELEM(word) && str_word(&rest, " ", &word[i]); i++)
		continue;
	if (i < NELEM(word) || !str_eqc(word[0], "VALUE") ||
	    !str_eq(word[1], key) || !num_u64(word[3], INT64_MAX, &n))
		return unexpected(c, line, e);
	if (n > (uint64_t)number_of(c, DATA_LIMIT))
		return err_temp(e, "4.3.0",
		    "%s: a value of more than data_size_limit bytes",
		    c->db->file);
	if (get_data(c, n, data, e) != ST_OK || get_line(c, &line, e) != ST_OK)
		return ST_TEMP;
	return str_eqc(line, "END") ? ST_OK : unexpected(c, line, e);
}

static enum st get_once(struct cache *c, struct str key, struct buf *data,
    struct err *e)
{
	buf_reset(data);
	if (conn_putf(c->conn, e, "get %.*s\r\n", STR_ARG(key)) != ST_OK ||
	    conn_flush(c->conn, e) != ST_OK)
		return ST_TEMP;
	return read_value(c, key, data, e);
}

/* Who does not take a connection is not asked again. */
static enum st get(struct cache *c, struct str key, struct buf *data,
    struct err *e)
{
	int64_t left = number_of(c, MAX_TRY);
	enum st st;

	for (;;) {
		if (c->conn == NULL && connect_to(c, e) != ST_OK)
			return ST_TEMP;
		st = get_once(c, key, data, e);
		if (st != ST_TEMP)
			return st;
		hang_up(c);
		if (--left == 0)
			return st;
		poll(NULL, 0, (int)(number_of(c, RETRY_PAUSE) * 1000));
	}
}

/* That it is not stored costs another lookup, no more. */
static void set(struct cache *c, struct str key, struct str value)
{
	struct str line;
	struct err e;
	enum st st;

	if (c->conn == NULL)
		return;
	st = conn_putf(c->conn, &e, "set %.*s %lld %lld %zu\r\n", STR_ARG(key),
	    (long long)number_of(c, FLAGS), (long long)number_of(c, TTL),
	    value.n);
	if (st == ST_OK)
		st = conn_put(c->conn, value, &e);
	if (st == ST_OK)
		st = conn_put(c->conn, STR("\r\n"), &e);
	if (st == ST_OK)
		st = conn_flush(c->conn, &e);
	if (st == ST_OK)
		st = get_line(c, &line, &e);
	if (st == ST_OK && !str_eqc(line, "STORED"))
		st = unexpected(c, line, &e);
	if (st == ST_OK)
		return;
	log_warn("%s", e.text);
	hang_up(c);
}

/* --- lookups ------------------------------------------------------------- */

/* Blanks and control characters would be another command. */
static bool possible(struct str key)
{
	size_t i;

	for (i = 0; i < key.n; i++)
		if ((unsigned char)key.p[i] <= ' ' || key.p[i] == 0x7f)
			return false;
	return key.n <= KEY_LIMIT;
}

static enum st ask_backup(struct cache *c, struct str key, struct str text,
    struct buf *data, struct err *e)
{
	enum st st = map_get(c->backup, key, data, e);

	if (st == ST_OK)
		set(c, text, buf_str(data));
	return st;
}

static enum st cache_query(void *conn, const struct buf *text,
    struct db_answer *a, struct err *e)
{
	struct cache *c = conn;
	struct str key = buf_str(&text[0]);
	AUTO_BUF data = BUF_MAX(VALUE_MAX);
	enum st st;

	if (!possible(key))
		return ST_OK;
	st = get(c, key, &data, e);
	if (st == ST_TEMP && c->backup != NULL)
		log_warn("%s", e->text);
	if (st != ST_OK && c->backup != NULL)
		st = ask_backup(c, a->key, key, &data, e);
	if (st == ST_NONE)
		return ST_OK;
	return st == ST_OK ? a->add(a, buf_str(&data), e) : st;
}

/* early: the backup is opened with the others. */
const struct db_engine db_memcache_engine = {
	.abi = DB_ENGINE_ABI,
	.type = "memcache",
	.settings = settings,
	.n_settings = NELEM(settings),
	.templates = { { "key_format", NULL } },
	.early = true,
	.raw = true,
	.check = cache_check,
	.connect = cache_open,
	.query = cache_query,
	.disconnect = cache_close,
	.changed = cache_changed,
};
