/*
 * sink - where messages go: an SMTP or LMTP listener; the answers decide what
 * becomes of the message on the server.
 */
#ifndef FETCHER_SINK_H
#define FETCHER_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/macros.h"
#include "fetcher/config.h"
#include "fetcher/status.h"

enum fate {
	FATE_TAKEN,  /* accepted for good: delete it (or mark it as seen) */
	FATE_KEEP,   /* not now, or never: it stays on the server */
	FATE_DELETE, /* refused for good, and asked to be deleted */
	FATE_DOWN,   /* no listener: the account ends; PS_SMTP */
	FATE_BROKEN, /* the listener died within the text; PS_IOERR */
};

struct sink;

struct sink_mail {
	const char *sender; /* without brackets, "" for null */
	uint64_t size;      /* as the server says, 0: unknown */
	int body_bits;      /* 8, 7, or 0: say nothing */
	struct str header;  /* for notices */
};

struct sink *sink_new(const struct account *a, const char *hello) MUST_CHECK;
/* QUIT and close; NULL is fine. */
void sink_free(struct sink *s);

/*
 * The envelope, for the account's recipient. FATE_TAKEN: the text may come.
 * Else the transaction is over.
 */
enum fate sink_begin(struct sink *s, const struct sink_mail *m) MUST_CHECK;
/* After that: the address that was accepted, and whether it is only the
 * postmaster's. */
const char *sink_accepted(const struct sink *s, bool *by_default);
/* A piece of the text, with any line ends. */
enum fate sink_text(struct sink *s, struct str piece) MUST_CHECK;
/* The end of it: what becomes of the message. */
enum fate sink_end(struct sink *s) MUST_CHECK;
/* The text cannot be finished: drop the connection, never end with a dot. */
void sink_abort(struct sink *s);

#endif
