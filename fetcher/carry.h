/*
 * carry - one message from the server's text to the sink.
 */
#ifndef FETCHER_CARRY_H
#define FETCHER_CARRY_H

#include "base/err.h"
#include "base/macros.h"
#include "fetcher/config.h"
#include "fetcher/mime.h"
#include "fetcher/proto.h"
#include "fetcher/sink.h"

/* What was handed over last: copies of it are not (multidrop). */
struct carry_last {
	unsigned char digest[32];
	uint64_t size;
	bool set;
};

struct carry {
	const struct account *a;
	const char *truename;
	struct proto *p;                    /* its text has begun */
	uint64_t n;                         /* which message */
	const char *folder;                 /* NULL: not named */
	const struct sink_notices *notices; /* may be NULL */
	size_t ticket;                      /* by which the sink knows it */
	struct sink *sink;
	uint64_t size;   /* as the server says */
	bool headerless; /* what it has was made up here */
	bool qp;         /* mimedecode: its body is being decoded */
	struct mime_qp decoder;
	struct carry_last *last;
	void (*moved)(void *arg); /* called now and then in a long text */
	void *arg;
};

/*
 * Read the whole text and hand it over; *fate is the sink's verdict, which may
 * be FATE_PENDING. Anything
 * but PS_SUCCESS: the server failed within the text, and the sink's transaction
 * was dropped without a final dot; PS_ERROR: it can go on with the next one.
 */
enum status carry_message(struct carry *c, enum fate *fate, struct err *e)
    MUST_CHECK;

#endif
