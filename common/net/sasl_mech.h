/*
 * sasl_mech - what a mechanism is, for the files that have one. Everybody else
 * includes sasl.h.
 */
#ifndef COMMON_NET_SASL_MECH_H
#define COMMON_NET_SASL_MECH_H

#include "net/sasl.h"

/* Add the answer to a challenge, both as they are (not base64). */
typedef enum st sasl_answer_fn(struct sasl *s, struct str challenge,
    struct buf *out, struct err *e);

/* sasl_token.c: RFC 7628, and Google's XOAUTH2. */
sasl_answer_fn sasl_oauthbearer, sasl_xoauth2;

/* sasl_scram.c: RFC 5802 and 7677. */
sasl_answer_fn sasl_scram;
enum st sasl_scram_end(struct sasl *s, struct err *e) MUST_CHECK;
void sasl_scram_clear(struct sasl *s);

#endif
