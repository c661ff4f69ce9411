/*
 * rows - all records of one table in memory, sorted by key: what dump, diff,
 * verify and convert work on.
 *
 * hash:, btree: and cdb: files are read by their bytes (map/pages.h), lmdb: in
 * a child process: no damaged file takes the program along. Every other type
 * that can be listed is read as postmap -s does.
 */
#ifndef MAPTOOL_ROWS_H
#define MAPTOOL_ROWS_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"
#include "map/pages.h"
#include "maptool/tables.h"

/* Both up to their first NUL. */
struct row {
	struct str key, val;
	size_t order; /* place in the table, from 0; of a source: its line */
};

struct rows {
	struct arena arena;
	struct row *row; /* sorted by key; each key once, the first one */
	size_t n, room;
	size_t repeated; /* keys that came again, left out */
	size_t with_nul; /* records that ended in a NUL */
	size_t upper;    /* keys with upper case letters */
	bool aliases;    /* made by postalias */
	bool is_file;    /* there is one: its state, when it was opened */
	struct stat stat;
	struct pages_info info; /* of what was read by its bytes */
};

/* Told of each thing that is wrong in the file's structure; may be NULL. */
typedef void rows_problem_fn(const char *text, void *arg);
struct rows_how {
	const struct tables *t; /* type, folding, -F */
	bool aliases;           /* a source is an alias file */
	rows_problem_fn *problem;
	void *arg;
};

/*
 * Read "type:name". ST_NONE: the file is damaged, "hash:x: page 3: ..."; with
 * how->problem all that can be read is there, else nothing. ST_TEMP: it cannot
 * be opened or listed.
 */
enum st rows_load(struct rows *r, const char *spec, const struct rows_how *how,
    struct err *e) MUST_CHECK;
/* The records of a source, as the table made of it would have them. */
enum st rows_source(struct rows *r, const char *path,
    const struct rows_how *how, struct err *e) MUST_CHECK;
/* NULL is fine. */
void rows_clear(struct rows *r);
#define AUTO_ROWS CLEANUP(rows_clear) struct rows

const struct row *rows_find(const struct rows *r, struct str key);

/* What postalias puts besides the aliases: "@", YP_LAST_MODIFIED and so on. */
bool rows_is_mark(struct str key);

/* How two tables differ, in the order of keys; a or b is NULL where the other
 * has a key alone. Marks are passed over. Returns the number of calls. */
typedef void rows_differ_fn(const struct row *a, const struct row *b,
    void *arg);
size_t rows_compare(const struct rows *a, const struct rows *b,
    rows_differ_fn *fn, void *arg);

/* ".db" for hash and btree, ".lmdb", ".cdb"; NULL for a type that has no file
 * of its own. */
const char *rows_suffix(struct str type);

#endif
