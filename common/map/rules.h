/*
 * rules - the text of a table of rules (regexp:, pcre:, cidr:), from a file or
 * from the parameter itself: "{{rule}, {rule}}". Postfix DATABASE_README.
 */
#ifndef COMMON_MAP_RULES_H
#define COMMON_MAP_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"
#include "conf/lines.h"
#include "map/map.h"
#include "map/types.h"

struct rules {
	const char *name; /* for messages: the path, or the rules themselves */
	bool in_text;     /* no file */
	struct file_id id;
	struct buf text; /* one logical line per rule */
	struct lines lines;
	size_t line; /* of the rule that rules_next() gave */
};

/*
 * Read what m->name means, in m's arena where it must last. ST_TEMP: "open
 * FILE: REASON", "TYPE map: missing '}' in "TEXT"".
 */
enum st rules_open(struct rules *r, struct map *m, struct err *e) MUST_CHECK;
/* The next rule without blanks at its end; borrowed until the next call. */
bool rules_next(struct rules *r, struct str *rule) MUST_CHECK;
/* Forget the text; name and id stay. */
void rules_done(struct rules *r);
/* Did the file change since? */
bool rules_changed(const struct rules *r);

#endif
