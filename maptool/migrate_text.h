/*
 * migrate_text - main.cf or master.cf with other table types. A pure function.
 */
#ifndef MAPTOOL_MIGRATE_TEXT_H
#define MAPTOOL_MIGRATE_TEXT_H

#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"

/*
 * Copy text to out with "to:" for each hash: and btree: that begins a table,
 * and "to" for the value of default_database_type; comments and all else stay
 * as they are. Tables that daemons write themselves become lmdb, whatever to
 * is. Returns how many were put in.
 */
size_t migrate_text(struct str text, const char *to, struct buf *out);

#endif
