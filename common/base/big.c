/* big - memory in large pages. */

#include "base/big.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/err.h"
#include "base/xalloc.h"

/* Below this malloc(3) does better. */
#define BIG ((size_t)1 << 20)

static void *map(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		bug("out of memory: %zu bytes", n);
#ifdef MADV_HUGEPAGE
	/* Advice: it may be refused. */
	(void)madvise(p, n, MADV_HUGEPAGE);
#endif
	return p;
}

void *big_alloc(size_t n)
{
	if (n == 0)
		return NULL;
	return n < BIG ? xcalloc(1, n) : map(n);
}

void big_free(void *p, size_t n)
{
	if (p == NULL)
		return;
	if (n < BIG)
		free(p);
	else
		munmap(p, n);
}

void *big_grow(void *p, size_t old, size_t n)
{
	void *q = big_alloc(n);

	if (p != NULL)
		memcpy(q, p, old);
	big_free(p, old);
	return q;
}
