/* page_cache - a slot for each page, by its number. */

#include "map/page_cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

void page_cache_reset(struct page_cache *c, size_t page_size)
{
	memset(c->number, 0, sizeof(c->number));
	if (page_size == c->page_size)
		return;
	free(c->pages);
	c->pages = NULL;
	c->page_size = page_size;
}

void page_cache_clear(struct page_cache *c)
{
	if (c != NULL)
		free(c->pages);
}

bool page_cache_get(const struct page_cache *c, uint64_t number, char *to)
{
	size_t slot = number % PAGE_CACHE_SLOTS;

	if (c->number[slot] != number + 1)
		return false;
	memcpy(to, c->pages + slot * c->page_size, c->page_size);
	return true;
}

void page_cache_put(struct page_cache *c, uint64_t number, const char *page)
{
	size_t slot = number % PAGE_CACHE_SLOTS;

	if (c->pages == NULL)
		c->pages = xmalloc(PAGE_CACHE_SLOTS * c->page_size);
	memcpy(c->pages + slot * c->page_size, page, c->page_size);
	c->number[slot] = number + 1;
}
