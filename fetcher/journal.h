/*
 * journal - what happened to messages since the files of state.h were written:
 * appended before the server hears of it, so that no crash forgets it.
 *
 * A text file beside the id file; its first line says which form it has, then a
 * line a record: "SUM KIND user@host<TAB>KEY", KIND as in told.h, SUM the first
 * 16 hex digits of the SHA-256 of what follows it. Poll children append, each
 * record by one write; the parent syncs what they wrote, many at once, replays
 * what it finds at its start, and empties the file when the others have it all.
 *
 * A line with a wrong sum is no record: a power cut or a full disk may leave
 * some. They are passed over, counted, and cut off where nothing follows.
 */
#ifndef FETCHER_JOURNAL_H
#define FETCHER_JOURNAL_H

#include <stddef.h>

#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

struct journal {
	const char *path; /* borrowed */
	int fd;           /* -1: not open */
	bool dirty;       /* somebody may have written since the last sync */
};

/* One record of the file; account is "user@host". */
typedef void journal_fn(void *arg, char kind, struct str account,
    struct str key);

/*
 * Open it, made if need be (mode 0600, no symbolic link), and give fn what is
 * in it. *bad: so many lines were no records. ST_NONE: it cannot be there
 * (nobody may write here, no such directory, no room); ST_TEMP: it cannot be read, or
 * has a form that a later version made. Both with e.
 */
enum st journal_open(struct journal *j, const char *path, journal_fn *fn,
    void *arg, size_t *bad, struct err *e) MUST_CHECK;
/* Remove it when nothing is in it. */
void journal_close(struct journal *j);

/* Append a record; a child may. ST_TEMP: it could not be written. */
enum st journal_add(const struct journal *j, char kind, const char *user,
    const char *host, struct str key, struct err *e) MUST_CHECK;
/* What was appended so far survives a power cut, if it is dirty. */
enum st journal_sync(struct journal *j, struct err *e) MUST_CHECK;
/* The other files have all of it. Nobody may append meanwhile. */
enum st journal_empty(struct journal *j, struct err *e) MUST_CHECK;

#endif
