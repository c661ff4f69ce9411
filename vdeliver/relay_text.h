/*
 * relay_text - a stored body as it goes out: read in pieces, lines that are too
 * long are folded.
 */
#ifndef VDELIVER_RELAY_TEXT_H
#define VDELIVER_RELAY_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

/* Takes a piece; ST_TEMP ends the reading. */
typedef enum st relay_piece_fn(struct str piece, void *arg, struct err *e);

/* All of a body, from memory (fd -1) or a file. ST_TEMP (4.3.0): it cannot be
 * read, or what take returned. */
enum st relay_text_read(struct str body, int fd, relay_piece_fn *take,
    void *arg, struct err *e) MUST_CHECK;

/* No octet above 127? */
bool relay_text_is_ascii(struct str s);
/* RFC 3461 4, xtext: what is not plain becomes "+XX". */
void relay_text_add_x(struct buf *b, struct str s);

/* What one has to know of a body before it is sent. */
struct relay_facts {
	uint64_t lines;      /* newlines */
	bool header_8bit;    /* octets above 127 before the first empty line */
	bool in_body, empty; /* private: where the reading is */
};

/* A relay_piece_fn over struct relay_facts, which starts with empty true. */
enum st relay_facts_add(struct str piece, void *arg, struct err *e);

/*
 * Lines over max octets are cut and go on in the next line after a blank, as
 * smtp_line_length_limit has it; 0: never.
 */
struct relay_fold {
	size_t max, used; /* octets of the line so far */
	bool folded;      /* it has happened */
};

/*
 * Take bytes off *in and give the next that are to be written: borrowed from
 * *in or from static memory. False: *in is used up.
 */
bool relay_fold_next(struct relay_fold *f, struct str *in, struct str *part);

#endif
