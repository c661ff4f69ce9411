/*
 * confine - does a mailbox lie in the store, whatever links are on the way?
 */
#ifndef VDELIVER_CONFINE_H
#define VDELIVER_CONFINE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"
#include "mail/maildir.h"

/*
 * ST_OK: what is there of path (a mailbox below the store), and of the parts of
 * a Maildir, lies within; or the store has no confine. ST_TEMP 4.2.0: a link
 * leads out, which is logged with its name. Absolute links do always. Between
 * this look and the next step only Landlock holds (sandbox.h).
 */
enum st confine_check(const struct maildir_store *store, struct str path,
    struct err *e) MUST_CHECK;

/* Does path lead out of base? */
bool confine_leads_out(int base, const char *path);

#endif
