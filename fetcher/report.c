/* report - status lines, errors, dialogue to console, file or syslog. */

#include "fetcher/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>
#include <unistd.h>

#include "base/buf.h"

#define REPORT_LINE_MAX 4000

static struct {
	struct report_how how;
	struct buf part; /* a line under construction */
} out = { .how = { "fetcher", REPORT_NORMAL, false, -1 },
	.part = { .max = REPORT_LINE_MAX } };

void report_init(const struct report_how *how)
{
	out.how = *how;
	if (how->syslog)
		openlog(how->prog, LOG_PID, LOG_MAIL);
}

const char *report_prog(void)
{
	return out.how.prog;
}

bool report_verbose(void)
{
	return out.how.verbosity >= REPORT_VERBOSE;
}

/* One finished line; control characters of servers do not reach terminals. */
static void emit(bool error, bool prefix, const char *text)
{
	AUTO_BUF line = BUF_MAX(REPORT_LINE_MAX + 100);
	int fd = error ? STDERR_FILENO : STDOUT_FILENO;
	ssize_t unused UNUSED;
	size_t i;

	if (out.how.logfile >= 0) {
		fd = out.how.logfile;
		prefix = true;
	}
	if (prefix && (out.how.logfile >= 0 || !out.how.syslog))
		buf_addf(&line, "%s: ", out.how.prog);
	buf_addc(&line, text);
	for (i = 0; i < line.n; i++)
		if ((unsigned char)line.p[i] < ' ' || line.p[i] == 0x7f)
			line.p[i] = line.p[i] == '\n' ? ' ' : '?';
	if (out.how.syslog && out.how.logfile < 0) {
		syslog(error ? LOG_ERR : LOG_INFO, "%s", buf_c(&line));
		return;
	}
	buf_addch(&line, '\n');
	unused = write(fd, buf_c(&line), line.n);
}

static void emit_v(bool error, bool prefix, const char *fmt, va_list ap)
    PRINTF(3, 0);
static void emit_v(bool error, bool prefix, const char *fmt, va_list ap)
{
	char text[REPORT_LINE_MAX];

	vsnprintf(text, sizeof(text), fmt, ap);
	emit(error, prefix, text);
}

void report_info(const char *fmt, ...)
{
	va_list ap;

	if (out.how.verbosity == REPORT_SILENT)
		return;
	va_start(ap, fmt);
	emit_v(false, false, fmt, ap);
	va_end(ap);
}

void report_note(const char *fmt, ...)
{
	va_list ap;

	if (out.how.verbosity == REPORT_SILENT)
		return;
	va_start(ap, fmt);
	emit_v(false, true, fmt, ap);
	va_end(ap);
}

void report_always(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit_v(false, true, fmt, ap);
	va_end(ap);
}

static void add_part(const char *fmt, va_list ap) PRINTF(1, 0);
static void add_part(const char *fmt, va_list ap)
{
	char text[REPORT_LINE_MAX];

	vsnprintf(text, sizeof(text), fmt, ap);
	buf_addc(&out.part, text);
}

void report_part(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_part(fmt, ap);
	va_end(ap);
}

void report_done(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_part(fmt, ap);
	va_end(ap);
	if (out.how.verbosity != REPORT_SILENT)
		emit(false, false, buf_c(&out.part));
	buf_reset(&out.part);
}

void report_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit_v(true, true, fmt, ap);
	va_end(ap);
}

void report_dialogue(const char *proto, char way, struct str line)
{
	char text[REPORT_LINE_MAX];

	if (!report_verbose())
		return;
	snprintf(text, sizeof(text), "%s%c %.*s", proto, way, STR_ARG(line));
	emit(false, true, text);
}
