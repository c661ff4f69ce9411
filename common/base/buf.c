/* buf - growing bytes with a limit. */

#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

void buf_reset(struct buf *b)
{
	b->n = 0;
	b->full = false;
	if (b->p != NULL)
		b->p[0] = '\0';
}

void buf_clear(struct buf *b)
{
	if (b == NULL)
		return;
	free(b->p);
	b->p = NULL;
	b->n = b->cap = 0;
	b->full = false;
}

/* Memory for n more bytes and the NUL; n was checked against the limit. */
static void grow(struct buf *b, size_t n)
{
	size_t need = b->n + n + 1, cap = b->cap != 0 ? b->cap : 64;

	if (need <= b->cap)
		return;
	while (cap < need)
		cap *= 2;
	b->p = xrealloc(b->p, cap);
	b->cap = cap;
	/* buf_room() may be followed by no byte at all. */
	b->p[b->n] = '\0';
}

static bool fits(struct buf *b, size_t n)
{
	if (n > b->max || b->n > b->max - n)
		b->full = true;
	return !b->full;
}

bool buf_add(struct buf *b, struct str s)
{
	if (!fits(b, s.n))
		return false;
	grow(b, s.n);
	if (s.n != 0)
		memcpy(b->p + b->n, s.p, s.n);
	b->n += s.n;
	b->p[b->n] = '\0';
	return true;
}

bool buf_addc(struct buf *b, const char *s)
{
	return buf_add(b, str_c(s));
}

bool buf_addch(struct buf *b, char c)
{
	return buf_add(b, (struct str){ &c, 1 });
}

static bool add_v(struct buf *b, const char *fmt, va_list ap) PRINTF(2, 0);
static bool add_v(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0 || !fits(b, (size_t)n))
		return false;
	grow(b, (size_t)n);
	vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
	b->n += (size_t)n;
	return true;
}

bool buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	bool ok;

	va_start(ap, fmt);
	ok = add_v(b, fmt, ap);
	va_end(ap);
	return ok;
}

bool buf_set(struct buf *b, struct str s)
{
	buf_reset(b);
	return buf_add(b, s);
}

bool buf_setf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	bool ok;

	buf_reset(b);
	va_start(ap, fmt);
	ok = add_v(b, fmt, ap);
	va_end(ap);
	return ok;
}

void buf_shift(struct buf *b, size_t n)
{
	if (n == 0)
		return;
	if (n >= b->n) {
		b->n = 0;
	} else {
		memmove(b->p, b->p + n, b->n - n);
		b->n -= n;
	}
	if (b->p != NULL)
		b->p[b->n] = '\0';
}

void buf_cut(struct buf *b, size_t n)
{
	if (n >= b->n)
		return;
	b->n = n;
	b->p[n] = '\0';
}

char *buf_room(struct buf *b, size_t n, size_t *room)
{
	*room = b->max - b->n < n ? b->max - b->n : n;
	if (*room == 0)
		return NULL;
	grow(b, *room);
	return b->p + b->n;
}

void buf_grew(struct buf *b, size_t n)
{
	b->n += n;
	b->p[b->n] = '\0';
}

struct str buf_str(const struct buf *b)
{
	return (struct str){ b->p, b->n };
}

const char *buf_c(const struct buf *b)
{
	return b->p != NULL ? b->p : "";
}

char *buf_take(struct buf *b)
{
	char *p = b->p != NULL ? b->p : xstrdup("");

	b->p = NULL;
	b->n = b->cap = 0;
	b->full = false;
	return p;
}
