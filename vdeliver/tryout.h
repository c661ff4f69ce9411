/*
 * tryout - what the owner of a mailbox may do there, without doing it.
 * Runs in: the command.
 */
#ifndef VDELIVER_TRYOUT_H
#define VDELIVER_TRYOUT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "vdeliver/resolve.h"
#include "vdeliver/settings.h"

/*
 * With root, a child becomes f's uid and gid, as a worker does, and looks at
 * the mailbox; nothing is made or written. Without root that works for our own
 * ids alone. What it sees is added to out, a line each.
 *
 * ST_OK: a message would be written. ST_NONE: it could not be tried, out says
 * why. ST_TEMP, ST_PERM: what e says is the outcome of a message.
 */
enum st tryout_run(const struct settings *set, const struct final *f,
    struct buf *out, struct err *e) MUST_CHECK;

#endif
