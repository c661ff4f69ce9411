/*
 * redirect - other types in place of hash: and btree:, for systems that give
 * up Berkeley DB. Postfix 3.11: non_bdb_migration_level in postconf(5).
 *
 * It is a part of the loaded configuration, and counts for every table that is
 * opened after it was set, also for those within other tables.
 */
#ifndef COMMON_MAP_REDIRECT_H
#define COMMON_MAP_REDIRECT_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"
#include "conf/conf.h"

/*
 * With non_bdb_migration_level "enable-redirect" or "enable-reindex" hash:
 * stands for default_database_type, and btree: for default_cache_db_type,
 * each time with a log line unless non_bdb_migration_log_redirect is "no";
 * a parameter that says hash or btree changes nothing. "disable" ends that. ST_TEMP: another level, or non_bdb_custom_mapping is
 * set, which is not supported.
 */
enum st redirect_configure(struct conf *c, struct err *e) MUST_CHECK;

/* spec, or in a what it stands for. */
struct str redirect_spec(struct str spec, struct arena *a);

#endif
