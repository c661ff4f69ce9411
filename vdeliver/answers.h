/*
 * answers - what lookup processes have answered, kept while their tables are
 * the same. Whoever asks has to make sure of that: asking.h.
 *
 * Bounded: the entries are in two halves; when the young one is full it
 * becomes the old one, whose entries go. One that is used moves to the young.
 */
#ifndef VDELIVER_ANSWERS_H
#define VDELIVER_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "vdeliver/resolve.h"

/* Octets of keys and values, and of what they cost, in each half. */
#define ANSWERS_HALF ((size_t)1 << 20)

struct answers;

struct answers *answers_new(void) MUST_CHECK;
/* Keep a->st (ST_OK or ST_NONE), value and ext; others, and what is too long
 * to be worth it, are not kept. */
void answers_put(struct answers *v, enum question question, uint32_t flags,
    struct str key, const struct answer *a);
/* False: nothing is known. *a borrows until the next call of anything here. */
bool answers_get(struct answers *v, enum question question, uint32_t flags,
    struct str key, struct answer *a) MUST_CHECK;
void answers_forget_all(struct answers *v);
/* NULL is fine. */
void answers_free(struct answers *v);

#endif
