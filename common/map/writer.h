/*
 * writer - how a file format takes records. build.c does what is the same for
 * all of them: names, locks, the file beside, permissions.
 */
#ifndef COMMON_MAP_WRITER_H
#define COMMON_MAP_WRITER_H

#include <stdbool.h>

#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"
#include "map/bulk.h"
#include "map/map.h"

enum writer_dup {
	DUP_WARN,    /* the old record stays */
	DUP_IGNORE,  /* the same; the caller does not care to know */
	DUP_REPLACE, /* the new one takes its place */
};

struct writer {
	const struct writer_ops *ops;
	const char *path;   /* the file to write; it exists */
	const char *shown;  /* the table's file in messages */
	const char *spec;   /* the table in messages, "lmdb:NAME" */
	const char *source; /* "NAME" */
	int fd;             /* path, open */
	enum writer_dup dup;
	void *state; /* of who adds: between open and close */
};

/* What a writer found in a file that it adds to. */
enum writer_style {
	STYLE_UNKNOWN, /* no record */
	STYLE_NUL,     /* they end in a NUL */
	STYLE_BARE,
};

struct writer_ops {
	const struct map_ops *type;
	const char *suffix; /* ".db" */
	bool nul;           /* records end in a NUL unless told otherwise */
	bool in_place;      /* a file can be written over without renaming */
	bool keeps_mode;    /* a new file gets the mode of the old one */
	bool empty_is_bad;  /* a file of zero length is no empty table */
	bool both;          /* DUP_IGNORE writes every record of a key */
	const char *no_add; /* the error for adding; NULL: it can be done */

	/* NULL: any key. ST_TEMP: this one cannot be stored. */
	enum st (*admit)(const struct writer *w, struct str key, struct err *e);
	/* A new table of all these records, over what the file holds; the
	 * caller syncs it. */
	enum st (*fill)(struct writer *w, struct bulk *b, struct err *e);

	/* Adding to a table that is there: open, put, close; else NULL. */
	enum st (*open)(struct writer *w, struct err *e);
	enum writer_style (*style)(struct writer *w);
	/* ST_NONE: it was there already. */
	enum st (*put)(struct writer *w, struct str key, struct str val,
	    struct err *e);
	/* Finish (save: all of it, synced); frees state. */
	enum st (*close)(struct writer *w, bool save, struct err *e);
	/* How a duplicate is told of: the file, the table, or its source. */
	enum {
		BY_FILE,
		BY_SPEC,
		BY_SOURCE,
	} shown;
};

extern const struct writer_ops writer_hash, writer_btree, writer_lmdb,
    writer_cdb;

#endif
