/*
 * state - what the parent remembers of the accounts, in three files: the id
 * file, beside it what was delivered and should have left the server, and
 * kept.h. Polls only read it; what they learn they say in lines, told.h.
 */
#ifndef FETCHER_STATE_H
#define FETCHER_STATE_H

#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"
#include "fetcher/config.h"
#include "fetcher/kept.h"
#include "fetcher/uidl.h"

struct state {
	struct uidl *ids, *delivered;
	struct kept *kept;
};

/* ST_TEMP: one of the files cannot be read; state_clear() is due all the
 * same. */
enum st state_load(struct state *s, const char *idfile, struct err *e)
    MUST_CHECK;
void state_clear(struct state *s);

/*
 * One line that must not be lost, whatever happens to us now: it is in the
 * files at once, as far as it adds to them. Others are left alone.
 */
void state_note(struct state *s, const struct account *a, struct str line);
/* All lines of a poll that has ended, in their order. */
void state_learn(struct state *s, const struct account *a, struct str lines);
/* Write what has changed; what fails is reported, and the old file stays. */
void state_save(struct state *s);

#endif
