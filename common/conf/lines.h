/*
 * lines - physical lines to logical lines, as in main.cf and in table sources.
 *
 * A pure parser over bytes. A line that starts with a non-blank other than '#'
 * starts a logical line; a line that starts with a blank continues it (only the
 * newline is removed, blanks stay); empty lines, lines of blanks only and lines
 * whose first non-blank is '#' are skipped, also between continuations. What
 * follows a NUL byte in a logical line is invisible. Rules: postconf(5),
 * postmap(1), "TABLE FORMAT".
 */
#ifndef COMMON_CONF_LINES_H
#define COMMON_CONF_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/str.h"

/*
 * text is a complete warning without the file's name and without a line
 * number: 'logical line must not start with whitespace: "TEXT"'. The caller
 * puts "FILE: " before it.
 */
typedef void lines_warn_fn(const char *text, void *arg);

struct lines {
	struct str rest;     /* what was not read yet */
	size_t next;         /* number of the first line in rest, from 1 */
	struct buf joined;   /* the current line, when it was continued */
	lines_warn_fn *warn; /* NULL: no warnings */
	void *arg;           /* for warn */
};

/* text must outlive l. */
void lines_init(struct lines *l, struct str text, lines_warn_fn *warn,
    void *arg);
/* NULL is fine. */
void lines_clear(struct lines *l);

/*
 * The next logical line and the number of its first physical line (comments
 * and empty lines count). Blanks at its end, also '\r', are still there. False
 * at the end of the text. *line is borrowed until the next call.
 */
bool lines_next(struct lines *l, struct str *line, size_t *number) MUST_CHECK;

/* For who copies a file line by line (postconf -e). */
enum line_kind {
	LINE_SKIP,  /* empty, or a comment: belongs to nothing */
	LINE_MORE,  /* continues the logical line before it */
	LINE_START, /* starts a logical line */
};

/* What a physical line is. */
enum line_kind line_kind(struct str line);
/*
 * Cut the first physical line off *text, its newline (if it has one) included.
 * False when *text is empty.
 */
bool line_cut(struct str *text, struct str *line) MUST_CHECK;

#endif
