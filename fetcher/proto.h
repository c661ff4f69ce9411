/*
 * proto - what a retrieval protocol provides: a session with a server, in it
 * folders, in them messages, which are read and removed. poll.c, message.c and
 * carry.c know no more of a protocol than this.
 *
 * A protocol is a row of struct proto_ops (pop3.c, imap.c). Its struct begins
 * with a struct proto. Answers: PS_SUCCESS; PS_ERROR: the server said no, and
 * proto.reply has its words, the session goes on; anything else: the session is
 * over, and e says why.
 */
#ifndef FETCHER_PROTO_H
#define FETCHER_PROTO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "fetcher/config.h"
#include "fetcher/status.h"
#include "net/conn.h"
#include "net/tls.h"

struct poll_how;

/* No server has more messages in a folder; it bounds what is kept of them. */
#define BOX_MAX 4000000
/* A message with more octets than this is none. */
#define TEXT_MAX ((uint64_t)1 << 31)

enum msg_state {
	MSG_NEW,       /* not delivered: it comes again */
	MSG_OLD,       /* was seen before this poll */
	MSG_OWED,      /* was delivered before, and could not be removed */
	MSG_DELIVERED, /* and stays on the server */
	MSG_DELETED,   /* if QUIT works */
	MSG_OLD_TAKEN, /* was seen before this poll, and delivered again */
	MSG_OLD_GONE,  /* the same, and seen before: fetchmail keeps its line */
	MSG_EXPIRED,   /* was kept for the days that it should be */
};

/* A folder, or the mailbox of a protocol without folders. */
struct box {
	const char *folder; /* NULL: not named */
	uint64_t count, octets;
	char *state;    /* enum msg_state of 1..count; NULL: count is 0 */
	bool complete;  /* all messages have a key */
	bool read_only; /* nothing can be removed or marked */
};

/* What was to be done with a message that the sink has. */
enum deed {
	DEED_REMOVE,
	DEED_MARK,
};

struct proto {
	const struct proto_ops *ops;
	const struct account *a;
	const struct poll_how *how;
	struct conn *conn;
	struct arena arena; /* of the folder */
	struct buf reply;   /* the last answer's words */
	bool tls_offered;
	bool logged_in; /* from the start: PREAUTH */
	bool silent;    /* nobody answered our connect in time */
	/* Of the text that is read: of its two parts, if it comes in parts. */
	uint64_t head_octets, body_octets;
	/* The answer to remove or mark_seen: PS_SUCCESS, PS_ERROR. */
	void (*done)(void *arg, uint64_t n, enum deed deed, enum status st);
	void *arg;
};

struct proto_ops {
	const char *name; /* for people */
	const char *port, *ssl_port;
	const char *tls_verb;
	size_t size;           /* of the struct */
	bool seen_by_key;      /* the id file says which are old */
	bool ends_at_quit;     /* nothing is removed before */
	bool capa_is_optional; /* a server may hang up over it */
	void (*clear)(struct proto *p);

	/* The session, in this order. */
	enum status (*greet)(struct proto *p, struct err *e);
	enum status (*capa)(struct proto *p, struct err *e);
	enum status (*start_tls)(struct proto *p, const struct tls_rules *r,
	    struct err *e);
	enum status (*login)(struct proto *p, struct err *e);
	enum status (*quit)(struct proto *p, struct err *e);

	/* The nth folder (from 0) of a pattern; NULL: no more. It may change
	 * the selected one. NULL: there are no patterns. */
	enum status (*folder)(struct proto *p, const char *pattern, uint64_t n,
	    const char **name, struct err *e);
	/* A folder; NULL: there is one. */
	enum status (*select)(struct proto *p, struct box *x, struct err *e);
	/* Fill x: count, octets where they are told, which are old; what was
	 * in the arena is gone. */
	enum status (*list)(struct proto *p, struct box *x, struct err *e);
	/* Nothing more is removed from it; NULL: nothing to do. */
	enum status (*leave)(struct proto *p, struct err *e);
	/* Until something happens in it; NULL: cannot. */
	enum status (*wait)(struct proto *p, struct err *e);

	/*
	 * Message n. Its name that stays, for the files (NULL: it has none),
	 * and what the names of all in the folder begin with. The id file,
	 * with seen_by_key, has what follows the first ':'.
	 */
	const char *(*key)(struct proto *p, uint64_t n, struct buf *room);
	void (*prefix)(struct proto *p, struct buf *room);
	/* Its size, 0: not known. */
	enum status (*octets)(struct proto *p, uint64_t n, uint64_t *octets,
	    struct err *e);
	/*
	 * Ask for it before its turn: open (and body) find what was asked for.
	 * It can be, when its size is known and nothing else must be asked
	 * first. NULL: one at a time. The order is that of the messages.
	 */
	bool (*can_ask)(struct proto *p, uint64_t n, uint64_t *octets);
	enum status (*ask)(struct proto *p, uint64_t n, struct err *e);
	/* Read all that is under way; texts that nobody opens are dropped.
	 * PS_ERROR: they are too long for that. NULL: nothing ever is. */
	enum status (*catch_up)(struct proto *p, struct err *e);
	/* Begin to read its header; if body is NULL, all of it. */
	enum status (
	    *open)(struct proto *p, uint64_t n, uint64_t octets, struct err *e);
	enum status (*body)(struct proto *p, uint64_t n, struct err *e);
	/* A line of it with its end, long ones in pieces; PS_NOMAIL: its end,
	 * and all of it has come. */
	enum status (*line)(struct proto *p, struct str *line, struct err *e);
	/* Sent now or with others; p->done hears the answer, at once or any
	 * time later, by catch_up at the latest. */
	enum status (*remove)(struct proto *p, uint64_t n, struct err *e);
	enum status (*mark_seen)(struct proto *p, uint64_t n, struct err *e);
};
extern const struct proto_ops pop3_ops, imap_ops;

/* A session that is not open yet. */
struct proto *proto_new(const struct proto_ops *ops, const struct account *a,
    const struct poll_how *how) MUST_CHECK;
/* Close the connection, free all of it; NULL is fine. */
void proto_free(struct proto *p);

#endif
