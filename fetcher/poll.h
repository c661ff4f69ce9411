/*
 * poll - one account from its connection to its goodbye. Runs in: a child per
 * poll; the parent keeps the id file.
 */
#ifndef FETCHER_POLL_H
#define FETCHER_POLL_H

#include "base/macros.h"
#include "fetcher/config.h"
#include "fetcher/status.h"
#include "fetcher/uidl.h"

struct journal;
struct kept;

struct poll_how {
	bool check;                    /* only look */
	bool daemon;                   /* one of many rounds */
	unsigned long turn;            /* which one, from 0 */
	int ids_out;                   /* lines for the parent: see told.h */
	const struct uidl *ids;        /* what was seen */
	const struct uidl *delivered;  /* what should not be there any more */
	const struct kept *kept;       /* NULL: nothing stays */
	const struct journal *journal; /* NULL: there is none */
};

/* The exit state of this account's poll. */
enum status poll_account(const struct account *a, const struct poll_how *how)
    MUST_CHECK;

#endif
