/*
 * relay_talk - one message to relayhost: SMTP (RFC 5321) read straight down.
 *
 * All targets go in one transaction. Targets of one group stand or fall
 * together: when one of them is refused, the transaction begins anew without
 * its group, so that nobody gets a message that its sender believes refused.
 */
#ifndef VDELIVER_RELAY_TALK_H
#define VDELIVER_RELAY_TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "mail/smtp_client.h"
#include "net/conn.h"
#include "vdeliver/settings.h"

struct relay_tls;

struct relay_target {
	struct str address;
	struct str orcpt, notify; /* RFC 3461; decoded, as given */
	uint32_t group;
	bool settled;  /* what follows is final */
	bool accepted; /* its RCPT was, in the transaction under way */
	enum st st;
	unsigned code;  /* for our client; 0: as the enhanced code says */
	struct err err; /* ST_OK: what it said at the end */
};

struct relay_mail {
	struct str qid, sender, ret, envid;
	unsigned flags; /* enum wire_flags */
	struct str body;
	int fd; /* -1: body is inline */
	uint64_t size;
	int64_t deadline;  /* clock.h */
	const char *login; /* "user:password", for relay_mail_over() alone */
	struct relay_target *targets;
	size_t n;

	/* results */
	char place[400]; /* "HOST[ADDRESS]:PORT", or "none" */
	int64_t connect_ms;
};

/*
 * Relay to the first of places (relayhost.h) that talks to us. All targets are
 * settled afterwards.
 */
void relay_mail(const struct settings *set, const struct relay_tls *tls,
    struct str places, struct relay_mail *m);

/*
 * The same over a connection that stands, from the greeting on (for tests).
 * ST_TEMP: it did not come to a transaction, try another place; targets that
 * are not settled have e as their reason.
 */
enum st relay_mail_over(const struct settings *set, const struct relay_tls *tls,
    struct conn *conn, struct relay_mail *m, struct err *e) MUST_CHECK;

#endif
