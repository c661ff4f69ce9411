/*
 * relay_reply - what replies of relayhost mean: for targets, for our client,
 * and in words.
 */
#ifndef VDELIVER_RELAY_REPLY_H
#define VDELIVER_RELAY_REPLY_H

#include "base/err.h"
#include "base/macros.h"
#include "mail/smtp_client.h"

/* The reply in one line; returns line. */
const char *relay_reply_line(const struct smtp_reply *r, char line[300]);
/* Its enhanced code when that goes with the class, else "X.0.0". */
void relay_reply_dsn(const struct smtp_reply *r, char class, char dsn[10]);
/* The code for our client; 0: the enhanced code says enough. */
unsigned relay_reply_code(const struct smtp_reply *r);

/*
 * What a reply that is no success means for a target: class and enhanced code
 * are the server's, else X.0.0; the text is Postfix's "host H[A] said: ...".
 */
enum st relay_outcome(const struct smtp_reply *r, const char *host,
    const char *command, struct err *e) MUST_CHECK;

#endif
