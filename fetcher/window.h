/*
 * window - messages that are asked for before it is their turn, so that nobody
 * waits for the line.
 *
 * Nothing is stored here: what the server sends waits in the sockets. So many
 * messages, and so many octets by what the server says of their size; one that
 * is larger is asked for when nothing else is under way.
 */
#ifndef FETCHER_WINDOW_H
#define FETCHER_WINDOW_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/macros.h"
#include "fetcher/status.h"

struct poll;

#define WINDOW_MESSAGES 64
#define WINDOW_OCTETS   ((uint64_t)1 << 20)

struct window {
	uint64_t next; /* all before were asked for, or are not wanted */
	struct {
		uint64_t n, octets;
	} asked[WINDOW_MESSAGES];
	size_t first, n;
	uint64_t octets;
};

/* Message n is wanted now: ask for it and for those after it, where the
 * protocol and the limits of the account allow it. */
enum status window_fill(struct poll *q, uint64_t n, struct err *e) MUST_CHECK;
/* Message n is being opened. */
void window_opened(struct poll *q, uint64_t n);

#endif
