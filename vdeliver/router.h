/*
 * router - the process that knows what belongs together: clients and their
 * transactions, questions and answers, messages and jobs. It opens no map and
 * no mailbox, and never blocks.
 */
#ifndef VDELIVER_ROUTER_H
#define VDELIVER_ROUTER_H

#include "base/macros.h"
#include "vdeliver/settings.h"

/* base: the mailbox base, or -1: to see how full it is. Runs until the monitor closes, or, after W_DRAIN, until no front is left. */
void router_run(const struct settings *set, int monitor, int base) NORETURN;

#endif
