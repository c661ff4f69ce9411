/*
 * edit_lmdb - delete from an lmdb file, by the library. The caller holds the
 * exclusive lock, and has looked at the file (lmdb_file_check): the library
 * does not survive a hostile one.
 */
#ifndef COMMON_MAP_EDIT_LMDB_H
#define COMMON_MAP_EDIT_LMDB_H

#include <stddef.h>

#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

struct edit_lmdb;

/* size: of the file. ST_TEMP: "open database PATH: REASON". */
enum st edit_lmdb_open(struct edit_lmdb **x, const char *path, size_t size,
    struct err *e) MUST_CHECK;
/* Durable when it returns ST_OK. ST_NONE: there was no such key. name is the
 * table in messages. */
enum st edit_lmdb_delete(struct edit_lmdb *x, struct str key, struct str name,
    struct err *e) MUST_CHECK;
/* NULL is fine. */
void edit_lmdb_close(struct edit_lmdb *x);

#endif
