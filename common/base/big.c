/* big - memory in large pages. */

#include "base/big.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/err.h"
#include "base/xalloc.h"

/* Below this malloc(3) does better. */
#define BIG ((size_t)1 << 20)
/* A large page, on most machines. */
#define LARGE ((uintptr_t)1 << 21)

void big_advise(void *p, size_t n)
{
#ifdef MADV_HUGEPAGE
	uintptr_t from = ((uintptr_t)p + LARGE - 1) & ~(LARGE - 1);
	uintptr_t to = ((uintptr_t)p + n) & ~(LARGE - 1);

	/* Advice: it may be refused. */
	if (to > from)
		(void)madvise((char *)p + (from - (uintptr_t)p), to - from,
		    MADV_HUGEPAGE);
#else
	(void)p;
	(void)n;
#endif
}

static void *map(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		bug("out of memory: %zu bytes", n);
	big_advise(p, n);
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
