/*
 * session_state - what the files session*.c share; nobody else includes it.
 */
#ifndef VDELIVER_SESSION_STATE_H
#define VDELIVER_SESSION_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"
#include "mail/address.h"
#include "vdeliver/cleanup.h"
#include "vdeliver/session.h"
#include "vdeliver/smtp_data.h"
#include "vdeliver/smtp_parse.h"

enum state {
	S_START,    /* HELO is required and did not come */
	S_READY,    /* no transaction */
	S_MAIL,     /* MAIL, no recipient yet */
	S_RCPT,     /* at least one recipient */
	S_DATA,     /* the message comes */
	S_CHUNK,    /* a chunk of it comes */
	S_BDAT,     /* between two chunks */
	S_BDAT_BAD, /* the same after an error: no transaction any more */
	S_SENT,     /* WISH_COMMIT is open */
	S_END,      /* nothing more is read */
};
#define IN(state) (1U << (state))

enum verb_flag {
	V_SMTP = 1 << 0, /* known in SMTP */
	V_LMTP = 1 << 1, /* known in LMTP */
	V_BOTH = V_SMTP | V_LMTP,
	V_LAST = 1 << 2,  /* nothing may be pipelined behind it */
	V_JUNK = 1 << 3,  /* too many of them are errors */
	V_CLEAR = 1 << 4, /* legal without TLS where TLS is required */
};

struct session;
/* Runs a command and returns the next state. */
typedef enum state verb_fn(struct session *s, const struct smtp_command *cmd);

/* How many rows verbs[] has, for the counts. */
#define VERBS_MAX 24

enum bare_lf {
	BARE_LF_IS_END,
	BARE_LF_REJECT
};

/* The BDAT under way. */
struct session_chunk {
	uint64_t size, left;
	bool last;
	bool discard;                        /* an earlier one had an error */
	const struct session_reply *refused; /* NULL: it is taken */
	struct session_reply kept;           /* where refused may point to */
};

struct session_env {
	const struct settings *set;
	struct spool_budget *budget;
	struct address_rules rules;
	enum bare_lf bare_lf;
	bool pipelining_fatal; /* smtpd_forbid_unauth_pipelining */
	uint64_t last_id;      /* of the queue ids given out */
};

struct session_state {
	struct session_env *env;
	const struct settings *set;
	struct arena life; /* as long as the session */
	struct arena mail; /* as long as a transaction */
	const char *name, *addr;
	const char *peer; /* "NAME[ADDR]" */
	bool local, trusted, bare_lf_ok, lf_dot_ok, lmtp;
	bool xclient_ok, xforward_ok;
	const char *login; /* of XCLIENT; NULL: none */

	/* only session.c writes state */
	enum state state;
	bool started, esmtp, draining, early_logged;
	bool wrapped; /* TLS before the greeting */
	bool tls;
	const char *tls_trace; /* for Received; NULL: none */
	struct buf helo;       /* empty: none */
	const char *where;     /* the last command, for the log */

	/* the line that comes in */
	struct buf line;
	bool too_long;

	/* the command that is being answered */
	size_t verb;  /* row of verbs[] */
	bool counted; /* it is in the statistics, its outcome is not */
	bool failed;  /* an error was replied */
	int64_t errors, junk;
	struct {
		unsigned ok, all;
	} counts[VERBS_MAX];

	/* the transaction; forward is of XFORWARD, in arena mail */
	struct {
		bool any; /* something of the client was told */
		const char *name, *addr, *ident, *source; /* NULL: not told */
	} forward;
	char qid[16];
	struct session_rcpt *rcpts; /* room for more than n_rcpts */
	size_t rcpts_cap;
	int64_t overshoot; /* recipients that were too many */
	const char *proto; /* for Received */
	struct smtp_data data;
	struct cleanup_origin origin;
	struct cleanup cleanup;
	bool spooling;         /* cleanup and spool are in use */
	bool too_big, discard; /* no more of it is kept */
	bool chunked;          /* it comes by BDAT */
	struct session_chunk chunk;
	size_t bad_replies; /* LMTP: recipients of what was given up */
	char text[300];     /* of a reply that has to last */
};

/* session_reply.c: replies and log lines. */
void session_put(struct session *s, const struct session_reply *r);
void session_say(struct session *s, int code, const char *dsn, const char *fmt,
    ...) PRINTF(4, 5);
/* The same, and a "reject:" line: what is "RCPT", rcpt may be empty. */
void session_reject(struct session *s, const char *what, struct str rcpt,
    const struct session_reply *r);
/* "QID: reject: WHAT from C: TEXT; from=..." for a text of its own form. */
void session_log_reject(struct session *s, const char *what, struct str rcpt,
    const char *text);
void session_log_end(struct session *s);

/* session.c */
extern const struct session_verb {
	const char *name;
	unsigned flags; /* enum verb_flag */
	unsigned in;    /* states in which it is legal */
	verb_fn *run;
} session_verbs[];
extern const size_t session_n_verbs;
/* The command is answered, or it waits for a wish: count, close if needed. */
void session_settle(struct session *s, enum state next);
/* End of the transaction; returns the state then. */
enum state session_mail_reset(struct session *s);

/* The first line; waiting as in session_start(). */
void session_greet(struct session *s, struct str waiting);

/* Who is at the other end, from now on. */
void session_set_client(struct session *s, const struct session_client *c);

/* session_xclient.c */
verb_fn do_xclient, do_xforward;
void session_add_origin(const struct session_state *in, struct buf *b);
/* Is mail of this client, or of the one it forwards for, rewritten? */
bool session_is_local(const struct session_state *in);

/* The answer to an event was yes, or no. */
void session_mail_event(struct session *s, bool refused);
void session_tls_event(struct session *s, bool refused);

/* session_tls.c */
verb_fn do_starttls;
/* Wish for a handshake, or first for the leave to have one more. */
void session_ask_tls(struct session *s);
bool session_offers_tls(const struct session *s);

/* session_hello.c: what is around the mail. */
verb_fn do_helo, do_ehlo, do_auth, do_rset, do_noop, do_quit, do_help,
    do_unknown;

/* session_mail.c: the envelope. */
verb_fn do_mail, do_rcpt, do_vrfy;

/* session_data.c: the message. */
verb_fn do_data;
/* Take bytes of the message; returns how many. */
size_t session_data_input(struct session *s, struct str in);
/* The same message for BDAT: before its first byte, some bytes, its end. */
void session_message_begin(struct session *s);
void session_message_add(struct session *s, struct str bytes);
enum state session_message_end(struct session *s);
/* Is it known before the end that it will be refused, and how? Logged. */
bool session_message_bad(struct session *s, struct session_reply *why);

/* session_bdat.c */
verb_fn do_bdat;
size_t session_chunk_input(struct session *s, struct str in);

#endif
