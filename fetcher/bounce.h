/*
 * bounce - notices about mail that was refused: RFC 3464 reports.
 */
#ifndef FETCHER_BOUNCE_H
#define FETCHER_BOUNCE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

struct bounce {
	const char *to;        /* who is told */
	const char *fqdn;      /* of this host */
	const char *reason;    /* one of the sentences of the contract */
	const char *recipient; /* the address that failed */
	const char *status;    /* "5.1.1" */
	struct str reply;      /* the whole reply, its code in front */
	struct str header;     /* of the original message */
};

/* The message, with CRLFs. */
void bounce_text(const struct bounce *b, struct buf *out);

/*
 * Send it by SMTP to localhost port 25, or else to fallback ("host/port", NULL
 * for none). ST_TEMP: neither took it.
 */
enum st bounce_send(const struct bounce *b, const char *fallback, struct err *e)
    MUST_CHECK;

#endif
