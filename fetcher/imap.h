/*
 * imap - IMAP4rev1 (RFC 3501; UIDPLUS 4315, MOVE 6851, IDLE 2177, LITERAL+ 7888, SASL-IR
 * 4959) as a client over a conn.
 *
 * A command is sent and its answers are read until the one with its tag; what
 * comes on the way, in any order, is put into struct imap. Only a message's
 * text is not: the reading stops at it, and goes on where its octets end.
 */
#ifndef FETCHER_IMAP_H
#define FETCHER_IMAP_H

#include "fetcher/imap_read.h"
#include "fetcher/proto.h"

enum imap_text {
	TEXT_NONE,
	TEXT_SMALL,   /* in small */
	TEXT_LITERAL, /* text_left octets to come */
};

/* What one FETCH answer said. */
struct imap_fetch {
	uint64_t seq, uid, octets; /* 0: not said */
	bool sized, flags, seen, deleted;
};

struct imap_name {
	struct imap_name *next;
	const char *name; /* as the server has it */
};

/* UIDs for a command, "1:5,7". */
struct imap_set {
	struct buf text;
	uint32_t first, last; /* of its last range; last 0: there is none */
	uint64_t n;
};

/* Commands that are under way; all fit into the sockets, so that no write waits
 * for a read. */
#define IMAP_DUE_MAX     160
#define IMAP_FLAGGED_MAX 256
/* Messages in one STORE. */
#define IMAP_STORE_MAX 50
enum imap_part {
	IMAP_HEAD,
	IMAP_BODY,
};
enum imap_cmd {
	IMAP_FETCH,
	IMAP_STORE,
	IMAP_EXPUNGE,
};
struct imap_due {
	unsigned tag;
	enum imap_cmd cmd;
	uint64_t uid;   /* IMAP_FETCH: of this one */
	bool lost;      /* the same: its text came when nobody could use it */
	uint64_t count; /* IMAP_STORE: of so many, and what for */
	enum deed deed;
	bool answered; /* with st, before those in front of it */
	enum status st;
};

struct imap {
	struct proto base; /* reply: the words after OK, NO, BAD */
	struct imap_in in;
	unsigned tag;
	/* From CAPABILITY. */
	bool imap4, login_disabled, uidplus, idle, literal_plus, sasl_ir;
	bool can_move;
	struct buf sasl; /* the names after AUTH= */

	/* What LIST says; names_end is NULL when nobody asks. */
	struct arena names_arena;
	struct imap_name *names, **names_end;
	size_t names_n;

	/* The folder. */
	struct buf folder; /* as the server knows it */
	uint64_t exists, validity;
	bool read_only, news;    /* news: EXISTS or RECENT came */
	char *state;             /* where SEARCH marks what is new, 1..count */
	uint32_t *uids, *octets; /* 1..count */
	uint64_t count;
	bool learning;          /* sizes and UIDs are being asked for */
	struct imap_set marked; /* as deleted */

	/* Under way. */
	struct imap_due due[IMAP_DUE_MAX];
	unsigned due_first, due_n, due_fetches;
	unsigned due_tag;      /* whose answer is being read; 0: tag's */
	struct imap_set store; /* flags to be set, for deed */
	enum deed deed;
	uint64_t flagged[IMAP_FLAGGED_MAX]; /* the messages of all STOREs */
	size_t flagged_first, flagged_n;
	bool not_expunged; /* it was refused */

	struct imap_fetch fetch;
	bool unsure;    /* flags alone say what is new */
	bool want_text; /* stop at it */
	bool answered;  /* with a text */
	bool leaving;   /* BYE is an answer */
	bool may_continue;
	enum imap_text text;
	uint64_t text_left, text_uid, text_got;
	/* Texts that were asked for before their turn: imap_ahead.c. */
	bool uid_first;      /* the server says whose text it is before it */
	bool one_by_one;     /* texts came out of turn: not in this session */
	bool ahead;          /* the text that is read is one of these, */
	enum imap_part part; /* this part of it, */
	bool in_list;        /* and the list that it is in goes on */
	bool unsent;         /* some were not flushed */
	unsigned ahead_tag;
	struct buf small;
};

/* What imap_await() has seen. */
#define IMAP_STOPPED PS_NOMAIL
/* A challenge may be that long. */
#define SASL_LINE 16384

/*
 * Send a command, read its answers. PS_ERROR: NO or BAD. IMAP_STOPPED: before
 * its end, at a text (want_text) or a "+" (may_continue).
 */
enum status imap_command(struct imap *p, struct err *e, const char *fmt, ...)
    PRINTF(3, 4) MUST_CHECK;
/* The same in its two halves; more: no line end yet. shown: NULL for all. */
enum status imap_send(struct imap *p, const char *text, const char *shown,
    struct err *e) MUST_CHECK;
