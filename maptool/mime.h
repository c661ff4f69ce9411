/*
 * mime - a message line by line: what is a header, what is body. A pure parser.
 *
 * A header comes with its folded lines, "\n" between them. The blank line
 * behind headers is body, and so are the lines between the parts. With MIME,
 * the headers of parts and of messages within messages are headers, too.
 * RFC 5322 2.2, RFC 2045 5, RFC 2046 5; what is malformed is taken as Postfix
 * does for header_checks and body_checks.
 */
#ifndef MAPTOOL_MIME_H
#define MAPTOOL_MIME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"
#include "base/str.h"

struct mime;

/* A header or a line of the body, without its newline; borrowed. */
typedef void mime_fn(struct str text, void *arg);

struct mime_how {
	bool parts;          /* look into parts and messages */
	size_t header_max;   /* a header of so many bytes takes no more lines */
	size_t nesting_max;  /* deeper ones are body; at least 1 */
	size_t boundary_max; /* so much of one counts; at least 1 */
	mime_fn *header, *body;
	void *arg;
};

/* how is copied. */
struct mime *mime_new(const struct mime_how *how) MUST_CHECK;
/* The next line of the message, without its newline. */
void mime_line(struct mime *m, struct str line);
/* No more lines: the last header comes. */
void mime_end(struct mime *m);
/* NULL is fine. */
void mime_free(struct mime *m);

#endif
