/*
 * db_engine - what a module provides for tables that a server or a library
 * answers: sqlite:, mysql:, pgsql:, ldap:, memcache:.
 *
 * A module is a shared object map_TYPE.so whose only symbol is map_module. It
 * speaks to one server at a time; the program does the rest (map_db.c): the
 * settings of the file, templates, domains, choosing a host, joining results.
 * No function of the program is called from a module but by the pointers here;
 * what it needs of common/base/ it has in itself.
 */
#ifndef COMMON_MAP_DB_ENGINE_H
#define COMMON_MAP_DB_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

/* Both sides were built from the same sources. */
#define DB_ENGINE_ABI PACKAGE_VERSION " 1"

/* How long we wait for a server where no setting says so. */
#define DB_CONNECT_MS 10000
#define DB_ANSWER_MS  30000

enum db_kind {
	DB_TEXT,
	DB_WORD, /* must not be empty */
	DB_NUMBER,
	DB_BOOL,
	DB_ABSENT, /* a setting of the original's that is not supported */
};

/* A setting of the file "name = value". */
struct db_setting {
	const char *name;
	enum db_kind kind;
	const char *def; /* NULL: none, the value is NULL then */
	int64_t min;     /* of a DB_NUMBER; INT64_MIN: any */
	/* A DB_NUMBER without default is 0 and its text NULL. */
};

struct db_value {
	const char *text;
	int64_t number; /* also a boolean's, 0 or 1 */
};

/* An open table, as a module sees it. */
struct db {
	const char *type, *file;
	unsigned flags;                /* enum map_flags */
	const struct db_value *values; /* in the order of engine->settings */
	struct arena *arena;           /* lives as long as the table */
	void *state;                   /* the engine's, in arena */
	/* One warning to the log. */
	void (*warn)(const char *fmt, ...) PRINTF(1, 2);
};

/* Where an engine puts what it finds. */
struct db_answer {
	/* One value, with its key. ST_TEMP: stop, that is enough; pass it on. */
	enum st (*add)(struct db_answer *a, struct str value, struct err *e);
	struct str key; /* the one that was looked up */
	bool lost;      /* set by the engine: the connection is gone */
};

typedef enum st db_quote_fn(void *conn, struct str part, struct buf *out,
    struct err *e);

/* A setting that is a template, and what makes a part of a key fit into it. */
struct db_template_of {
	const char *setting;
	db_quote_fn *quote;
};
#define DB_TEMPLATES 2

/* What the rows that all have are; each engine says which it takes. */
/* clang-format off */
#define DB_SETTING_DOMAIN { "domain", DB_TEXT, "", 0 }
#define DB_SETTING_FORMAT { "result_format", DB_WORD, "%s", 0 }
#define DB_SETTING_LIMIT { "expansion_limit", DB_NUMBER, "0", INT64_MIN }
#define DB_SETTINGS_HOSTS \
	{ "hosts", DB_TEXT, "", 0 }, \
	{ "idle_interval", DB_NUMBER, "60", 1 }, \
	{ "retry_interval", DB_NUMBER, "60", 1 }
/* The query of an SQL engine, or the older way to say it. */
#define DB_SETTINGS_SQL \
	{ "query", DB_TEXT, NULL, 0 }, \
	{ "table", DB_TEXT, "", 0 }, \
	{ "select_field", DB_TEXT, "", 0 }, \
	{ "where_field", DB_TEXT, "", 0 }, \
	{ "additional_conditions", DB_TEXT, "", 0 }
/* clang-format on */

struct db_engine {
	const char *abi; /* DB_ENGINE_ABI */
	const char *type;
	const struct db_setting *settings;
	size_t n_settings;
	struct db_template_of templates[DB_TEMPLATES]; /* NULL: no second */
	/*
	 * The setting that lists servers which are all alike; NULL: the engine
	 * is given an empty name.
	 */
	const char *hosts;
	const char *default_host;
	bool sql;   /* DB_SETTINGS_SQL are among the settings */
	bool quiet; /* no servers: the caller tells of the one failure */
	bool raw;   /* values are what they are: no format, no limit */
	bool early; /* connect when the table is opened: with root's rights */
	/* How the original's warning of too many values begins and goes on:
	 * "NAME: FILE: Expansion limit exceeded for key: 'K'". */
	const char *limit_name, *limit_key;

	/* Look at the settings; NULL: nothing to look at. */
	enum st (*check)(struct db *d, struct err *e);
	enum st (*connect)(struct db *d, struct str host, void **conn,
	    struct err *e);
	/*
	 * Ask with the finished templates; each value goes to a->add().
	 * ST_OK also when there was none. ST_TEMP: no answer.
	 */
	enum st (*query)(void *conn, const struct buf *text,
	    struct db_answer *a, struct err *e);
	void (*disconnect)(void *conn);
	/* Did what the table is read from change? NULL: cannot tell. */
	bool (*changed)(void *conn);
};

/* Needs no library, so it is in the program. */
extern const struct db_engine db_memcache_engine;

/* The symbol of each module. */
#define DB_MODULE __attribute__((visibility("default")))
extern const struct db_engine map_module;

#endif