enum status imap_await(struct imap *p, struct err *e) MUST_CHECK;
/* The same as imap_send(), and it goes out with the next flush. */
enum status imap_put(struct imap *p, const char *text, const char *shown,
    struct err *e) MUST_CHECK;
/* Before the answers to a command are read: how much they may be. */
void imap_answers(struct imap *p);
/* The answer with a tag that is next; *ours: it is the one that is awaited. */
enum status imap_tagged(struct imap *p, bool *ours, struct err *e) MUST_CHECK;
/* The rest of a list: to its end, or to a text (IMAP_STOPPED). */
enum status imap_items(struct imap *p, struct err *e) MUST_CHECK;
/* After a text: what follows it in its list. */
enum status imap_go_on(struct imap *p, struct err *e) MUST_CHECK;
/* One answer that has no tag. */
enum status imap_untagged(struct imap *p, struct err *e) MUST_CHECK;
/* The next command's tag and a blank, into line. */
void imap_begin(struct imap *p, struct buf *line);

/* imap_login.c: what comes before the first folder. */
enum status imap_greet(struct proto *b, struct err *e) MUST_CHECK;
enum status imap_capa(struct proto *b, struct err *e) MUST_CHECK;
enum status imap_tls(struct proto *b, const struct tls_rules *rules,
    struct err *e) MUST_CHECK;
enum status imap_login(struct proto *b, struct err *e) MUST_CHECK;

/* imap_folders.c: what a pattern stands for; an answer to LIST. */
enum status imap_folder(struct proto *b, const char *pattern, uint64_t n,
    const char **name, struct err *e) MUST_CHECK;
enum status imap_got_list(struct imap *p, struct err *e) MUST_CHECK;

/*
 * imap_text.c: the text that UID FETCH uid ITEM has: imap_line() until PS_NOMAIL. PS_ERROR: there is none. *octets: how long it is.
 */
enum status imap_open(struct imap *p, uint64_t uid, enum imap_part part,
    uint64_t *octets, struct err *e) MUST_CHECK;
enum status imap_line(struct proto *b, struct str *line, struct err *e)
    MUST_CHECK;

/*
 * imap_ahead.c: both parts of a message in one FETCH, many of those under way.
 * Texts are told apart by the UID that is said before them; their order is that
 * of the commands. One that comes out of turn is read away and asked for again,
 * and the session goes on one by one.
 */
bool imap_can_ask(const struct imap *p, uint64_t n) MUST_CHECK;
enum status imap_ask(struct imap *p, uint64_t n, struct err *e) MUST_CHECK;
/* The same as imap_open(). PS_NOMAIL: not asked for, or it did not come. */
enum status imap_open_asked(struct imap *p, uint64_t uid, enum imap_part part,
    uint64_t *octets, struct err *e) MUST_CHECK;
/* A text has begun: is it the one that is wanted? */
bool imap_is_its_turn(struct imap *p, enum imap_part part) MUST_CHECK;
/* Its octets are there. */
enum status imap_end_ahead(struct imap *p, struct err *e) MUST_CHECK;

/* imap_window.c. */
/* A command after imap_begin(), whose answer is read later. */
enum status imap_put_due(struct imap *p, const struct buf *line,
    struct imap_due due, struct err *e) MUST_CHECK;
struct imap_due *imap_due_of(struct imap *p, unsigned tag) MUST_CHECK;
/* It was answered. */
void imap_ticked(struct imap *p, struct imap_due *d, enum status st);
bool imap_set_is_long(const struct imap_set *s) MUST_CHECK;
/* What nobody reads any more of the text and its list. */
enum status imap_drop_text(struct imap *p, struct err *e) MUST_CHECK;
/* Read all answers; texts are dropped. PS_ERROR: they are too long for that. */
enum status imap_catch_up(struct proto *b, struct err *e) MUST_CHECK;
/* Set flags of message n, with others; base.done hears the answer. */
enum status imap_flag(struct imap *p, uint64_t n, enum deed deed, struct err *e)
    MUST_CHECK;
enum status imap_send_flags(struct imap *p, struct err *e) MUST_CHECK;
/* Are there as many marked as deleted; remove those. */
bool imap_must_expunge(const struct imap *p, uint64_t every) MUST_CHECK;
enum status imap_send_expunge(struct imap *p, struct err *e) MUST_CHECK;
void imap_set_add(struct imap_set *s, uint32_t uid);
void imap_set_reset(struct imap_set *s);

/*
 * imap_name.c: a folder's name as a quoted string: UTF-8 becomes modified UTF-7 (RFC 3501
 * 5.1.3), ASCII stays as it is. False: no UTF-8, or control characters.
 */
bool imap_quote_folder(struct buf *out, struct str name) MUST_CHECK;
/* text as a quoted string; false: it cannot be one. */
bool imap_quote(struct buf *out, struct str text) MUST_CHECK;

void imap_clear(struct proto *b);

#endif
