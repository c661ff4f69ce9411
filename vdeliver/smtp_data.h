/*
 * smtp_data - finds the end of a message in what the client sends, and takes
 * the dots away that it stuffed. RFC 5321 4.1.1.4, 4.5.2.
 *
 * Only <CR><LF>.<CR><LF> ends a message: any other form lets a client that
 * sees another end smuggle a second message in. A bare LF is a line end like
 * CRLF all the same; a lone dot between such lines vanishes with its line.
 */
#ifndef VDELIVER_SMTP_DATA_H
#define VDELIVER_SMTP_DATA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"
#include "base/str.h"

struct smtp_data {
	enum smtp_data_at {
		DATA_LINE, /* the next byte begins a line */
		DATA_DOT,  /* the line's first byte was a dot */
		DATA_CR,   /* a dot and a CR, which is held back */
		DATA_TEXT, /* inside of a line */
	} at;
	bool lf_dot;    /* any lone dot ends the message: clients we exempt */
	bool prev_cr;   /* the last byte was a CR */
	bool prev_crlf; /* the line before ended properly */

	/* results */
	bool done;    /* the end was found */
	bool bare_lf; /* a line ended in LF alone */
};

/* For the first byte after DATA's own line. */
void smtp_data_init(struct smtp_data *d, bool lf_dot);

/*
 * Take bytes from the front of in: returns how many. *out is what they mean,
 * often a part of in. Progress is made until d->done: of the two one may be
 * empty, never both.
 */
size_t smtp_data(struct smtp_data *d, struct str in, struct str *out)
    MUST_CHECK;

/* A part of a message in chunks, which has no dots: only notes bare LF. */
void smtp_data_chunk(struct smtp_data *d, struct str in);

#endif
