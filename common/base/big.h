/*
 * big - memory for millions of records: in few large pages where the system
 * has them, so that touching it costs little.
 */
#ifndef COMMON_BASE_BIG_H
#define COMMON_BASE_BIG_H

#include <stddef.h>

#include "base/macros.h"

/* n bytes, all zero; out of memory ends the program. n = 0 gives NULL. */
void *big_alloc(size_t n) MUST_CHECK;
/* p was big_alloc(n); NULL is fine. */
void big_free(void *p, size_t n);
/* As realloc(3): p, of old bytes, becomes one of n > old; what is new is zero. */
void *big_grow(void *p, size_t old, size_t n) MUST_CHECK;
/* Ask for large pages in memory of malloc(3)'s that nobody has touched yet. */
void big_advise(void *p, size_t n);

#endif
