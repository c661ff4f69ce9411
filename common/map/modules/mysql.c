/* mysql: - a query to MySQL or MariaDB servers. mysql_table(5). */

#include <errmsg.h>
#include <mysql.h>
#include <mysqld_error.h>

#include <stdlib.h>

#include "base/num.h"
#include "base/xalloc.h"
#include "map/db_engine.h"

enum setting {
	USER,
	PASSWORD,
	DBNAME,
	CHARSET,
	OPTION_FILE,
	OPTION_GROUP,
	TLS_KEY,
	TLS_CERT,
	TLS_CAFILE,
	TLS_CAPATH,
	TLS_CIPHERS,
	TLS_VERIFY,
	REQUIRE_RESULT
};

static const struct db_setting settings[] = {
	[USER] = { "user", DB_TEXT, "", 0 },
	[PASSWORD] = { "password", DB_TEXT, "", 0 },
	[DBNAME] = { "dbname", DB_WORD, NULL, 0 },
	[CHARSET] = { "charset", DB_WORD, "utf8mb4", 0 },
	[OPTION_FILE] = { "option_file", DB_TEXT, "", 0 },
	[OPTION_GROUP] = { "option_group", DB_TEXT, "client", 0 },
	[TLS_KEY] = { "tls_key_file", DB_TEXT, "", 0 },
	[TLS_CERT] = { "tls_cert_file", DB_TEXT, "", 0 },
	[TLS_CAFILE] = { "tls_CAfile", DB_TEXT, "", 0 },
	[TLS_CAPATH] = { "tls_CApath", DB_TEXT, "", 0 },
	[TLS_CIPHERS] = { "tls_ciphers", DB_TEXT, "", 0 },
	[TLS_VERIFY] = { "tls_verify_cert", DB_BOOL, "no", 0 },
	[REQUIRE_RESULT] = { "require_result_set", DB_BOOL, "yes", 0 },
	DB_SETTINGS_HOSTS,
	DB_SETTINGS_SQL,
	DB_SETTING_DOMAIN,
	DB_SETTING_FORMAT,
	DB_SETTING_LIMIT,
};

struct conn {
	const struct db *db;
	MYSQL *mysql;
};

/* NULL when it is empty: the library's own choice. */
static const char *text_of(const struct db *d, enum setting s)
{
	const char *text = d->values[s].text;

	return *text != '\0' ? text : NULL;
}

