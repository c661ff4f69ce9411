/*
 * smtp_talk - one connection to an SMTP or LMTP listener: one transaction after
 * the other. sink_smtp.c has several of them.
 */
#ifndef FETCHER_SMTP_TALK_H
#define FETCHER_SMTP_TALK_H

#include "base/arena.h"
#include "base/macros.h"
#include "fetcher/refuse.h"
#include "fetcher/sink.h"
#include "fetcher/smtphost.h"
#include "mail/smtp_client.h"

enum talk_state {
	TALK_CLOSED,
	TALK_OPENING, /* until it greets: smtp_talk_open_like() */
	TALK_IDLE,
	TALK_BUSY,    /* within a transaction */
	TALK_PENDING, /* after the dot, before the answer */
};

struct smtp_talk {
	struct sink *sink;
	enum talk_state state;
	struct smtp_client c;
	struct smtp_reply reply;    /* of MAIL, DATA, the dot */
	struct smtp_reply to_reply; /* of RCPT */
	const char *entry;          /* of smtphost, the one that is connected */
	struct smtphost to;         /* what it says */
	bool lmtp;
	int64_t count;    /* messages on this connection */
	int64_t until;    /* TALK_OPENING, TALK_PENDING: waited for, clock.h */
	bool mail_unread; /* the answer to MAIL is still to come */
	bool temporary;   /* a recipient was put off */
	enum bounce_reason reason;
	size_t *taken; /* which recipients were accepted */
	size_t taken_n;
	struct sink_mail kept; /* a copy, when the answer is not waited for */
	struct arena arena;    /* of one message */
	struct refusals refused;
};

/* One that is not connected; sink must outlive it. */
struct smtp_talk *smtp_talk_new(struct sink *sink) MUST_CHECK;
/* Say goodbye and close; NULL is fine. */
void smtp_talk_free(struct smtp_talk *s);

/* Connect to the first of smtphost that takes us; false: nobody does, and that
 * was told. */
bool smtp_talk_open(struct smtp_talk *s) MUST_CHECK;
/*
 * Begin to connect to where like is connected to, and wait for nothing: it is
 * TALK_OPENING, and has something to read when it greets. False: it cannot be
 * done so.
 */
bool smtp_talk_open_like(struct smtp_talk *s, const struct smtp_talk *like)
    MUST_CHECK;
/* It has greeted: the rest up to TALK_IDLE. False: it does not take us, and is
 * closed. */
bool smtp_talk_greeted(struct smtp_talk *s) MUST_CHECK;
void smtp_talk_quit(struct smtp_talk *s);

/* As in sink.h; sink->accepted is set. */
enum fate smtp_talk_begin(struct smtp_talk *s, const struct sink_mail *m)
    MUST_CHECK;
enum fate smtp_talk_text(struct smtp_talk *s, struct str piece) MUST_CHECK;
/* Send the dot: FATE_PENDING, or FATE_BROKEN. */
enum fate smtp_talk_end(struct smtp_talk *s) MUST_CHECK;
/* The caller's sink_mail goes, and the answer is still to come. */
void smtp_talk_keep(struct smtp_talk *s);
/* Read the answers to the dot: the message's fate. */
enum fate smtp_talk_answer(struct smtp_talk *s) MUST_CHECK;
/* Close without a dot. */
void smtp_talk_break_off(struct smtp_talk *s);

#endif
