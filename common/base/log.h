/*
 * log - one clean line at a time to stderr, a file, syslog or a sink.
 *
 * The only mutable global of a program besides its configuration. A line is
 * made printable (control bytes and what is no UTF-8 become '?'), cut at
 * LOG_LINE_MAX and handed to all outputs that are switched on. Never call this
 * from a signal handler.
 */
#ifndef COMMON_BASE_LOG_H
#define COMMON_BASE_LOG_H

#include <stdbool.h>

#include "base/macros.h"
#include "base/str.h"

#define LOG_LINE_MAX 2000

enum log_level {
	LOG_INFORM, /* no prefix */
	LOG_WARN,   /* "warning: " */
	LOG_ERROR,  /* "error: " */
	LOG_FATAL,  /* "fatal: " */
	LOG_PANIC,  /* "panic: " */
};

/* Takes a finished line (prefix included, no newline). tag: see log_init(). */
typedef void log_sink_fn(enum log_level level, const char *tag,
    const char *line, void *arg);

/*
 * Name the program: stderr lines read "TAG: warning: TEXT". Until then "?".
 * tag is kept, not copied. Output goes to stderr at first.
 */
void log_init(const char *tag);
/* Change the tag; "postfix/smtpd" in a front, for example. */
void log_tag(const char *tag);
const char *log_get_tag(void);

/* Write to stderr (on at first), and to a sink (NULL: none). */
void log_to_stderr(bool on);
void log_to_sink(log_sink_fn *fn, void *arg);

void log_msg(enum log_level level, const char *fmt, ...) PRINTF(2, 3);
/* The same under another tag, for this line only. */
void log_as(const char *tag, enum log_level level, const char *fmt, ...)
    PRINTF(3, 4);

#define log_info(...)  log_msg(LOG_INFORM, __VA_ARGS__)
#define log_warn(...)  log_msg(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_msg(LOG_ERROR, __VA_ARGS__)

/* Log a "fatal: " line and exit with status 1. */
void log_fatal(const char *fmt, ...) PRINTF(1, 2) NORETURN;

#endif
