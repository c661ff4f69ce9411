/*
 * hold - keep signals that end a program waiting while a file is half made.
 */
#ifndef COMMON_MAP_HOLD_H
#define COMMON_MAP_HOLD_H

#include <signal.h>
#include <stdbool.h>

#include "base/macros.h"

struct hold {
	sigset_t old;
	bool on;
};

/* SIGHUP, SIGINT and SIGTERM wait from now on. */
void hold_begin(struct hold *h);
/* Did one come that is not ignored? Then tidy up and call hold_end(). */
bool hold_pending(void) MUST_CHECK;
/* As before; who waited strikes now. Twice is harmless. */
void hold_end(struct hold *h);

#endif
