/*
 * relay_qp - a message with 8-bit parts becomes one of 7 bits: its parts are
 * encoded as quoted-printable (RFC 2045 6.7), as smtp(8) does it for servers
 * without 8BITMIME (RFC 6152 3).
 *
 * Only what says of itself that it is 8bit or binary is encoded: a part whose
 * Content-Transfer-Encoding is something else, or is missing, passes as it is,
 * as do headers. Containers (multipart/..., message/rfc822) that were 8bit say
 * 7bit afterwards. What nests too deep passes as it is.
 *
 * It sees as well whether text is 8-bit without saying so: strict_8bitmime_body.
 *
 * A state machine over pieces of any size; lines end in LF.
 */
#ifndef VDELIVER_RELAY_QP_H
#define VDELIVER_RELAY_QP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"

#define RELAY_QP_DEPTH 20
/* What a piece can add to out besides four times its size. */
#define RELAY_QP_MORE 300000
/* RFC 2046 5.1.1 has 70; some write more. */
#define RELAY_QP_BOUNDARY 250

struct relay_qp {
	bool misused; /* octets above 127 where 7 bits are said, or nothing */

	/* private to relay_qp.c */
	enum relay_qp_at {
		QP_HEADER, /* at the start of a line of a header, or in it */
		QP_PASS,   /* in a line that passes, a header goes on after */
		QP_START,  /* at the start of a line of a body, or in it */
		QP_LINE,   /* in a line of a body: it is no boundary */
	} at;
	enum relay_qp_type {
		QP_LEAF,
		QP_MULTIPART,
		QP_DIGEST, /* its parts are messages */
		QP_MESSAGE,
	} type;
	enum relay_qp_encoding {
		QP_SEVEN,
		QP_EIGHT, /* 8bit, binary */
		QP_OTHER,
	} encoding;
	bool encode;     /* the body is encoded */
	bool first;      /* no line of the header yet */
	struct buf own;  /* boundary, as the header says */
	struct buf said; /* its Content-Transfer-Encoding, when QP_EIGHT */
	struct {
		char text[RELAY_QP_BOUNDARY + 1];
		bool digest;
	} bounds[RELAY_QP_DEPTH];
	size_t n_bounds;
	struct buf hold; /* a field, or the undecided start of a line */
	size_t line;     /* in hold: where its last line begins */
	size_t column;   /* of the encoded line */
	char blank;      /* held back: before a newline it is encoded */
};

/* At the start of a message. */
void relay_qp_begin(struct relay_qp *q);
/* Take a piece; what is certain is added to out: at most four times as much
 * and RELAY_QP_MORE. */
void relay_qp_add(struct relay_qp *q, struct str piece, struct buf *out);
/* The end of the message: the rest. */
void relay_qp_end(struct relay_qp *q, struct buf *out);
void relay_qp_clear(struct relay_qp *q);

#endif
