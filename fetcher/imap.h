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
	struct buf marked; /* UIDs flagged as deleted, with commas */
	uint64_t marked_n;

	struct imap_fetch fetch;
	bool unsure;    /* flags alone say what is new */
	bool want_text; /* stop at it */
	bool answered;  /* with a text */
	bool leaving;   /* BYE is an answer */
	bool may_continue;
	enum imap_text text;
	uint64_t text_left, text_uid;
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

/* imap_text.c: the text that UID FETCH uid ITEM has: imap_line() until PS_NOMAIL. PS_ERROR:
 * there is none. *octets: how long it is. */
enum status imap_open(struct imap *p, uint64_t uid, const char *item,
    uint64_t *octets, struct err *e) MUST_CHECK;
enum status imap_line(struct proto *b, struct str *line, struct err *e)
    MUST_CHECK;

/*
 * imap_name.c: a folder's name as a quoted string: UTF-8 becomes modified UTF-7 (RFC 3501
 * 5.1.3), ASCII stays as it is. False: no UTF-8, or control characters.
 */
bool imap_quote_folder(struct buf *out, struct str name) MUST_CHECK;
/* text as a quoted string; false: it cannot be one. */
bool imap_quote(struct buf *out, struct str text) MUST_CHECK;

void imap_clear(struct proto *b);

#endif
