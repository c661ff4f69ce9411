/*
 * header - the header of a message on its way: who sent it, what is dropped,
 * where our Received line goes. Pure: bytes in, bytes out.
 */
#ifndef FETCHER_HEADER_H
#define FETCHER_HEADER_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/str.h"

#define HEADER_MAX  (4u << 20)
#define ADDRESS_MAX 2048

struct header_rules {
	const char *user;     /* remote user, when no sender can be found */
	const char *truename; /* the server's name */
	bool keep_return_path;
	bool drop_status;    /* Status and X-Mozilla-Status, not only empty */
	bool drop_delivered; /* Delivered-To */
	bool rewrite;        /* complete addresses without a domain */
};

/*
 * The sender's address for MAIL FROM, without brackets; empty for "<>". Never
 * control characters. raw: all header lines with their ends.
 */
void header_sender(struct str raw, const struct header_rules *r,
    struct buf *out);

/*
 * The header as it is handed on: received (its lines, "" for none) goes before
 * the first Received line, or to the top. The separating line is not part.
 */
void header_rewrite(struct str raw, const struct header_rules *r,
    struct str received, struct buf *out);

/* True when a line is neither a field nor the continuation of one. */
bool header_is_bad(struct str raw);
/* Does a field of this name exist, and what is its value (unfolded)? */
bool header_get(struct str raw, const char *name, struct buf *value);

/* A quoted-printable text of its own, as MIME tells: not of many parts. */
bool header_is_qp(struct str raw);
/*
 * The header with its encoded words decoded; qp: and Content-Transfer-Encoding
 * "8bit", for a body that is decoded as well.
 */
void header_decode(struct str raw, bool qp, struct buf *out);

#endif
