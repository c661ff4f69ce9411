/*
 * session - one client's SMTP (RFC 5321) or LMTP (RFC 2033) dialogue, without
 * sockets: bytes in, bytes out, and wishes for what needs the world.
 *
 * The front moves bytes and grants wishes:
 *
 *	s = session_new(env, &client, SESSION_SMTP);
 *	session_start(s, what has already arrived);
 *	for (;;) {
 *		s->delay_ms != 0: wait that long, then session_waited(s)
 *		s->out not empty: send some, buf_shift(&s->out, sent)
 *		s->wish == WISH_RCPT: ask the router about s->rcpt, then
 *			session_resume_rcpt(s, &reply)
 *		s->wish == WISH_COMMIT: have s->mail delivered, then
 *			session_resume_commit(s, replies, n)
 *		s->wish == WISH_EVENT: ask the router about s->event, then
 *			session_resume_event()
 *		s->wish == WISH_TLS: once out is empty, forget what came and
 *			was not consumed, shake hands, then
 *			session_tls_started() or session_tls_failed()
 *		s->wish == WISH_XCLIENT: ask the router what s->claim may, then
 *			session_resume_xclient()
 *		s->wish == WISH_CLOSE: once out is empty, close
 *		else read, n = session_input(s, all that is buffered), drop n
 *	}
 *	session_free(s);
 *
 * One wish is open at a time, so replies come in the order of the commands.
 * Every transaction has a number: an answer for another s->txn than the one
 * that was asked about is stale, and the front must drop it.
 */
#ifndef VDELIVER_SESSION_H
#define VDELIVER_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/macros.h"
#include "base/str.h"
#include "net/tls_pipe.h"
#include "vdeliver/settings.h"
#include "vdeliver/spool.h"

/* What all sessions of a process share; made once from the settings. */
struct session_env;
/* budget (settings: vdeliver_memory_limit) and set outlive the env. */
struct session_env *session_env_new(const struct settings *set,
    struct spool_budget *budget) MUST_CHECK;
/* NULL is fine. */
void session_env_free(struct session_env *env);

/* Who is at the other end; the session copies what it needs. */
struct session_client {
	const char *name; /* verified peer name, or "unknown" */
	const char *addr; /* "192.0.2.1", "2001:db8::1" */
	bool local;       /* local_header_rewrite_clients */
	bool trusted;     /* mynetworks, or a UNIX socket */
	bool tls;         /* a handshake comes before the greeting */
	bool unix_socket; /* then name "localhost", addr "127.0.0.1" */
	bool xclient_ok;  /* smtpd_authorized_xclient_hosts */
	bool xforward_ok; /* smtpd_authorized_xforward_hosts */
	bool bare_lf_ok;  /* in smtpd_forbid_bare_newline_exclusions */
	bool lf_dot_ok;   /* the same, and smtpd_forbid_bare_newline or its
			 * exclusions stand in main.cf: "\n.\n" ends data */
};

enum session_proto {
	SESSION_SMTP,
	SESSION_LMTP
};

enum session_wish {
	WISH_NONE,
	WISH_RCPT,    /* may s->rcpt be delivered to? also for VRFY */
	WISH_COMMIT,  /* s->mail is complete: deliver it */
	WISH_EVENT,   /* is s->event within its rate limit? */
	WISH_TLS,     /* send what is in out, then shake hands */
	WISH_XCLIENT, /* s->claim is who the client is */
	WISH_CLOSE,   /* send what is in out, then close */
};

enum session_event {
	EVENT_MAIL,
	EVENT_TLS,
};

/* An answer to a wish. text is without code and dsn; soft_bounce, the error
 * count and the log are the session's affair. Code 421 closes afterwards. */
struct session_reply {
	int code;         /* 250, 452, 550, ... */
	const char *dsn;  /* "2.1.5"; "" for none */
	const char *text; /* "Ok", "<x>: Recipient address rejected: ..." */
};

