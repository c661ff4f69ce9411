/*
 * dot - text as it goes over SMTP, LMTP and into BSMTP files: line ends are
 * CRLF, a leading dot is doubled. RFC 5321 2.3.8, 4.5.2.
 *
 * A state machine over pieces: nothing is copied, nothing has a size limit.
 * A bare LF becomes CRLF; a bare CR stays what it is.
 */
#ifndef COMMON_MAIL_DOT_H
#define COMMON_MAIL_DOT_H

#include <stdbool.h>

#include "base/macros.h"
#include "base/str.h"

struct dot {
	bool mid_line; /* the last line has begun and not ended */
	bool cr;       /* a CR was taken and not yet given */
};

/* A new text. */
void dot_begin(struct dot *d);
/*
 * Take bytes off *in and give the next that are to be written: borrowed from
 * *in or from static memory. False: *in is used up.
 *
 *	while (dot_next(&d, &piece, &part))
 *		write(part);
 */
bool dot_next(struct dot *d, struct str *in, struct str *part);
/* What is missing to end the last line, and the final dot: "\r\n.\r\n" or
 * ".\r\n". */
struct str dot_end(struct dot *d);

#endif
