/*
 * smtp_client - SMTP (RFC 5321) and LMTP (RFC 2033) as a client over a conn:
 * one session, one transaction after the other, read straight down.
 *
 * The functions send a command and read its reply; what a reply means is the
 * caller's affair. ST_TEMP means that the connection is of no more use.
 */
#ifndef COMMON_MAIL_SMTP_CLIENT_H
#define COMMON_MAIL_SMTP_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"
#include "mail/dot.h"
#include "net/conn.h"

#define SMTP_REPLY_MAX 4096

/* A reply: its lines joined by '\n', without the code and the CRLFs. */
struct smtp_reply {
	int code; /* 100..599 */
	struct buf text;
};
#define SMTP_REPLY                         \
	{                                  \
		0, BUF_MAX(SMTP_REPLY_MAX) \
	}

void smtp_reply_clear(struct smtp_reply *r);
/* The enhanced code at the start of the text ("5.1.1"), or "" (RFC 2034). */
void smtp_reply_dsn(const struct smtp_reply *r, char dsn[10]);

/* Each line of the dialogue as it goes: '>' sent, '<' received. */
typedef void smtp_trace_fn(char way, struct str line, void *arg);

enum smtp_feature {
	SMTP_PIPELINING = 1 << 0,
	SMTP_SIZE = 1 << 1,
	SMTP_8BITMIME = 1 << 2,
	SMTP_STARTTLS = 1 << 3,
	SMTP_AUTH = 1 << 4,
	SMTP_ENHANCED = 1 << 5,
	SMTP_UTF8 = 1 << 6,
	SMTP_DSN = 1 << 7,
};

struct smtp_client {
	struct conn *conn; /* owned by the caller */
	bool lmtp;
	unsigned features; /* after smtp_hello() */
	uint64_t size_limit;
	struct buf mechs;     /* of its AUTH line; see smtp_client_clear() */
	smtp_trace_fn *trace; /* may be NULL */
	void *arg;
	struct dot dot; /* within the text */
};

/* What a client keeps besides the conn. */
void smtp_client_clear(struct smtp_client *c);

/* Read one reply (a greeting, or one that was pipelined). */
enum st smtp_read(struct smtp_client *c, struct smtp_reply *r, struct err *e)
    MUST_CHECK;
/* Send a command line (CRLF is added) and read its reply. */
enum st smtp_command(struct smtp_client *c, struct smtp_reply *r, struct err *e,
    const char *fmt, ...) PRINTF(4, 5) MUST_CHECK;
/* The same without reading: for pipelining. */
enum st smtp_send(struct smtp_client *c, struct err *e, const char *fmt, ...)
    PRINTF(3, 4) MUST_CHECK;

/*
 * EHLO (LHLO), else HELO; fills features. r is the last reply: whether its
 * class is 2 says whether the server takes us.
 */
enum st smtp_hello(struct smtp_client *c, const char *name,
    struct smtp_reply *r, struct err *e) MUST_CHECK;

/*
 * Authenticate by the best mechanism that both have (RFC 4954). r is the last
 * reply; ST_NONE: there is no such mechanism, and nothing was sent.
 */
enum st smtp_auth(struct smtp_client *c, const char *user, const char *password,
    struct smtp_reply *r, struct err *e) MUST_CHECK;

/*
 * The text, in any pieces: line ends become CRLF, leading dots are doubled.
 * smtp_text_end() adds what is missing of the last line and the final dot; the
 * reply (for LMTP: one for each accepted recipient) is read by smtp_read().
 */
void smtp_text_begin(struct smtp_client *c);
enum st smtp_text(struct smtp_client *c, struct str piece, struct err *e)
    MUST_CHECK;
enum st smtp_text_end(struct smtp_client *c, struct err *e) MUST_CHECK;

#endif
