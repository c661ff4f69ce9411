/*
 * hash - a table from bytes to pointers, with a random seed per process, so
 * that nobody can choose keys that collide.
 */
#ifndef COMMON_BASE_HASH_H
#define COMMON_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "base/str.h"

struct hash;

struct hash *hash_new(void) MUST_CHECK;
/* Free the table, and each value by free_value unless that is NULL. */
void hash_free(struct hash *h, void (*free_value)(void *));

/* The value of key, NULL when there is none. */
void *hash_get(const struct hash *h, struct str key);
/* Set (never to NULL); the key is copied. Returns the old value or NULL. */
void *hash_put(struct hash *h, struct str key, void *value);
/* Remove; returns the value that was there or NULL. */
void *hash_del(struct hash *h, struct str key);

size_t hash_count(const struct hash *h);
/* Call fn for each entry in no special order; fn must not change the table. */
void hash_each(const struct hash *h,
    void (*fn)(struct str key, void *value, void *arg), void *arg);

/* The seeded hash (SipHash-1-3) of some bytes. */
uint64_t hash_bytes(struct str s);

#endif
