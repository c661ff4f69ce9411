/*
 * sasl - client side of authentication (RFC 4422), a mechanism per row. The
 * protocols carry the words; here they are only made.
 */
#ifndef COMMON_NET_SASL_H
#define COMMON_NET_SASL_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

/* No server says more in a challenge, and no client in an answer. */
#define SASL_MAX 16384

struct sasl_mech;
struct sasl {
	const struct sasl_mech *mech;
	const char *user, *password; /* or a token */
	int step;
	struct sasl_scram *scram; /* sasl_scram.c */
	char trouble[200]; /* why a token was refused; "" if nobody said */
};

/*
 * SCRAM, EXTERNAL and those with a token are only chosen by name; who does that
 * calls sasl_end() and sasl_clear(), too.
 *
 * Choose the best of what is offered (names divided by blanks), or, with only
 * not NULL, this one. False: none of ours.
 */
bool sasl_choose(struct sasl *s, struct str offered, const char *only)
    MUST_CHECK;
const char *sasl_name(const struct sasl *s);
/* The client speaks first, as with PLAIN. */
bool sasl_is_initial(const struct sasl *s);

/*
 * Add the answer to a challenge (both base64; "" for the initial response) to
 * out. ST_TEMP: the challenge makes no sense.
 */
enum st sasl_answer(struct sasl *s, struct str challenge, struct buf *out,
    struct err *e) MUST_CHECK;

/* The server says that we are in. ST_TEMP: it should have proven something. */
enum st sasl_end(struct sasl *s, struct err *e) MUST_CHECK;
void sasl_clear(struct sasl *s);

/* MD5 of a and b in lower case hex, as APOP wants it (RFC 1939 7). */
enum st sasl_md5(struct str a, struct str b, char hex[33], struct err *e)
    MUST_CHECK;

#endif
