/*
 * smtp_parse - a command line becomes a struct. RFC 5321 4.1.2, RFC 2033.
 *
 * Everything borrows from the line. Only the shape is judged here; what a
 * parameter means, and whether it is allowed now, session.c says.
 */
#ifndef VDELIVER_SMTP_PARSE_H
#define VDELIVER_SMTP_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"
#include "base/str.h"

#define SMTP_PARAMS_MAX 20

struct smtp_param {
	struct str text;  /* all of it, "SIZE=10" */
	struct str name;  /* "SIZE" */
	struct str value; /* "10", empty without '=' */
	bool has_value;
};

enum smtp_syntax {
	SMTP_OK,
	SMTP_EMPTY,      /* nothing in the line */
	SMTP_NO_PATH,    /* "MAIL", "MAIL FORM:<x>", "RCPT TO:" */
	SMTP_MANY_PARAMS /* more than SMTP_PARAMS_MAX */
};

struct smtp_command {
	enum smtp_syntax syntax; /* what smtp_parse() returned */
	struct str verb;         /* first word, as typed */
	struct str arg;          /* what follows, trimmed */
	struct str path; /* MAIL, RCPT: the address as typed, with its <> */
	struct smtp_param params[SMTP_PARAMS_MAX];
	size_t n_params;
};

/*
 * Parse a line without its end. Which verbs have a path, and its keyword, is
 * a row in smtp_parse.c; for the others path and params stay empty.
 */
enum smtp_syntax smtp_parse(struct smtp_command *cmd, struct str line)
    MUST_CHECK;

/* The line of a parsed command, as it was typed. */
struct str smtp_line(const struct smtp_command *cmd);

/* Decode xtext (RFC 3461 4): false when it is none, or does not fit in out. */
struct buf;
bool smtp_xtext(struct str text, struct buf *out) MUST_CHECK;

#endif
