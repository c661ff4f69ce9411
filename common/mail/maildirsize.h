/*
 * maildirsize - the quota file of a Maildir, where there is one: Maildir++,
 * https://www.courier-mta.org/imap/README.maildirquota.html
 *
 * Its first line is the quota ("10000000S,1000C"), each further one adds bytes
 * and messages. Nobody locks it: whoever delivers appends a line, and counts
 * anew what has become long or old.
 */
#ifndef COMMON_MAIL_MAILDIRSIZE_H
#define COMMON_MAIL_MAILDIRSIZE_H

#include <stdint.h>

#include "base/err.h"
#include "base/macros.h"
#include "mail/maildir.h"

/*
 * May a message of that many bytes come into dir, a Maildir or a folder of one
 * (below the store, with no slash at its end)? ST_NONE: there is no quota.
 * ST_PERM 5.2.2 (ST_TEMP 4.2.2 by the store's defer_quota): it would exceed it.
 * With count_anew a file that is too long, or says no and is older than a
 * quarter of an hour, is made anew from what is there, which may take long;
 * without it the answer is then ST_NONE.
 */
enum st maildirsize_check(const struct maildir_store *store, const char *dir,
    uint64_t bytes, bool count_anew, struct err *e) MUST_CHECK;

/* A message came: add a line, if the file is there. */
void maildirsize_add(const struct maildir_store *store, const char *dir,
    uint64_t bytes);

#endif
