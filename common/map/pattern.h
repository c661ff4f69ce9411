/*
 * pattern - rules "/pattern/flags result" with if and endif, "!" and $1: what
 * regexp: and pcre: share. Postfix: regexp_table(5), pcre_table(5).
 *
 * A bad rule is passed over with Postfix's warning; the table never fails for
 * it.
 */
#ifndef COMMON_MAP_PATTERN_H
#define COMMON_MAP_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "map/map.h"

/* The most groups that a result may name. */
#define PATTERN_GROUPS 100

/* Where a group matched; from > to: it took no part. */
struct pattern_span {
	ptrdiff_t from, to;
};

struct pattern_engine {
	const char *type;
	const char *no_delimiter; /* "... this rule": what happens then */
	const char *bad_index;    /* how this type writes "out of range" */
	const struct pattern_flag {
		char letter;  /* toggles bit; '\0' ends the table */
		unsigned bit; /* 0: obsolete, warned of */
	} * flags;
	unsigned options; /* without flags */
	bool two;         /* "/p1/!/p2/" is allowed */

	/* NULL, and the reason in why: text is no pattern. */
	void *(*compile)(struct str text, unsigned options, size_t *groups,
	    struct buf *why);
	/*
	 * ST_OK: group[1..n-1] are set. ST_NONE: no match. ST_TEMP: it gave
	 * up, why says why.
	 */
	enum st (*match)(void *re, struct str key, struct pattern_span *group,
	    size_t n, struct buf *why);
	void (*free)(void *re);
};

/* The operations of such a type; open wants to know which. */
enum st pattern_open(struct map *m, const struct pattern_engine *engine,
    struct err *e) MUST_CHECK;
enum st pattern_get(struct map *m, struct str key, struct buf *val,
    struct err *e) MUST_CHECK;
bool pattern_changed(struct map *m);
void pattern_close(struct map *m);

#endif
