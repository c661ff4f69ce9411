/*
 * db_conf - the file of a database table: "name = value" lines as in main.cf,
 * without $name. mysql_table(5) and the like.
 */
#ifndef COMMON_MAP_DB_CONF_H
#define COMMON_MAP_DB_CONF_H

#include "base/arena.h"
#include "base/err.h"
#include "base/macros.h"
#include "map/db_engine.h"
#include "map/types.h"

/*
 * Read d->file; d->values gets one value for each of the engine's settings, in
 * their order, in d->arena. id is what the file looked like.
 *
 * A name that no row has, or one that is DB_ABSENT, is warned of and left out.
 * ST_TEMP: "open FILE: REASON", "FILE: bad string length 0 < 1: NAME = ",
 * "FILE: bad numerical configuration: NAME = VALUE" and so on.
 */
enum st db_conf_read(struct db *d, const struct db_engine *engine,
    struct file_id *id, struct err *e) MUST_CHECK;

/* The value of a setting by name; NULL also when the engine has none such. */
const struct db_value *db_conf_value(const struct db *d,
    const struct db_engine *engine, const char *name);

#endif
