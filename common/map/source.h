/*
 * source - the records of a postmap input file: key, blanks, value.
 *
 * A pure parser over bytes; bad lines are passed over with a warning. Format:
 * postmap(1), "TABLE FORMAT"; texts are Postfix's.
 */
#ifndef COMMON_MAP_SOURCE_H
#define COMMON_MAP_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/str.h"
#include "conf/lines.h"

struct source {
	struct lines lines;
	const char *name;   /* for messages */
	const char *suffix; /* behind the format warning: "", or texthash's */
	bool utf8;          /* pass over what is no UTF-8 */
	size_t line;        /* number of the current record's first line */
};

/* text and name must outlive s. */
void source_init(struct source *s, const char *name, struct str text,
    bool utf8);
/* NULL is fine. */
void source_clear(struct source *s);
/*
 * The next record, borrowed until the next call; the key as written, with its
 * quotes. False at the end.
 */
bool source_next(struct source *s, struct str *key, struct str *val) MUST_CHECK;

#endif
