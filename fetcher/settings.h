/*
 * settings - an account's settings in the rc language, for people: a line for
 * each option, secrets as "*". What is shown can be pasted into an rc file.
 *
 * Pure: accounts in, text out.
 */
#ifndef FETCHER_SETTINGS_H
#define FETCHER_SETTINGS_H

#include <stdbool.h>

#include "base/buf.h"
#include "fetcher/config.h"

/* "Options for retrieving from USER@LABEL:" and its lines; all: also what is
 * as it is without being set. */
void settings_account(struct buf *out, const struct account *a, bool all);
/* The lines of "set". */
void settings_global(struct buf *out, const struct options *o, bool all);
/* A string as the rc language wants it, in double quotes. */
void settings_quote(struct buf *out, const char *s);

#endif
