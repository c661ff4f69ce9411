/*
 * maps - a parameter's list of tables, asked in order: "hash:/a, cidr:/b".
 *
 * Items are separated by blanks and commas outside braces. The first table
 * that has the key answers; an error before that ends the search with ST_TEMP.
 */
#ifndef COMMON_MAP_MAPS_H
#define COMMON_MAP_MAPS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

struct maps;

/*
 * Open all tables of list (already expanded). This always succeeds: a table
 * that cannot be opened is logged once ("error: ...") and each lookup that
 * comes to it gives ST_TEMP, dsn 4.3.0, "TYPE:NAME is unavailable. REASON".
 * param is the parameter's name for messages; flags as for map_open.
 */
struct maps *maps_open(const char *param, struct str list,
    const char *default_type, unsigned flags) MUST_CHECK;

/*
 * ST_OK: val is the answer, not empty (an empty one is a mistake of the table:
 * ST_TEMP, dsn 4.3.5, "PARAM lookup of KEY returns an empty string result").
 * partial: the key is a part of an address ("user", "@domain"); pattern
 * tables are passed over then.
 */
enum st maps_get(struct maps *m, struct str key, bool partial, struct buf *val,
    struct err *e) MUST_CHECK;

/* For who wants to see how an answer is found: one table asked for one key. */
struct maps_step {
	const char *table; /* "hash:/a" */
	struct str key;
	bool passed_over; /* a pattern table, and key is a part of an address */
	enum st st;
	struct str val; /* with ST_OK */
};
typedef void maps_watch_fn(const struct maps_step *step, void *arg);
/* Call fn after each of them from now on. */
void maps_watch(struct maps *m, maps_watch_fn *fn, void *arg);

/* Did any of the tables change? A broken one counts when it could be better
 * now: its file came, went or changed. */
bool maps_changed(struct maps *m);
/* True when every table is pure (static:, inline:), also for an empty list. */
bool maps_pure(const struct maps *m);
/* True when the answers of all tables last until maps_changed: map_lasts. */
bool maps_last(const struct maps *m);
/* True when a table could not be opened. */
bool maps_broken(const struct maps *m);
bool maps_empty(const struct maps *m);
/* NULL is fine. */
void maps_close(struct maps *m);

#endif
