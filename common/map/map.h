/*
 * map - one lookup table, whatever its type: "hash:/etc/postfix/virtual".
 *
 * Behaviour follows Postfix (DATABASE_README, postmap(1)); each type is one
 * file map_TYPE.c with a struct map_ops and one row in map.c.
 */
#ifndef COMMON_MAP_MAP_H
#define COMMON_MAP_MAP_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

/* How a table is opened; or-ed together. */
enum map_flags {
	MAP_FOLD = 1 << 0,      /* fold keys of fixed-string types */
	MAP_UTF8 = 1 << 1,      /* UTF-8 keys and values: check and fold them */
	MAP_TRY0 = 1 << 2,      /* only records without trailing NUL */
	MAP_TRY1 = 1 << 3,      /* only records with one; neither: try both */
	MAP_NO_REGSUB = 1 << 4, /* refuse $1 in regexp and pcre results */
	MAP_NO_UNAUTH = 1 << 5, /* refuse tcp: and socketmap: */
	MAP_RHS_FILES = 1 << 6, /* values are file names (postmap -F) */
	MAP_ALIASES = 1 << 7,   /* postalias' source format */
	MAP_DUP_IGNORE = 1 << 8,
	MAP_DUP_REPLACE = 1 << 9,
	MAP_WRITE = 1 << 10, /* open for map_del() too */
	MAP_BATCH = 1 << 11, /* keep the lock from map_get() to map_get() */
	MAP_INNER = 1 << 16, /* times how many tables it is a member of */
};

/* The deepest member of a member of a table. */
#define MAP_INNER_MAX 32

/* What delivery opens virtual_mailbox_maps, _uid_maps and _gid_maps with. */
#define MAP_DELIVERY (MAP_FOLD | MAP_NO_REGSUB | MAP_NO_UNAUTH)

struct map;

struct map_ops {
	const char *type;
	bool pattern; /* keys are not folded, and callers skip partial keys */
	bool pure;    /* no file, no network: the answer depends on the text */
	bool lasts;   /* an answer stays the same until changed() says so */
	bool read_only; /* MAP_WRITE is refused when it is opened */
	/* Is it installed, being a module? NULL: it is no module. */
	bool (*there)(const struct map_ops *ops);
	bool coded; /* MAP_RHS_FILES: the values are base64 of a content */
	/* m->name is what follows "type:"; fill m->state. */
	enum st (*open)(struct map *m, struct err *e);
	enum st (*get)(struct map *m, struct str key, struct buf *val,
	    struct err *e);
	/* Next record in turn, ST_NONE at the end; NULL: not supported. */
	enum st (*next)(struct map *m, struct buf *key, struct buf *val,
	    struct err *e);
	/* ST_NONE: there was no such key. NULL: not supported. */
	enum st (*del)(struct map *m, struct str key, struct err *e);
	/* MAP_BATCH: let go of the lock. NULL: there is none. */
	void (*pause)(struct map *m);
	/* Did the table change on disk since it was opened? NULL: never. */
	bool (*changed)(struct map *m);
	void (*close)(struct map *m);
};

struct map {
	const struct map_ops *ops;
	struct str spec;  /* "type:name", in arena */
	struct str name;  /* what follows the type, in arena */
	const char *file; /* NULL: what name means; else read this one */
	struct str title; /* the open table in messages, "hash:NAME.db" */
	unsigned flags;   /* enum map_flags */
	bool pattern;     /* as its type, or its first member */
	void *state;      /* the type's own, freed by its close */
	struct arena arena;
};

/*
 * Open "type:name" for lookups. default_type (as "hash") is for a spec without
 * a type; "proxy:" is stripped. *m is set on ST_OK alone; the caller closes it.
 *
 * ST_TEMP with Postfix's text: "open database FILE: REASON", "unsupported
 * dictionary type: T", a bad "inline:" text and so on.
 */
enum st map_open(struct map **m, struct str spec, const char *default_type,
    unsigned flags, struct err *e) MUST_CHECK;

/* The same with the records of another file, as a copy of the table's. */
enum st map_open_file(struct map **m, struct str spec, const char *default_type,
    unsigned flags, const char *file, struct err *e) MUST_CHECK;

/*
 * Look key up; folds it as flags and type want. val is replaced on ST_OK.
 * ST_NONE: no such key. ST_TEMP: the table cannot tell now.
 */
enum st map_get(struct map *m, struct str key, struct buf *val, struct err *e)
    MUST_CHECK;

/* Delete key; ST_NONE: it was not there. The table was opened MAP_WRITE.
 * ST_TEMP: "table T:N: delete operation is not supported", or an error. */
enum st map_del(struct map *m, struct str key, struct err *e) MUST_CHECK;
/* The next record, from the first on; ST_NONE after the last one. */
enum st map_next(struct map *m, struct buf *key, struct buf *val, struct err *e)
    MUST_CHECK;

/*
 * Between two lookups of a table that was opened MAP_BATCH: the next one may
 * take a while, let others change the table. Nothing, for other tables.
 */
void map_pause(struct map *m);

/*
 * True when the table's file was replaced, changed or removed since map_open
 * (inode, size or mtime in nanoseconds): the caller opens it again. Until then
 * map_get goes on answering from the file that was opened, so that answers that
 * belong together come from one table; one that is rewritten in place is
 * opened again by itself.
 */
bool map_changed(struct map *m);

/* True for types whose answers need no file and no network (static, inline). */
bool map_pure(const struct map *m);

/* True for types whose answers stay the same until map_changed: files of our
 * own, and none at all; not what asks others, or has members. */
bool map_lasts(const struct map *m);

/* NULL is fine. */
void map_close(struct map *m);

#endif
