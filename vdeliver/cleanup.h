/*
 * cleanup - from what the client sent to what is stored: LF line ends, headers
 * dropped and added, stray CR replaced; Postfix' cleanup(8) without its queue.
 *
 * Bytes come in as the client meant them: dots unstuffed, CRLF or LF at the
 * line ends, in pieces of any size. They go to a spool, our Received header
 * first. Headers that differ per recipient (Return-Path, Delivered-To) are the
 * worker's.
 */
#ifndef VDELIVER_CLEANUP_H
#define VDELIVER_CLEANUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"
#include "vdeliver/octets.h"
#include "vdeliver/relay_qp.h"
#include "vdeliver/settings.h"
#include "vdeliver/spool.h"

/* Who sent the message, for headers of ours. It outlives the cleanup. */
struct cleanup_origin {
	const char *qid;
	struct str sender; /* external form; empty: null sender */
	struct str helo;   /* empty: client_name is used */
	const char *client_name, *client_addr;
	const char *proto; /* "ESMTP", "LMTP", ... */
	const char *tls;   /* lines about it, each ending in "\n\t"; or NULL */
	struct str rcpt;   /* the only recipient, external; else empty */
	bool local;        /* missing headers are added, addresses in headers
			    * completed */
	bool lax_cr;       /* any number of CRs before LF vanishes, not one */
};

struct cleanup {
	const struct settings *set;
	const struct cleanup_origin *from;
	struct spool *out;

	/* results, complete after cleanup_end() */
	struct buf message_id; /* as stored; empty: none */
	struct buf resent_id;  /* of Resent-Message-Id, the same */
	unsigned hops;         /* Received headers, with ours */
	enum st st;            /* ST_OK, or the spool's failure */
	struct err err;
	struct err refused; /* why the content is; "": it is not */

	/* private to cleanup.c */
	enum cleanup_at {
		AT_START, /* the first byte of a line of the header block */
		AT_NAME,  /* in a line that is not yet known */
		AT_FIELD, /* in a header line that is known */
		AT_BODY,
	} at;
	struct octets strip, reject;
	struct relay_qp *mime; /* reads along; NULL: nobody asks */
	struct buf unused;     /* what it would make of the message */
	unsigned seen;         /* enum cleanup_seen */
	bool first;            /* no header line yet */
	bool drop;             /* the field does not pass */
	bool collects;         /* the field's value goes to field, for now */
	struct buf field;
	struct buf name; /* of that field */
	struct buf *id;  /* where the field's value is kept, or NULL */
	bool after_lf;   /* the last octet written was a newline */
	size_t cr;       /* CRs that were held back */
	struct buf line; /* what came of an undecided line */
};

/* Are the sets of characters what octets.h wants? At start. */
enum st cleanup_check_settings(const struct settings *set, struct err *e)
    MUST_CHECK;

/* Ready for the first byte; our Received header is in the spool. */
void cleanup_init(struct cleanup *c, const struct settings *set,
    const struct cleanup_origin *from, struct spool *out);
/* Take some bytes. Once the spool failed they are ignored: see c->st. */
void cleanup_data(struct cleanup *c, struct str bytes);
/*
 * The message is complete: a missing final newline, missing headers. Logs
 * "QID: message-id=<...>" as SYSLOG_NAME/cleanup.
 *
 * ST_TEMP (4.3.1): the spool failed. ST_PERM: 5.4.0 "Error: too many hops",
 * 5.7.1 "disallowed character", 5.6.0 "improper use of 8-bit data in message
 * header" or "body"; they are logged.
 */
enum st cleanup_end(struct cleanup *c, struct err *e) MUST_CHECK;
/* NULL is fine; the spool stays. */
void cleanup_clear(struct cleanup *c);

#endif
