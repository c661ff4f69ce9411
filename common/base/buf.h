/*
 * buf - bytes that grow, up to a limit which they are born with.
 *
 * A buf owns its memory. What would pass the limit is not added at all, and
 * `full` stays set until buf_reset(): so a series of adds needs one check at
 * its end. The content is always followed by a NUL that is not counted.
 */
#ifndef COMMON_BASE_BUF_H
#define COMMON_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"
#include "base/str.h"

struct buf {
	char *p; /* NULL until something was added */
	size_t n, cap, max;
	bool full; /* something did not fit */
};

/* An empty buf that holds at most max bytes. */
#define BUF_MAX(limit) ((struct buf){ NULL, 0, 0, (limit), false })
/* A buf that frees itself at the end of its scope. */
#define AUTO_BUF CLEANUP(buf_clear) struct buf

/* Forget the content, keep memory and limit; full becomes false. */
void buf_reset(struct buf *b);
/* Free the memory; the limit stays. NULL is fine. */
void buf_clear(struct buf *b);

/* Add bytes; false (and full) when they do not fit. */
bool buf_add(struct buf *b, struct str s);
bool buf_addc(struct buf *b, const char *s);
bool buf_addch(struct buf *b, char c);
bool buf_addf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
/* Replace the content. */
bool buf_set(struct buf *b, struct str s);
bool buf_setf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);

/* Drop the first n bytes, or keep only the first n. */
void buf_shift(struct buf *b, size_t n);
void buf_cut(struct buf *b, size_t n);

/*
 * Room for up to n more bytes to be written at the returned place; less when
 * the limit says so: *room is what there is, NULL when it is 0. Call
 * buf_grew() with what was written.
 */
char *buf_room(struct buf *b, size_t n, size_t *room);
void buf_grew(struct buf *b, size_t n);

/* The content, borrowed until the next change. */
struct str buf_str(const struct buf *b);
/* The content as a C string, "" when empty; borrowed. */
const char *buf_c(const struct buf *b);
/* Hand the memory (NUL-ended) to the caller, who frees it; b is empty then. */
char *buf_take(struct buf *b) MUST_CHECK;

#endif
