/*
 * xalloc - memory or the end of the process: sizes from outside are limited
 * before they come here, so running out is no input's doing.
 */
#ifndef COMMON_BASE_XALLOC_H
#define COMMON_BASE_XALLOC_H

#include <stddef.h>

#include "base/macros.h"
#include "base/str.h"

/* As malloc, calloc, realloc and strdup, but never NULL. Free with free(). */
void *xmalloc(size_t n) MUST_CHECK;
void *xcalloc(size_t count, size_t size) MUST_CHECK;
void *xrealloc(void *p, size_t n) MUST_CHECK;
char *xstrdup(const char *s) MUST_CHECK;
/* The bytes of s and a NUL. */
char *xstrndup(struct str s) MUST_CHECK;
/* Room for count elements of size; p may be NULL; overflow is a bug. */
void *xreallocarray(void *p, size_t count, size_t size) MUST_CHECK;

#endif
