/*
 * imap_read - the words of IMAP answers (RFC 3501 9), read straight down over
 * a conn: atoms, numbers, strings, literals, lists.
 *
 * Nothing is read before it is asked for, and whatever the server says, what is
 * kept of it is what the caller's buf has room for. All functions: PS_SUCCESS,
 * or the session is over: PS_SOCKET, PS_PROTOCOL (out of step), and e says why.
 */
#ifndef FETCHER_IMAP_READ_H
#define FETCHER_IMAP_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "fetcher/status.h"
#include "net/conn.h"

struct imap_in {
	struct conn *conn;
	struct str piece; /* of a line, what is not read yet; borrowed */
	uint64_t left;    /* octets that the answers may still have */
	bool silent;      /* a message's text is not shown as dialogue */
};

/* The next octet, which stays. */
enum status imap_peek(struct imap_in *in, char *c, struct err *e) MUST_CHECK;
/* The next octet must be this one. */
enum status imap_expect(struct imap_in *in, char c, struct err *e) MUST_CHECK;
/* Blanks, if there are any. */
enum status imap_blanks(struct imap_in *in, struct err *e) MUST_CHECK;
/* Up to a blank, a bracket of a list, a quote or the end of the line; what is
 * in [ ] belongs to it. */
enum status imap_atom(struct imap_in *in, struct buf *atom, struct err *e)
    MUST_CHECK;
enum status imap_number(struct imap_in *in, uint64_t max, uint64_t *n,
    struct err *e) MUST_CHECK;

/*
 * A string that may be long. *literal: it is a literal of *octets, which is not
 * read yet (imap_take); else what was quoted, nothing for NIL, is in small.
 */
enum status imap_string(struct imap_in *in, struct buf *small, bool *literal,
    uint64_t *octets, struct err *e) MUST_CHECK;
/* Up to max octets, as far as a line goes; borrowed until the next call. */
enum status imap_take(struct imap_in *in, uint64_t max, struct str *octets,
    struct err *e) MUST_CHECK;

/* One value of any kind, for nobody. */
enum status imap_skip(struct imap_in *in, struct err *e) MUST_CHECK;
/* The rest of the line, as much as text has room for (NULL: none of it). */
enum status imap_rest(struct imap_in *in, struct buf *text, struct err *e)
    MUST_CHECK;
/* The rest of an answer of any kind, with its literals, for nobody. */
enum status imap_skip_line(struct imap_in *in, struct err *e) MUST_CHECK;

#endif
