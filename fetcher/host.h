/*
 * host - names: of this host, of servers, of the postmaster.
 */
#ifndef FETCHER_HOST_H
#define FETCHER_HOST_H

#include <stdbool.h>

#include "base/err.h"
#include "base/macros.h"
#include "fetcher/config.h"

/* Our full name, as far as the resolver knows it. */
const char *host_fqdn(void);
/* The canonical name of host in the arena; ST_TEMP: the resolver's reason. */
enum st host_canonical(const char *host, struct arena *a, const char **name,
    struct err *e) MUST_CHECK;
/*
 * Do both names have the same canonical name, or, by_address, an address in
 * common? False when one does not resolve.
 */
bool host_is_alias(const char *a, const char *b, bool by_address);
/* set postmaster, else the caller (root: "postmaster"); "" for nobody. */
const char *host_postmaster(const struct account *a);
/* Who it is when nobody is set. */
const char *host_default_postmaster(void);

#endif
