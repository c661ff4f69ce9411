/*
 * route - who gets a message: the one local name of a single-drop account, or,
 * for many (multidrop), those that its header names.
 *
 * Pure: the header in, recipients out. Names may be completed afterwards (a
 * bare name gets its domain from the sink).
 */
#ifndef FETCHER_ROUTE_H
#define FETCHER_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/macros.h"
#include "base/str.h"
#include "fetcher/config.h"

/* More recipients of one message than this go to the postmaster alone. */
#define ROUTE_MAX 5000

/* Is domain another name of host, as far as the resolver knows? */
typedef bool route_alias_fn(const char *domain, const char *host, void *arg);

struct route {
	struct arena arena; /* of the caller, who clears it */
	const char **rcpt;  /* external form, without brackets */
	size_t n;           /* 0: no recipient and no postmaster */
	bool multidrop;
	bool by_envelope;    /* an envelope or Received line named them */
	bool to_postmaster;  /* nothing matched */
	const char *warning; /* for X-Fetchmail-Warning, NULL for none */
};

/* Several local names, or "*". */
bool route_is_multidrop(const struct account *a);

/*
 * Fill *out (zeroed) for a message with this header (lines with their ends).
 * postmaster is who gets what matches nobody ("" for none); alias may be NULL:
 * then only names of the rc count.
 */
void route_message(struct route *out, const struct account *a,
    struct str header, const char *postmaster, route_alias_fn *alias,
    void *arg);

#endif
