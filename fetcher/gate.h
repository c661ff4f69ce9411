/*
 * gate - what stands before and after a poll: an interface that must be up,
 * commands that bring a connection up and down.
 */
#ifndef FETCHER_GATE_H
#define FETCHER_GATE_H

#include <stdbool.h>

#include "base/macros.h"
#include "fetcher/config.h"
#include "fetcher/poll.h"
#include "fetcher/status.h"

/*
 * Shall it be polled? interface and, for a daemon, monitor say so; why not is
 * reported. Runs in the parent.
 */
bool gate_is_open(const struct account *a, bool daemon);
/* A poll has ended: its own traffic does not count for monitor. */
void gate_polled(struct account *a);

/*
 * preconnect, poll_account(), postconnect. A command that fails makes a poll
 * that did not PS_SYNTAX. Runs in the poll child.
 */
enum status gate_poll(const struct account *a, const struct poll_how *how)
    MUST_CHECK;

#endif
