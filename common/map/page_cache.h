/*
 * page_cache - the pages that every lookup in a tree passes, for as long as the
 * file cannot change: its owner empties the cache when it takes the lock.
 */
#ifndef COMMON_MAP_PAGE_CACHE_H
#define COMMON_MAP_PAGE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

#define PAGE_CACHE_SLOTS 64

struct page_cache {
	size_t page_size;
	uint64_t number[PAGE_CACHE_SLOTS]; /* of the page in a slot, plus 1 */
	char *pages;                       /* NULL: nothing was kept yet */
};

/* Forget all pages; those to come have this size. */
void page_cache_reset(struct page_cache *c, size_t page_size);
/* Free the memory. NULL is fine. */
void page_cache_clear(struct page_cache *c);
/* Copy page number to to; false: it is not there. */
bool page_cache_get(const struct page_cache *c, uint64_t number, char *to)
    MUST_CHECK;
void page_cache_put(struct page_cache *c, uint64_t number, const char *page);

#endif
