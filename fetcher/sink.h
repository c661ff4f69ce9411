/*
 * sink - where messages go: an SMTP or LMTP listener, a command, a batch file.
 * Its answers decide what becomes of the message on the server.
 *
 * A way out is a row of struct sink_ops (sink_smtp.c, sink_mda.c,
 * sink_bsmtp.c); the account's options choose one.
 */
#ifndef FETCHER_SINK_H
#define FETCHER_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/macros.h"
#include "fetcher/config.h"
#include "fetcher/status.h"

enum fate {
	FATE_TAKEN,   /* accepted for good: delete it (or mark it as seen) */
	FATE_KEEP,    /* not now, or never: it stays on the server */
	FATE_DELETE,  /* refused for good, and asked to be deleted */
	FATE_DOWN,    /* nobody there: the account ends; ops->down says why */
	FATE_BROKEN,  /* it died within the text; PS_IOERR */
	FATE_PENDING, /* known later: sink_collect() */
};

#define SINK_ADDRESS 1024

/* Refused mail that stays comes again; its sender hears of it once. */
struct sink_notices {
	/* Was there a notice about this message and a reply of this code? */
	bool (*had)(void *arg, int code);
	/* There is now. */
	void (*sent)(void *arg, int code);
	void *arg;
};

struct sink_mail {
	const char *sender;      /* without brackets, "" for null */
	const char *const *rcpt; /* names, with or without a domain */
	size_t rcpt_n;
	uint64_t size;                      /* as the server says, 0: unknown */
	int body_bits;                      /* 8, 7, or 0: say nothing */
	struct str header;                  /* for notices */
	const struct sink_notices *notices; /* NULL: nobody remembers; it and
					     * its arg live until the fate is
					     * known */
	size_t ticket; /* the caller's name for it, for sink_collect() */
};

/* Who has accepted, for the Received line. */
struct sink_accepted {
	const char *rcpt; /* as it was sent, the first one */
	size_t n;
	bool by_default; /* only the postmaster did */
};

struct sink {
	const struct sink_ops *ops;
	const struct account *a;
	const char *hello; /* our name towards listeners */
	struct sink_accepted accepted;
	const char *to; /* the listener tried last, NULL: none, or no such */
};

struct sink_ops {
	bool (*wanted)(const struct account *a);
	size_t size; /* of the struct that begins with a struct sink */
	bool keeps_return_path;
	bool lf_ends;     /* lines end in LF there */
	enum status down; /* what FATE_DOWN means */
	/* NULL where there is nothing to do. */
	void (*open)(struct sink *s);
	void (*close)(struct sink *s);
	/* FATE_TAKEN: the text may come. Else the transaction is over. */
	enum fate (*begin)(struct sink *s, const struct sink_mail *m);
	enum fate (*text)(struct sink *s, struct str piece);
	enum fate (*end)(struct sink *s);
	void (*abort)(struct sink *s);
	/* NULL: no fate is ever pending. */
	bool (*collect)(struct sink *s, bool wait, size_t *ticket,
	    enum fate *fate);
};
extern const struct sink_ops sink_smtp_ops, sink_mda_ops, sink_bsmtp_ops;

/* The way out of an account; what is borrowed must outlive it. */
struct sink *sink_new(const struct account *a, const char *hello) MUST_CHECK;
/* Say goodbye and close; NULL is fine. */
void sink_free(struct sink *s);

/*
 * The envelope. FATE_TAKEN: the text may come, s->accepted is set. Else the
 * transaction is over.
 */
enum fate sink_begin(struct sink *s, const struct sink_mail *m) MUST_CHECK;
/* A piece of the text, with any line ends. */
enum fate sink_text(struct sink *s, struct str piece) MUST_CHECK;
/* The end of it: what becomes of the message, or FATE_PENDING: that comes
 * later, in any order. */
enum fate sink_end(struct sink *s) MUST_CHECK;
/*
 * A message whose fate is known by now, or, with wait, as soon as one is. False:
 * there is none; with wait: none is pending any more. Not within a text.
 */
bool sink_collect(struct sink *s, bool wait, size_t *ticket, enum fate *fate)
    MUST_CHECK;
/* The text cannot be finished: what was handed over must not count. */
void sink_abort(struct sink *s);

/*
 * An address for a local name: what has a domain stays; else smtpname, or
 * name@smtpaddress, or name@host.
 */
void sink_address(const struct account *a, const char *host, const char *name,
    char out[SINK_ADDRESS]);

#endif
