/* log - one clean line to stderr or a sink. */

#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
	const char *tag;
	bool quiet; /* not to stderr */
	log_sink_fn *sink;
	void *arg;
} out = { .tag = "?" };

static const char *const prefixes[] = { "",
	"warning: ", "error: ", "fatal: ", "panic: " };

void log_init(const char *tag)
{
	out.tag = tag;
}

void log_tag(const char *tag)
{
	out.tag = tag;
}

const char *log_get_tag(void)
{
	return out.tag;
}

void log_to_stderr(bool on)
{
	out.quiet = !on;
}

void log_to_sink(log_sink_fn *fn, void *arg)
{
	out.sink = fn;
	out.arg = arg;
}

static void to_stderr(const char *tag, const char *line)
{
	char text[LOG_LINE_MAX + 200];
	int n = snprintf(text, sizeof(text), "%s: %s\n", tag, line);
	ssize_t unused UNUSED;

	/* One write, so that lines of several processes do not mix. */
	unused = write(STDERR_FILENO, text,
	    n < (int)sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

static bool is_tail(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* Control bytes go; what looks like UTF-8 stays, valid or not. */
static void make_printable(char *s)
{
	unsigned char c;

	for (; (c = (unsigned char)*s) != '\0'; s++) {
		if (c >= 0xc2 && c <= 0xf7 && is_tail(s[1])) {
			while (is_tail(s[1]))
				s++;
		} else if (c < ' ' || c >= 0x7f) {
			*s = '?';
		}
	}
}

static void log_v(const char *tag, enum log_level level, const char *fmt,
    va_list ap) PRINTF(3, 0);
static void log_v(const char *tag, enum log_level level, const char *fmt,
    va_list ap)
{
	int saved = errno;
	char line[LOG_LINE_MAX];
	size_t n = strlen(prefixes[level]);

	memcpy(line, prefixes[level], n + 1);
	errno = saved;
	vsnprintf(line + n, sizeof(line) - n, fmt, ap);
	make_printable(line);
	if (!out.quiet)
		to_stderr(tag, line);
	if (out.sink != NULL)
		out.sink(level, tag, line, out.arg);
	errno = saved;
}

void log_msg(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_v(out.tag, level, fmt, ap);
	va_end(ap);
}

void log_as(const char *tag, enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_v(tag, level, fmt, ap);
	va_end(ap);
}

void log_fatal(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_v(out.tag, LOG_FATAL, fmt, ap);
	va_end(ap);
	exit(1);
}
