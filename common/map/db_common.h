/*
 * db_common - templates of database tables: "SELECT x FROM y WHERE z='%s'".
 *
 *   %s  the key            %u  what is before its last '@', or all of it
 *   %d  what is behind it  %1..%9  the domain's labels, from the right
 *   %S %U %D  the same     %%  a '%'
 *
 * In result_format %s, %u and %d are of the result, the others of the key.
 * mysql_table(5) and ldap_table(5). Pure: no I/O.
 */
#ifndef COMMON_MAP_DB_COMMON_H
#define COMMON_MAP_DB_COMMON_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"
#include "map/db_engine.h"

/* False: a % that is followed by nothing or by none of the letters above. */
bool db_template_ok(struct str text) MUST_CHECK;

/*
 * Does a part of the key stand outside of single quotes? Quoting for SQL holds
 * only inside them.
 */
bool db_template_bare(struct str text) MUST_CHECK;

struct db_parts {
	struct str key, value; /* value: of results alone */
	bool is_result;
	db_quote_fn *quote; /* NULL: as it is */
	void *conn;         /* for quote */
};

/*
 * Add text with its parts filled in to out. ST_NONE: the key, or the value,
 * has no such part: no question is asked, or this result is passed over; out
 * is as before. ST_TEMP: quote said so, or out is full.
 */
enum st db_expand(struct str text, const struct db_parts *parts,
    struct buf *out, struct err *e) MUST_CHECK;

/* Add "SELECT a FROM t WHERE k = '%s' more" to out. */
void db_old_query(const char *select_field, const char *table,
    const char *where_field, const char *additional, struct buf *out);

#endif
