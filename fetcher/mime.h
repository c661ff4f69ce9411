/*
 * mime - undo the encodings of MIME: encoded words in headers (RFC 2047) and
 * quoted-printable bodies (RFC 2045 6.7), for the option mimedecode.
 *
 * Pure. Bytes stay in the charset that they have.
 */
#ifndef FETCHER_MIME_H
#define FETCHER_MIME_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"

/*
 * Add a header field with its encoded words decoded; blanks between two of
 * them go. A word stays as it is when it is broken, or when its text has
 * control characters or, in a field of addresses, what would make another
 * address of it.
 */
void mime_words(struct str field, bool addresses, struct buf *out);

/* A quoted-printable text that comes in pieces; zero it to begin. */
struct mime_qp {
	struct buf hold; /* what is not complete yet */
	bool open;       /* the last line given had no end */
};
/* A piece that ends anywhere: what is complete is added to out. */
void mime_qp_add(struct mime_qp *q, struct str piece, struct buf *out);
/* The end: the rest, and the end of the last line if it has none. */
void mime_qp_end(struct mime_qp *q, struct buf *out);

#endif
