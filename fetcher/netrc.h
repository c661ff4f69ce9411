/*
 * netrc - passwords from ~/.netrc, as ftp(1) knows the file.
 *
 * Words divided by blanks: machine NAME, default, login NAME, password WORD
 * (passwd too), account WORD, and macdef NAME up to a blank line. A word may
 * stand in double quotes, with \ before any character of it; # at the start
 * of a word begins a comment.
 */
#ifndef FETCHER_NETRC_H
#define FETCHER_NETRC_H

#include "base/arena.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

#define NETRC_MAX ((size_t)1 << 20)

struct netrc_entry {
	struct netrc_entry *next;
	const char *machine; /* NULL: default */
	const char *login;   /* NULL: any */
	const char *password;
};

struct netrc {
	struct arena arena;
	struct netrc_entry *first, **end;
};

/* Add the entries of text; words that belong nowhere are passed over. */
void netrc_parse(struct netrc *n, struct str text);

/*
 * Read the file. ST_NONE: there is none. ST_TEMP: it cannot be read, or others
 * can (mode & 077): then it is better not used, and e says so.
 */
enum st netrc_load(struct netrc *n, const char *path, struct err *e) MUST_CHECK;
/* NULL is fine. */
void netrc_clear(struct netrc *n);

/*
 * The password of login at host (any case), from the first entry for that host
 * (or the default one) that has the same login or none. NULL: none.
 */
const char *netrc_password(const struct netrc *n, const char *host,
    const char *login) MUST_CHECK;

#endif
