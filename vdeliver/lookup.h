/*
 * lookup - a process that has the tables open and answers one question at a
 * time. It ends, before it answers, when a table has changed: the monitor
 * starts another one, which opens them anew.
 */
#ifndef VDELIVER_LOOKUP_H
#define VDELIVER_LOOKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"
#include "map/maps.h"
#include "vdeliver/settings.h"
#include "vdeliver/wire.h"

struct lookup;

/*
 * An answer may be kept ("lasting") while the process answers Q_SAME, when all
 * tables that it depends on are files (map_lasts) and were opened so long ago
 * that no later change can have left the time of the file as it was: the
 * coarsest file systems count in steps of 2 seconds.
 */
#define LOOKUP_GRAIN_MS 2500

/* Open all tables and lists: while still root, as smtpd does. */
struct lookup *lookup_open(const struct settings *set) MUST_CHECK;
/*
 * One answer, as the process gives it; flags: ASK_LOCAL. ext: the extension
 * that the matching key did not have.
 */
enum st lookup_answer(struct lookup *l, enum question question, uint32_t flags,
    struct str key, struct buf *val, struct str *ext, struct err *e) MUST_CHECK;
/* May the answer to such a question be kept? */
bool lookup_lasts(const struct lookup *l, enum question question);
/* The parameter that answers a question, NULL for Q_PEER_NAME. */
const char *lookup_param(enum question question);
/* The tables of a question, to be watched; NULL for lists. */
struct maps *lookup_maps(const struct lookup *l, enum question question);
/* True when a table or a list cannot be used; that was logged. */
bool lookup_broken(const struct lookup *l);
/* NULL is fine. */
void lookup_close(struct lookup *l);
/* Answer questions from router until it closes. */
void lookup_run(struct lookup *l, int router) NORETURN;

#endif
