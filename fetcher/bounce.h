/*
 * bounce - the notice that a message could not be delivered.
 *
 * A multipart/report of RFC 3462 with a delivery status (RFC 3464): what went
 * wrong in words, the same for programs, and the header of the message.
 */
#ifndef FETCHER_BOUNCE_H
#define FETCHER_BOUNCE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

enum bounce_reason {
	BOUNCE_ADDRESSES, /* RCPT refused */
	BOUNCE_TOO_LARGE, /* 552 */
	BOUNCE_GENERAL,   /* other 5yz */
	BOUNCE_LMTP,      /* refused for some after the text */
	BOUNCE_SPAM,      /* a code of the antispam list, with spambounce */
};

/* An address and the reply that refused it: code, text, lines split by \n. */
struct bounce_failed {
	const char *address;
	struct str reply; /* "550 5.1.1 <a@b>: User unknown" */
};

struct bounce {
	enum bounce_reason reason;
	const char *to;   /* who gets the notice */
	const char *fqdn; /* our own host name */
	const struct bounce_failed *failed;
	size_t failed_n;
	struct str header; /* of the message, any line ends */
	time_t now;
	unsigned long serial; /* with fqdn and now: unique, for Message-ID */
};

/* The most of a header that goes into a notice; the rest is left out. */
#define BOUNCE_HEADER_MAX ((size_t)256 * 1024)
/* A buf with this limit holds the notice for a few thousand addresses. */
#define BOUNCE_MAX ((size_t)4 * 1024 * 1024)

/*
 * May a notice go to this sender? Not to "" and MAILER-DAEMON, with or without
 * a domain (RFC 5321 6.1, RFC 3464 1.2): no bounce answers a bounce.
 */
bool bounce_allowed(struct str sender);

/* The notice, lines ending in CRLF, added to out. */
void bounce_text(struct buf *out, const struct bounce *b);

/*
 * Send it by SMTP to localhost port 25, or else to fallback (an entry of smtphost,
 * NULL for none). ST_TEMP: neither took it.
 */
enum st bounce_send(const struct bounce *b, const char *fallback, struct err *e)
    MUST_CHECK;

/*
 * RFC 3463 code of a reply: its enhanced code, else the first digit and ".0.0",
 * "5.0.0" when there is no digit.
 */
void bounce_status(struct str reply, char status[10]);

#endif
