/*
 * password - for accounts whose rc has none: from ~/.netrc, or asked for on the
 * terminal.
 */
#ifndef FETCHER_PASSWORD_H
#define FETCHER_PASSWORD_H

#include "base/arena.h"
#include "base/err.h"
#include "base/macros.h"
#include "fetcher/config.h"

/*
 * Give every account in the list a password, in a. netrc is the path of the
 * file. ST_TEMP: "can't find a password for U@LABEL.".
 */
enum st password_find(struct account *first, const char *netrc, struct arena *a,
    struct err *e) MUST_CHECK;

#endif
