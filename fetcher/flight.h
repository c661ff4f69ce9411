/*
 * flight - messages that were handed to the sink and whose fate is not known,
 * and the lines about them: each comes out whole, in the order of the messages,
 * whatever the order of the answers.
 */
#ifndef FETCHER_FLIGHT_H
#define FETCHER_FLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/macros.h"
#include "fetcher/sink.h"

struct poll;

#define FLIGHTS 128

struct flight {
	struct poll *q;
	uint64_t n;   /* which message */
	bool pending; /* the sink has not said yet */
	bool done;    /* its line is whole, and waits for those before it */
	struct buf line;
	struct sink_notices notices; /* for the sink: arg is this */
};

struct flights {
	struct flight ring[FLIGHTS];
	size_t first, n, pending;
};

bool flight_is_full(const struct flights *f);
/* A message begins; there is room for it. */
struct flight *flight_new(struct flights *f, struct poll *q, uint64_t n)
    MUST_CHECK;
/* The sink has it and has not answered: the line made so far is put aside. */
void flight_wait(struct flights *f, struct flight *one);
/* What the sink knows it by, and back. */
size_t flight_ticket(const struct flights *f, const struct flight *one);
struct flight *flight_of(struct flights *f, size_t ticket) MUST_CHECK;
/* Its line ends so. */
void flight_done(struct flights *f, struct flight *one, const char *end);
void flight_clear(struct flights *f);

#endif
