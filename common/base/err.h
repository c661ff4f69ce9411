/*
 * err - the four outcomes of an operation, and the one text that explains it.
 *
 * The place that sees a failure fills struct err once; the places above pass
 * the outcome on and may prefix the text; exactly one of them logs or replies.
 * Choose so: our configuration, disk, tables or a peer's network: ST_TEMP; the
 * doing of the sender or the recipient: ST_PERM.
 */
#ifndef COMMON_BASE_ERR_H
#define COMMON_BASE_ERR_H

#include <stdarg.h>

#include "base/macros.h"

enum st {
	ST_OK,   /* done */
	ST_NONE, /* no such key, user or message: an answer, not a failure */
	ST_TEMP, /* may work later: 4yz, EX_TEMPFAIL, keep on the server */
	ST_PERM, /* will never work: 5yz, bounce */
};

struct err {
	char dsn[10];   /* RFC 3463 code, "4.2.0"; "" outside mail */
	char text[246]; /* one printable line, safe to log and to reply */
};

/*
 * Fill e (which may be NULL) and return ST_TEMP or ST_PERM. fmt as printf, with
 * %m for errno's text; control characters become '?', what is too long is cut.
 * dsn is copied, "" or NULL where no mail is concerned.
 */
enum st err_temp(struct err *e, const char *dsn, const char *fmt, ...)
    PRINTF(3, 4);
enum st err_perm(struct err *e, const char *dsn, const char *fmt, ...)
    PRINTF(3, 4);
void err_set(struct err *e, const char *dsn, const char *fmt, va_list ap)
    PRINTF(3, 0);

/* Put a printf text and nothing else before e's text, as in "FILE, line 3: ". */
void err_prefix(struct err *e, const char *fmt, ...) PRINTF(2, 3);

/* "ok", "none", "temporary", "permanent". */
const char *st_name(enum st st);

/* The worse of two: PERM < TEMP in how soon it is final, so TEMP wins. */
enum st st_worse(enum st a, enum st b);

/* Programming error or no memory: say where, and stop the process (abort). */
#define bug(...) bug_at(__FILE__, __LINE__, __VA_ARGS__)
void bug_at(const char *file, int line, const char *fmt, ...)
    PRINTF(3, 4) NORETURN;

#endif
