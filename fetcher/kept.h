/*
 * kept - when messages that stay on the server were fetched: for "keep N days"
 * and "track uid". A file of our own beside the id file: its first line says
 * which form it has, then lines "SECONDS user@host KEY".
 *
 * The same for messages within which the server has failed: the key begins with
 * "broken:" then, and the number says how often.
 *
 * It is replaced at once, mode 0600, as the id file is, and goes when nothing
 * is left in it.
 */
#ifndef FETCHER_KEPT_H
#define FETCHER_KEPT_H

#include <stdint.h>

#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

struct kept;

/* A missing file is an empty one. ST_TEMP: it cannot be read, or has a form
 * that a later version made: it is not overwritten then. */
enum st kept_load(struct kept **k, const char *path, struct err *e) MUST_CHECK;
/* NULL is fine. */
void kept_free(struct kept *k);

/* When it was fetched, in seconds since 1970; 0: not that we know. */
int64_t kept_time(const struct kept *k, const char *user, const char *host,
    struct str key);
/* It was fetched then; what is known already stays. */
void kept_add(struct kept *k, const char *user, const char *host,
    struct str key, int64_t seconds);
/* One more for the number of this one, from 0; forget one. */
void kept_count(struct kept *k, const char *user, const char *host,
    struct str key);
void kept_remove(struct kept *k, const char *user, const char *host,
    struct str key);
/* Of those that begin so, only what is added from now on stays, with the time
 * that it has. */
void kept_renew(struct kept *k, const char *user, const char *host,
    struct str prefix);
enum st kept_save(struct kept *k, struct err *e) MUST_CHECK;

#endif
