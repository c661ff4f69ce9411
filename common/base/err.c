/* err - outcomes and their text. */

#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

/* Bytes of UTF-8 pass; control characters do not. */
static void make_printable(char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			*s = '?';
}

void err_set(struct err *e, const char *dsn, const char *fmt, va_list ap)
{
	if (e == NULL)
		return;
	snprintf(e->dsn, sizeof(e->dsn), "%s", dsn != NULL ? dsn : "");
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	make_printable(e->text);
}

enum st err_temp(struct err *e, const char *dsn, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err_set(e, dsn, fmt, ap);
	va_end(ap);
	return ST_TEMP;
}

enum st err_perm(struct err *e, const char *dsn, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err_set(e, dsn, fmt, ap);
	va_end(ap);
	return ST_PERM;
}

void err_prefix(struct err *e, const char *fmt, ...)
{
	char old[sizeof(e->text)];
	va_list ap;
	size_t n;

	if (e == NULL)
		return;
	memcpy(old, e->text, sizeof(old));
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	n = strlen(e->text);
	snprintf(e->text + n, sizeof(e->text) - n, "%s", old);
	make_printable(e->text);
}

const char *st_name(enum st st)
{
	static const char *const names[] = { "ok", "none", "temporary",
		"permanent" };

	return names[st];
}

enum st st_worse(enum st a, enum st b)
{
	static const int rank
	    [] = { [ST_OK] = 0, [ST_NONE] = 1, [ST_PERM] = 2, [ST_TEMP] = 3 };

	return rank[a] >= rank[b] ? a : b;
}

void bug_at(const char *file, int line, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_msg(LOG_PANIC, "%s:%d: %s", file, line, text);
	abort();
}