struct session_rcpt {
	struct str original; /* as received, external form: X-Original-To */
	struct str address;  /* rewritten, internal form */
	struct str orcpt;    /* ORCPT=rfc822; decoded, else empty: whoever says
			      * it, the router knows whom it believes */
	struct str notify;   /* NOTIFY= as given, else empty; for the relay */
	bool routed;         /* see address.h: relay permission is needed */
	bool verify;         /* VRFY: no transaction, nothing to remember */
	bool logged; /* the front says: the refusal is in the log already */
};

struct session_mail {
	const char *qid;        /* from the first accepted recipient on */
	struct str sender_orig; /* as received, external form */
	struct str sender;      /* rewritten, external form; empty: null */
	uint64_t size_hint;     /* SIZE=, 0 when absent */
	struct str ret, envid;  /* RET=, ENVID= as given, for the relay */
	bool body_8bit, smtputf8;
	struct spool spool; /* sealed when WISH_COMMIT is open */
	uint64_t received;  /* octets of the message as it came in */
	int64_t start_ms;   /* clock_ms() at MAIL */
	const struct session_rcpt *rcpts; /* the accepted ones, in order */
	size_t n_rcpts;
};

struct session {
	/* for the front */
	struct buf out; /* what the client should get */
	enum session_wish wish;
	struct session_rcpt rcpt; /* while WISH_RCPT is open */
	enum session_event event; /* while WISH_EVENT is open */
	struct {
		const char *name, *addr; /* "unknown" if so */
	} claim;                         /* while WISH_XCLIENT is open */
	struct session_mail mail; /* since MAIL, until the transaction ends */
	uint64_t txn;      /* changes when a transaction starts or ends */
	int delay_ms;      /* wait before sending and going on */
	bool expects_data; /* the client is sending a message */
	void *owner;       /* the front's, untouched */

	struct session_state *in; /* session_state.h */
};

struct session *session_new(struct session_env *env,
    const struct session_client *client, enum session_proto proto) MUST_CHECK;

/*
 * Log "connect from" and greet. waiting: bytes that came before the greeting,
 * which is not allowed (they are not consumed).
 */
void session_start(struct session *s, struct str waiting);
/* In place of it: the reply (421 or 554), then close. Logs "connect from". */
void session_refuse(struct session *s, const struct session_reply *reply);

/*
 * Take bytes from in, which is all that has arrived and was not yet consumed;
 * returns how many. It stops when a wish or a delay is open or out is large;
 * call it again after that with the rest, also when the rest is empty.
 */
size_t session_input(struct session *s, struct str in);

/* The router's answer to WISH_RCPT. */
void session_resume_rcpt(struct session *s, const struct session_reply *reply);
/*
 * The answer to WISH_COMMIT: n is 1 for SMTP; for LMTP one for each of
 * mail.rcpts, in order, or 1 for all of them. A reply of class 2 gets the
 * session's own text ("Ok: queued as QID"). mail is gone afterwards.
 */
void session_resume_commit(struct session *s,
    const struct session_reply *replies, size_t n);

/* The answer to WISH_EVENT. */
void session_resume_event(struct session *s, bool refused);
/* The answer to WISH_XCLIENT: the client is another one from now on; refusal
 * (NULL: none) is as in session_refuse(). */
void session_resume_xclient(struct session *s,
    const struct session_client *client, const struct session_reply *refusal);

/* The handshake is done; waiting: see session_start(). */
void session_tls_started(struct session *s, const struct tls_facts *facts,
    struct str waiting);
/* It failed, which is logged. library: why is OpenSSL's text. The session is
 * over; nothing more can be said. */
void session_tls_failed(struct session *s, const char *why, bool library);

/* delay_ms is over. */
void session_waited(struct session *s);
/* Nothing came, or could be sent, for smtpd_timeout: 421, then WISH_CLOSE. */
void session_timeout(struct session *s);
/* The client closed, or the connection broke; logs. Only free it after. */
void session_lost(struct session *s);
/* We stop: 421 now when no message is under way, else after its end. */
void session_shutdown(struct session *s);

/* Logs "disconnect from"; frees. NULL is fine. */
void session_free(struct session *s);

#endif
