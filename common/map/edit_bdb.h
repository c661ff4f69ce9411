/*
 * edit_bdb - change a hash or btree file in place, by Berkeley DB. The caller
 * holds the exclusive lock, and has looked at the file (bdb_file_check): the
 * library does not survive a hostile one.
 */
#ifndef COMMON_MAP_EDIT_BDB_H
#define COMMON_MAP_EDIT_BDB_H

#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"
#include "map/bdb_file.h"

struct edit_bdb;

/* path must outlive it. ST_TEMP: "open database PATH: REASON". */
enum st edit_bdb_open(struct edit_bdb **x, const char *path, enum bdb_kind kind,
    struct err *e) MUST_CHECK;
/* ST_NONE: there was no such key. */
enum st edit_bdb_delete(struct edit_bdb *x, struct str key, struct err *e)
    MUST_CHECK;
/* All that was done is on disk. */
enum st edit_bdb_sync(struct edit_bdb *x, struct err *e) MUST_CHECK;
/* NULL is fine. */
void edit_bdb_close(struct edit_bdb *x);

#endif
