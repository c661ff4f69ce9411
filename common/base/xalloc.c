/* xalloc - memory or the end of the process. */

#include "base/xalloc.h"

#include <stdlib.h>

#include "base/err.h"

void *xmalloc(size_t n)
{
	void *p = malloc(n != 0 ? n : 1);

	if (p == NULL)
		bug("out of memory for %zu bytes", n);
	return p;
}

void *xcalloc(size_t count, size_t size)
{
	void *p = calloc(count != 0 ? count : 1, size != 0 ? size : 1);

	if (p == NULL)
		bug("out of memory for %zu x %zu bytes", count, size);
	return p;
}

void *xrealloc(void *old, size_t n)
{
	void *p = realloc(old, n != 0 ? n : 1);

	if (p == NULL)
		bug("out of memory for %zu bytes", n);
	return p;
}

void *xreallocarray(void *old, size_t count, size_t size)
{
	size_t n;

	if (__builtin_mul_overflow(count, size, &n))
		bug("array of %zu x %zu bytes", count, size);
	return xrealloc(old, n);
}

char *xstrdup(const char *s)
{
	return xstrndup(str_c(s));
}

char *xstrndup(struct str s)
{
	char *p = xmalloc(s.n + 1);

	if (s.n != 0)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return p;
}
