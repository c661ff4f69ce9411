/*
 * state - what the parent remembers of the accounts, in three files: the id
 * file, beside it what was delivered and should have left the server, and
 * kept.h; and the journal of what is not in them yet. Polls only read the
 * three, and append to the journal; what they learn they say in lines, told.h.
 */
#ifndef FETCHER_STATE_H
#define FETCHER_STATE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"
#include "fetcher/config.h"
#include "fetcher/journal.h"
#include "fetcher/kept.h"
#include "fetcher/uidl.h"

struct state {
	struct uidl *ids, *delivered;
	struct kept *kept;
	struct journal journal; /* its fd is -1: there is none */
	char *journal_path;
};

/*
 * Read the files, and what the journal adds. ST_TEMP: one of them cannot be
 * read; state_clear() is due all the same. A journal that cannot be made is
 * reported.
 */
enum st state_load(struct state *s, const char *idfile, struct err *e)
    MUST_CHECK;
void state_clear(struct state *s);

/* A line of a poll that runs: what its child has put into the journal counts
 * from now on, and is to be synced. Others are left alone. */
void state_note(struct state *s, const struct account *a, struct str line);
/* All lines of a poll that has ended, in their order. */
void state_learn(struct state *s, const struct account *a, struct str lines);
/* What was noted survives a power cut; a failure is reported. */
void state_sync(struct state *s);
/* Write what has changed; what fails is reported, and the old file stays. idle:
 * no poll runs, and the journal begins anew if all went well. */
void state_save(struct state *s, bool idle);

#endif
