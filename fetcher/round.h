/*
 * round - poll every account once, each in a child of its own, so that one that
 * hangs or crashes takes no other along. Runs in: parent.
 *
 * "parallel" of them run at once, "parallel-per-host" at one server, and never
 * two for one user there; with -v or dots on a console one after the other,
 * unless parallel was set. Unless it was set, they also begin one after the
 * other, until one takes longer than a moment: where nobody has to be waited
 * for, the order is fetchmail's. Who has commands or an interface of its own
 * (preconnect, postconnect, plugin, interface, monitor) runs when nobody else
 * does.
 */
#ifndef FETCHER_ROUND_H
#define FETCHER_ROUND_H

#include <stdbool.h>

#include "base/macros.h"
#include "fetcher/config.h"
#include "fetcher/status.h"

struct round {
	struct account *accounts;
	const char *idfile;
	bool check;         /* only look */
	bool daemon;        /* one of many rounds */
	bool detached;      /* nobody sees what is reported */
	unsigned long turn; /* which one, from 0: for "interval" */
};

/*
 * PS_SUCCESS when any account had mail, else the state of the last in their
 * order. Ends early when a signal wants it.
 */
enum status round_run(const struct round *r) MUST_CHECK;

#endif
