/*
 * durable - which directories are known to survive a power cut.
 */
#ifndef VDELIVER_DURABLE_H
#define VDELIVER_DURABLE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/macros.h"

struct durable;
struct team;

/* team, which may be NULL, syncs. */
struct durable *durable_new(int base, struct team *team) MUST_CHECK;
/* NULL is fine. */
void durable_free(struct durable *d);

/*
 * Collect what must be synced, so that a name just made in DIR/new (dir is a
 * path below base) is safe: DIR/new itself, DIR and its parents as far as they
 * are not known to be durable (by device, inode and time of birth), and of each
 * of these the directory that holds its name, known or not.
 */
void durable_want(struct durable *d, const char *dir);
/*
 * The same for a file that the caller has synced itself, path and all: only
 * the directories that hold its name and theirs.
 */
void durable_want_file(struct durable *d, const char *path);
/*
 * Sync all that was wanted, each directory once, and remember it as durable.
 * ST_TEMP 4.3.0: a sync failed; nothing that hangs on it may be answered.
 */
enum st durable_sync(struct durable *d, struct err *e) MUST_CHECK;

/* Sync DIR/new and nothing else: where that commits all that was done before.
 * ST_TEMP as above. */
enum st durable_sync_last(struct durable *d, const char *dir, struct err *e)
    MUST_CHECK;

#endif
