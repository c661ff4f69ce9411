/*
 * report - what people and log readers see: status lines, errors, dialogue.
 *
 * In the foreground status lines go to stdout as they are, errors to stderr as
 * "PROG: TEXT". With a log file both go there, each "PROG: TEXT"; with syslog
 * as PROG[PID] at mail.info and mail.err. Lines that are made in pieces come
 * out as one record; with marks, piece by piece on a console.
 */
#ifndef FETCHER_REPORT_H
#define FETCHER_REPORT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/str.h"

enum verbosity {
	REPORT_SILENT,
	REPORT_NORMAL,
	REPORT_VERBOSE,
	REPORT_DEBUG
};

/* No line is longer. */
#define REPORT_LINE_MAX 4000

struct report_how {
	const char *prog;
	enum verbosity verbosity;
	bool syslog;
	int logfile; /* -1: none */
	bool marks;  /* show that a message moves: showdots */
};

void report_init(const struct report_how *how);
const char *report_prog(void);
bool report_verbose(void);

/* A status line; not with REPORT_SILENT. */
void report_info(const char *fmt, ...) PRINTF(1, 2);
/* The same, with "PROG: " on the console as well. */
void report_note(const char *fmt, ...) PRINTF(1, 2);
/* The same, also with REPORT_SILENT. */
void report_always(const char *fmt, ...) PRINTF(1, 2);
/* A piece of a status line, and its end. */
void report_part(const char *fmt, ...) PRINTF(1, 2);
void report_done(const char *fmt, ...) PRINTF(1, 2);
/* The pieces that there are go to where the caller ends the line. */
void report_take(struct buf *line);
/* Pieces come out as they are made: the line must be ended before another. */
bool report_live(void);
/*
 * Marks of a message that moves, when they are wanted: a dot for each 1024
 * octets, '#' after the header, '*' for a line of the body. n: octets.
 */
void report_header_moved(size_t n);
void report_line_moved(size_t n);
/* An error: always. */
void report_error(const char *fmt, ...) PRINTF(1, 2);
/* The same without "PROG: " on a console, where fetchmail has none. */
void report_bare_error(const char *fmt, ...) PRINTF(1, 2);
/* A line of dialogue, with REPORT_VERBOSE: "PROG: POP3> CMD". */
void report_dialogue(const char *proto, char way, struct str line);

#endif
