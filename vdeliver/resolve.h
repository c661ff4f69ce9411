/*
 * resolve - one RCPT address to final recipients: classes, aliases, mailboxes,
 * owners. Postfix: ADDRESS_CLASS_README, virtual(5), virtual(8).
 *
 * It opens no map and never waits: resolve_step() goes as far as the answers
 * it has lead, and asks one question; resolve_answer() brings the next answer.
 * Each address is worked through again from its start with what is known, so
 * that the code below reads straight down.
 */
#ifndef VDELIVER_RESOLVE_H
#define VDELIVER_RESOLVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "vdeliver/settings.h"
#include "vdeliver/wire.h"

/* A mailbox that the address leads to, or an address outside. */
struct final {
	struct final *next;
	struct str address; /* external form: as Delivered-To shows it */
	bool outside;       /* it goes to relayhost; what follows is empty */
	struct str path;    /* below the base; ends in '/': Maildir */
	uint32_t uid, gid;
};

struct answer {
	enum st st;
	struct str value; /* for ST_OK */
	struct str ext;   /* extension that the matching key did not have */
	const char *dsn;  /* for ST_TEMP */
	const char *text;
};

struct reply {
	unsigned code; /* 250 when all is well */
	char dsn[10];
	char text[512];
};

/* For who wants to see the way: what was found about an address. */
enum resolve_note {
	NOTE_CLASS,   /* text: local, alias, mailbox or outside */
	NOTE_TARGET,  /* text: an address that an alias gives for it */
	NOTE_ITSELF,  /* an alias gives it for itself: not looked up again */
	NOTE_MAILBOX, /* it leads to final */
};
struct resolve_sight {
	enum resolve_note note;
	struct str address; /* internal form */
	struct str text;
	const struct final *final;
};
typedef void resolve_watch_fn(const struct resolve_sight *s, void *arg);

struct resolve_address; /* one that is still to be worked on */
struct resolve_memo;
struct access;

struct resolve {
	const struct settings *set;
	const struct access *access;
	struct arena *arena; /* results live here */
	struct str rcpt;     /* the rewritten RCPT address, external form */
	struct str given; /* in replies: rcpt, unless the caller says other */
	bool trusted, routed;
	bool trust_unknown; /* mynetworks could not be asked */

	resolve_watch_fn *watch; /* NULL: nobody does */
	void *watch_arg;

	/* results */
	struct final *finals;
	struct final **end;
	size_t expanded; /* addresses that aliases have given */
	struct reply reply;

	/* the question that is open */
	enum question question;
	struct str key;
	uint32_t flags;

	struct resolve_address *todo;
	struct resolve_memo *memo;
};

/* Start; rcpt (internal form, rewritten) is copied into the arena. */
void resolve_init(struct resolve *r, const struct settings *set,
    const struct access *access, struct arena *a, struct str rcpt);
/* True: a question is open. False: done, reply says how it went. */
bool resolve_step(struct resolve *r) MUST_CHECK;
/* The answer to the open question; its strings are copied. */
void resolve_answer(struct resolve *r, const struct answer *a);

/* 5.1.1 → 550 and so on: contract of reply codes in smtp(5) terms. */
unsigned reply_code(const char *dsn);
void reply_set(struct reply *to, unsigned code, const char *dsn,
    const char *fmt, ...) PRINTF(4, 5);

#endif
