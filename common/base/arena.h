/*
 * arena - memory that is freed all at once, for what lives as long as a mail
 * transaction, a configuration or an account.
 */
#ifndef COMMON_BASE_ARENA_H
#define COMMON_BASE_ARENA_H

#include <stddef.h>

#include "base/macros.h"
#include "base/str.h"

struct arena_block;
struct arena {
	struct arena_block *blocks; /* newest first */
	size_t total;               /* bytes handed out since arena_clear */
};

#define AUTO_ARENA CLEANUP(arena_clear) struct arena

/* n bytes, zeroed, aligned for any object; lives until arena_clear(). */
void *arena_alloc(struct arena *a, size_t n) MUST_CHECK;
void *arena_array(struct arena *a, size_t count, size_t size) MUST_CHECK;
/* A copy of s with a NUL behind it, as str or as C string. */
struct str arena_str(struct arena *a, struct str s);
char *arena_strz(struct arena *a, struct str s);
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF(2, 3);

/* Free everything; the arena is empty and may be used again. NULL is fine. */
void arena_clear(struct arena *a);

#endif
