/*
 * stamp - what a table was built from: a line for each table that has the
 * source NAME, in the file .NAME.maptool beside it.
 *
 * A line: type, options, then size, time of change and SHA-256 of the source,
 * then size and time of change of the table, as the build left it.
 */
#ifndef MAPTOOL_STAMP_H
#define MAPTOOL_STAMP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/macros.h"

#define STAMP_SHA 65

struct stamp_file {
	int64_t size, s, ns; /* -1: there is none */
};

struct stamp {
	char options[16]; /* "-" and letters */
	struct stamp_file source, table;
	char sha256[STAMP_SHA]; /* of the source, hexadecimal */
};

/* What a file looks like now. */
void stamp_stat(struct stamp_file *f, const char *path);
bool stamp_same(const struct stamp_file *a, const struct stamp_file *b);
/* Size, time and digest of the source. ST_TEMP: it cannot be read. */
enum st stamp_source(struct stamp *s, const char *source, struct err *e)
    MUST_CHECK;

/* The line of type. ST_NONE: there is none. */
enum st stamp_load(struct stamp *s, const char *source, const char *type)
    MUST_CHECK;
/* Put it there; other types' lines stay. False with errno. */
bool stamp_save(const struct stamp *s, const char *source, const char *type)
    MUST_CHECK;

#endif
