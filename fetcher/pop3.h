/*
 * pop3 - POP3 (RFC 1939, CAPA 2449, STLS 2595) as a client over a conn, read
 * straight down.
 */
#ifndef FETCHER_POP3_H
#define FETCHER_POP3_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "fetcher/proto.h"

/* Commands without an answer: the window, and what was deleted meanwhile. All
 * of them fit into the sockets, so that no write waits for a read. */
#define POP3_DUE_MAX 512
struct pop3_due {
	uint64_t n;
	bool dele; /* else RETR or TOP */
};

struct pop3 {
	struct proto base;                      /* reply: without +OK or -ERR */
	bool capa, top, user, uidl, pipelining; /* from CAPA */
	struct buf sasl;     /* mechanisms of its SASL line */
	struct buf greeting; /* its text, for APOP */
	bool greeting_maillennium;
	bool text_after_crlf; /* the line before ended so, or there is none */
	bool text_mid_line;   /* the last piece of a line had no end */
	uint64_t text_size;   /* by LIST, 0: unknown; set before pop3_retr() */
	uint64_t text_octets; /* read so far */
	uint64_t last;        /* by LAST */
	const char **uids;    /* of 1..count, NULL: not asked for */
	uint64_t *sizes;      /* the same, from one LIST */
	uint64_t count;
	bool bare_lf;   /* its lines may end so */
	bool in_text;   /* a text is being read */
	bool text_seen; /* one was read to its end */
	bool top_seen;  /* TOP works here */
	struct pop3_due due[POP3_DUE_MAX];
	unsigned due_first, due_n;
};

/* A command with one status line. PS_SUCCESS: +OK. PS_ERROR: -ERR. Others: the
 * session is over, and e says why. */
enum status pop3_command(struct pop3 *p, struct err *e, const char *fmt, ...)
    PRINTF(3, 4) MUST_CHECK;

enum status pop3_greeting(struct pop3 *p, struct err *e) MUST_CHECK;
enum status pop3_capa(struct pop3 *p, struct err *e) MUST_CHECK;
enum status pop3_stls(struct pop3 *p, const struct tls_rules *rules,
    struct err *e) MUST_CHECK;
/* PS_AUTHFAIL, PS_LOCKBUSY, PS_SERVBUSY by the answer, as with all of them. */
enum status pop3_login(struct pop3 *p, const char *user, const char *password,
    struct err *e) MUST_CHECK;
/* RFC 1939 7: needs a time stamp in the greeting. */
enum status pop3_apop(struct pop3 *p, const char *user, const char *password,
    struct err *e) MUST_CHECK;
/* RFC 5034, this mechanism. PS_NOMAIL: it is not offered. */
enum status pop3_auth(struct pop3 *p, const char *mech, const char *user,
    const char *password, struct err *e) MUST_CHECK;
enum status pop3_stat(struct pop3 *p, uint64_t *count, uint64_t *octets,
    struct err *e) MUST_CHECK;
/* LAST: *last is 0 when the server does not know it. */
enum status pop3_last(struct pop3 *p, uint64_t *last, struct err *e) MUST_CHECK;
/* UIDL: uids[1..count] in the arena; PS_ERROR: the server has none. */
enum status pop3_uidl(struct pop3 *p, uint64_t count, const char **uids,
    struct err *e) MUST_CHECK;
/* UIDL n: the same for one; PS_ERROR: there is none. */
enum status pop3_uidl_one(struct pop3 *p, uint64_t n, const char **uid,
    struct err *e) MUST_CHECK;
enum status pop3_list(struct pop3 *p, uint64_t n, uint64_t *octets,
    struct err *e) MUST_CHECK;
/* LIST: octets[1..count] */
enum status pop3_list_all(struct pop3 *p, uint64_t count, uint64_t *octets,
    struct err *e) MUST_CHECK;
/* The first octets of message n's header, by TOP; PS_ERROR: it has none. */
enum status pop3_header(struct pop3 *p, uint64_t n, struct buf *header,
    struct err *e) MUST_CHECK;
/* RETR, or TOP n 99999999 when top is true: then pop3_line() until it gives
 * PS_NOMAIL. */
enum status pop3_retr(struct pop3 *p, uint64_t n, bool top, struct err *e)
    MUST_CHECK;
/*
 * A line of the text with its end, unstuffed; long ones come in pieces. Only
 * ".\r\n" after a line that ended in CRLF is the end: PS_NOMAIL.
 */
enum status pop3_line(struct pop3 *p, struct str *line, struct err *e)
    MUST_CHECK;

/* The two halves of a command; put: it goes out with the next flush. */
enum status pop3_put(struct pop3 *p, struct err *e, const char *fmt, ...)
    PRINTF(3, 4) MUST_CHECK;
enum status pop3_status(struct pop3 *p, struct err *e) MUST_CHECK;
void pop3_text_begins(struct pop3 *p);

/*
 * pop3_window.c, where the server has PIPELINING. Ask for a text; is it the next
 * text that comes; open it, as pop3_retr(), when all that comes before was read.
 */
enum status pop3_ask(struct pop3 *p, uint64_t n, bool top, struct err *e)
    MUST_CHECK;
bool pop3_is_asked(const struct pop3 *p, uint64_t n) MUST_CHECK;
enum status pop3_open_asked(struct pop3 *p, uint64_t n, struct err *e)
    MUST_CHECK;
/* DELE; base.done hears the answer. Without PIPELINING that is now. */
enum status pop3_dele(struct pop3 *p, uint64_t n, struct err *e) MUST_CHECK;
/* Read all answers; texts are dropped. PS_ERROR: they are too long for that. */
enum status pop3_catch_up(struct pop3 *p, struct err *e) MUST_CHECK;

/* Free what it has but the connection. */
void pop3_clear(struct pop3 *p);

#endif
