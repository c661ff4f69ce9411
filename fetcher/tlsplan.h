/*
 * tlsplan - what will happen about TLS, step by step, and why: for people.
 */
#ifndef FETCHER_TLSPLAN_H
#define FETCHER_TLSPLAN_H

#include "base/buf.h"
#include "fetcher/config.h"

/* Add some lines about one account. */
void tlsplan_text(struct buf *out, const struct account *a);

#endif
