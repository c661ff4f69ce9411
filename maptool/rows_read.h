/*
 * rows_read - where rows come from: only for rows.c and its two helpers.
 */
#ifndef MAPTOOL_ROWS_READ_H
#define MAPTOOL_ROWS_READ_H

#include "maptool/rows.h"

struct rows_ops;

/* A table's file. */
struct rows_file {
	const struct rows_ops *ops;
	const char *spec; /* "lmdb:x" */
	const char *path; /* "x.lmdb" */
};

struct rows_ops {
	const char *type, *suffix;
	/* As rows_load(), but not sorted yet. */
	enum st (*read)(struct rows *r, const struct rows_file *file,
	    const struct rows_how *how, struct err *e);
	bool (*check)(struct str file, const struct pages_use *use,
	    struct pages_info *info);
};

enum st rows_read_lmdb(struct rows *r, const struct rows_file *file,
    const struct rows_how *how, struct err *e);
/* order is the line's number. Bad lines are warned of. */
enum st rows_read_source(struct rows *r, const char *path,
    const struct rows_how *how, struct err *e);
/* Copies both; they may end in a NUL. */
void rows_add(struct rows *r, struct str key, struct str val, size_t order);

#endif
