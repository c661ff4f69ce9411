/*
 * rc_lex - words of a fetchmailrc. A pure parser over bytes.
 *
 * Blanks, the noise words (and with has wants options) and the characters
 * : ; , vanish wherever a token may start; '#' begins a comment there.
 */
#ifndef FETCHER_RC_LEX_H
#define FETCHER_RC_LEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/str.h"

/* No word is longer, in octets. */
#define RC_WORD_MAX 65536

enum rc_token {
	RC_END,
	RC_WORD,   /* may be a keyword */
	RC_QUOTED, /* never one: quotes, or an escape in it */
	RC_NUMBER, /* optional '-', digits */
	RC_EQUALS,
	RC_BAD, /* an unterminated quote, or (text.full) too long a word */
};

struct rc_lex {
	struct str rest;
	size_t line; /* of what comes next, from 1 */

	enum rc_token token;
	struct buf text; /* its text, escapes done */
	size_t token_line;
};

/* text must outlive l. */
void rc_lex_init(struct rc_lex *l, struct str text);
/* NULL is fine. */
void rc_lex_clear(struct rc_lex *l);

/*
 * Read the next token. literal: it is a string whatever it looks like (after
 * user, password, is, =): neither noise nor a number.
 */
enum rc_token rc_lex_next(struct rc_lex *l, bool literal);

#endif
