/*
 * secret - passwords and tokens that the rc file does not have itself:
 * passwordeval, passwordfile, systemd's credentials. Runs in: poll child; the
 * parent keeps it for the next poll.
 *
 * Only the first line counts. What comes from a command or a file is never
 * shown, and its memory is wiped when it is given up.
 */
#ifndef FETCHER_SECRET_H
#define FETCHER_SECRET_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "fetcher/config.h"

/* A line is no longer than this. */
#define SECRET_MAX 12000

/* Does the account say where its secret comes from? */
bool secret_is_asked(const struct account *a);

/*
 * Ask for it, unless it is known: a->password. ST_TEMP: the command failed or
 * was late (timeout), the file cannot be read, or others may read it; no line,
 * an empty one, one that is too long.
 */
enum st secret_get(struct account *a, struct err *e) MUST_CHECK;
/*
 * A poll child asks, so that no other waits for it; the parent keeps what it
 * got. The room is memory that both see: NULL when there is nothing to ask for,
 * and when there is no memory (then each poll asks). The child puts its
 * password there, the parent takes it: false, none was put.
 */
char *secret_room(const struct account *a) MUST_CHECK;
void secret_put(const struct account *a, char *room);
bool secret_take(struct account *a, char *room) MUST_CHECK;
/* Wiped; NULL is fine. */
void secret_free(char *room);
/* Give it up: the next secret_get() asks again. */
void secret_forget(struct account *a);
/* Ask anew. ST_NONE: the answer is the one that we have. */
enum st secret_renew(struct account *a, struct err *e) MUST_CHECK;

/*
 * The file USER@LABEL below $CREDENTIALS_DIRECTORY; systemd has looked after
 * who may read it. ST_NONE: there is none.
 */
enum st secret_credential(const struct account *a, struct buf *out,
    struct err *e) MUST_CHECK;

#endif