static void set_tls(const struct db *d, MYSQL *m)
{
	my_bool verify = d->values[TLS_VERIFY].number != 0, on = 1;
	int i;

	for (i = TLS_KEY; i <= TLS_CIPHERS && text_of(d, i) == NULL; i++)
		continue;
	if (i > TLS_CIPHERS && !verify)
		return;
	mysql_ssl_set(m, text_of(d, TLS_KEY), text_of(d, TLS_CERT),
	    text_of(d, TLS_CAFILE), text_of(d, TLS_CAPATH),
	    text_of(d, TLS_CIPHERS));
	/* Whoever names keys does not want to talk without them. */
	mysql_optionsv(m, MYSQL_OPT_SSL_ENFORCE, &on);
	mysql_optionsv(m, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
}

static void set_options(const struct db *d, MYSQL *m)
{
	unsigned connect_s = DB_CONNECT_MS / 1000, io_s = DB_ANSWER_MS / 1000;
	unsigned no = 0;

	mysql_optionsv(m, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
	mysql_optionsv(m, MYSQL_OPT_READ_TIMEOUT, &io_s);
	mysql_optionsv(m, MYSQL_OPT_WRITE_TIMEOUT, &io_s);
	/* No server may ask for our files. */
	mysql_optionsv(m, MYSQL_OPT_LOCAL_INFILE, &no);
	mysql_optionsv(m, MYSQL_SET_CHARSET_NAME, d->values[CHARSET].text);
	if (text_of(d, OPTION_FILE) != NULL) {
		mysql_optionsv(m, MYSQL_READ_DEFAULT_FILE,
		    text_of(d, OPTION_FILE));
		mysql_optionsv(m, MYSQL_READ_DEFAULT_GROUP,
		    d->values[OPTION_GROUP].text);
	}
	set_tls(d, m);
}

/* "unix:/path", "inet:host:port", or without the first word. */
static bool parse_host(struct str host, struct buf *name, unsigned *port)
{
	ptrdiff_t colon;
	uint64_t number = 0;

	if (str_starts(host, STR("unix:")) || str_starts(host, STR("inet:")))
		host = str_skip(host, 5);
	colon = host.n != 0 && *host.p != '/' ? str_rfind(host, ':') : -1;
	if (colon >= 0 &&
	    !num_u64(str_skip(host, (size_t)colon + 1), 65535, &number))
		return false;
	*port = (unsigned)number;
	return buf_set(name, colon >= 0 ? str_head(host, (size_t)colon) : host);
}

static void my_disconnect(void *conn)
{
	struct conn *c = conn;

	mysql_close(c->mysql);
	free(c);
}

static enum st my_connect(struct db *d, struct str host, void **conn,
    struct err *e)
{
	AUTO_BUF name = BUF_MAX(1000);
	struct conn *c;
	unsigned port;
	bool local;

	if (!parse_host(host, &name, &port))
		return err_temp(e, "4.3.5",
		    "connect to mysql server %.*s: bad host or port",
		    STR_ARG(host));
	c = xcalloc(1, sizeof(*c));
	c->db = d;
	c->mysql = mysql_init(NULL);
	if (c->mysql == NULL)
		bug("no memory");
	local = *buf_c(&name) == '/';
	set_options(d, c->mysql);
	if (mysql_real_connect(c->mysql, local ? NULL : buf_c(&name),
		text_of(d, USER), text_of(d, PASSWORD), text_of(d, DBNAME),
		port, local ? buf_c(&name) : NULL,
		CLIENT_MULTI_RESULTS) == NULL) {
		err_temp(e, "4.3.0", "connect to mysql server %.*s: %s",
		    STR_ARG(host), mysql_error(c->mysql));
		my_disconnect(c);
		return ST_TEMP;
	}
	*conn = c;
	return ST_OK;
}

/* By the connection's character set and sql_mode. */
static enum st my_quote(void *conn, struct str part, struct buf *out,
    struct err *e)
{
	struct conn *c = conn;
	size_t room;
	char *p = buf_room(out, 2 * part.n + 1, &room);

	if (room < 2 * part.n + 1)
		return err_temp(e, "4.3.5", "longer than %zu bytes", out->max);
	buf_grew(out, mysql_real_escape_string(c->mysql, p, part.p, part.n));
	return ST_OK;
}

static enum st failed(const struct conn *c, const char *where,
    struct db_answer *a, struct err *e)
{
	unsigned code = mysql_errno(c->mysql);

	a->lost = code == CR_SERVER_GONE_ERROR || code == CR_SERVER_LOST ||
	    code == ER_SERVER_SHUTDOWN || code == ER_CONNECTION_KILLED;
	return err_temp(e, "4.3.0", "mysql:%s: query failed%s: %s", c->db->file,
	    where, mysql_error(c->mysql));
}

static enum st add_rows(MYSQL_RES *rows, struct db_answer *a, struct err *e)
{
	unsigned n = mysql_num_fields(rows), i;
	enum st st = ST_OK;
	MYSQL_ROW row;

	while (st == ST_OK && (row = mysql_fetch_row(rows)) != NULL) {
		const unsigned long *size = mysql_fetch_lengths(rows);

		for (i = 0; i < n && st == ST_OK; i++)
			if (row[i] != NULL)
				st = a->add(a, (struct str){ row[i], size[i] },
				    e);
	}
	return st;
}

/* A procedure's answer is several results; one of them may have rows. */
static enum st take_results(struct conn *c, MYSQL_RES **rows,
    struct db_answer *a, struct err *e)
{
	MYSQL_RES *one;
	int more;

	do {
		one = mysql_store_result(c->mysql);
		if (one == NULL && mysql_field_count(c->mysql) != 0)
			return failed(c, " (mysql_store_result)", a, e);
		if (one != NULL && *rows != NULL) {
			mysql_free_result(one);
			return err_temp(e, "4.3.5",
			    "mysql:%s: query failed: multiple result sets "
			    "returning data are not supported",
			    c->db->file);
		}
		if (one != NULL)
			*rows = one;
		more = mysql_next_result(c->mysql);
	} while (more == 0);
	return more > 0 ? failed(c, " (mysql_next_result)", a, e) : ST_OK;
}

static enum st my_query(void *conn, const struct buf *text, struct db_answer *a,
    struct err *e)
{
	struct conn *c = conn;
	MYSQL_RES *rows = NULL;
	enum st st;

	if (mysql_real_query(c->mysql, buf_c(text), text->n) != 0)
		return failed(c, "", a, e);
	st = take_results(c, &rows, a, e);
	if (st == ST_OK && rows != NULL)
		st = add_rows(rows, a, e);
	else if (st == ST_OK && c->db->values[REQUIRE_RESULT].number != 0)
		st = err_temp(e, "4.3.5",
		    "mysql:%s: query failed: query returned no result set"
		    "(require_result_set = yes)",
		    c->db->file);
	mysql_free_result(rows);
	return st;
}

DB_MODULE const struct db_engine map_module = {
	.abi = DB_ENGINE_ABI,
	.type = "mysql",
	.settings = settings,
	.n_settings = NELEM(settings),
	.templates = { { "query", my_quote } },
	.hosts = "hosts",
	.default_host = "localhost",
	.sql = true,
	.limit_name = "dict_mysql_lookup",
	.limit_key = "key:",
	.connect = my_connect,
	.query = my_query,
	.disconnect = my_disconnect,
};
