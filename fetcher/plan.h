/*
 * plan - what a poll of an account would do, in words: --dry-run.
 *
 * Pure: an account in, lines out.
 */
#ifndef FETCHER_PLAN_H
#define FETCHER_PLAN_H

#include "base/buf.h"
#include "fetcher/config.h"

/* Server and TLS, what is fetched, where it goes, what becomes of it. */
void plan_text(struct buf *out, const struct account *a);

#endif
