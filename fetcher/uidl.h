/*
 * uidl - which messages were seen: the id file, as fetchmail writes it.
 *
 * Lines "user@host uid"; lines of other accounts are kept. The file is
 * replaced at once (written beside, synced, renamed), mode 0600, and removed
 * when nothing is left.
 */
#ifndef FETCHER_UIDL_H
#define FETCHER_UIDL_H

#include <stdbool.h>

#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

struct uidl;

/* Read the file; a missing one is empty. ST_TEMP: it cannot be read. */
enum st uidl_load(struct uidl **u, const char *path, struct err *e) MUST_CHECK;
/* NULL is fine. */
void uidl_free(struct uidl *u);

/* Was uid of user at host seen? */
bool uidl_seen(const struct uidl *u, const char *user, const char *host,
    struct str uid);
/* Is anything of user at host there that begins with the prefix? */
bool uidl_any(const struct uidl *u, const char *user, const char *host,
    struct str prefix);
/* Forget all of user at host that begins so; then add what still counts. */
void uidl_clear(struct uidl *u, const char *user, const char *host,
    struct str prefix);
/* Forget one. */
void uidl_remove(struct uidl *u, const char *user, const char *host,
    struct str uid);
void uidl_add(struct uidl *u, const char *user, const char *host,
    struct str uid);
/* Write it; ST_TEMP: the reason, and the old file stays. */
enum st uidl_save(struct uidl *u, struct err *e) MUST_CHECK;

#endif
