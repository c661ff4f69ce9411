/*
 * refuse - what a listener's refusal means for the message: kept, deleted, a
 * notice to the sender. The table of fetchmail(1), "SPAM FILTERING" and the
 * options softbounce, bouncemail, spambounce, antispam.
 */
#ifndef FETCHER_REFUSE_H
#define FETCHER_REFUSE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/macros.h"
#include "fetcher/bounce.h"
#include "fetcher/sink.h"
#include "mail/smtp_client.h"

enum stage {
	AT_MAIL,
	AT_DATA,
	AT_DOT,
};

/* The refusals of one message. */
struct refusals {
	const struct account *a;
	const struct sink_mail *m;
	const char *proto; /* "SMTP" or "LMTP", for messages */
	const char *entry; /* of smtphost: where a notice may go as well */
	const char *host;  /* completes bare names */
	struct arena arena;
	struct bounce_failed *failed; /* who a notice names */
	size_t n, room;
	/* Deleted, it would leave no trace: first the postmaster is asked. */
	bool orphan;
};

void refuse_begin(struct refusals *r, const struct sink_mail *m);
void refuse_clear(struct refusals *r);

/* The code is in the antispam list, and the list is not switched off. */
bool refuse_is_spam(const struct refusals *r, int code);
/* It may work later: keep the message. */
bool refuse_is_temporary(const struct refusals *r, int code);

/* A recipient was refused for good: log it, remember it for the notice. */
void refuse_rcpt(struct refusals *r, const char *rcpt,
    const struct smtp_reply *reply);
/* "SMTP error: TEXT", unless it is taken for spam. */
void refuse_log(const struct refusals *r, const struct smtp_reply *reply);

/* The notice about what refuse_rcpt() remembered, if there is anything, and
 * its receiver has not had it. */
void refuse_tell(struct refusals *r, enum bounce_reason reason);

/*
 * The whole message was refused at this stage: log, notice, and its fate:
 * FATE_KEEP or FATE_DELETE. r->orphan: FATE_KEEP unless the postmaster takes
 * it.
 */
enum fate refuse_message(struct refusals *r, enum stage at,
    const struct smtp_reply *reply) MUST_CHECK;
/* An earlier poll found out at the dot that it is for the postmaster. */
bool refuse_orphaned(const struct refusals *r) MUST_CHECK;
/* The postmaster does not take it, or its text is gone by now: say so. */
void refuse_stays(const struct refusals *r, enum stage at);

/* A message that nobody takes for good, not even the postmaster. */
enum fate refuse_fate(const struct refusals *r) MUST_CHECK;

#endif
