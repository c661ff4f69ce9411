/*
 * access - which clients count as local: local_header_rewrite_clients against
 * our own interface addresses, found at start.
 */
#ifndef VDELIVER_ACCESS_H
#define VDELIVER_ACCESS_H

#include <stdbool.h>

#include "base/macros.h"
#include "vdeliver/settings.h"

struct access;

struct access *access_new(const struct settings *set) MUST_CHECK;
/* NULL is fine. */
void access_free(struct access *a);
/* One of our own interface addresses (within inet_interfaces). */
bool access_is_own(const struct access *a, const char *addr);
/*
 * Does mail from this address get missing headers (permit_inet_interfaces,
 * permit_mynetworks)? trusted: it is in mynetworks.
 */
bool access_is_local(const struct access *a, const char *addr, bool trusted);

#endif
