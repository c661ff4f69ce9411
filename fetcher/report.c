/* report - status lines, errors, dialogue to console, file or syslog. */

#include "fetcher/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>
#include <unistd.h>

#include "base/buf.h"

/* Octets for a dot. */
#define REPORT_TICK 1024

static struct {
	struct report_how how;
	struct buf part; /* a line under construction */
	size_t shown;    /* so much of it is on the console already */
	size_t ticks;    /* octets since the last dot */
} out = { .how = { "fetcher", REPORT_NORMAL, false, -1, false },
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

/* Somebody watches. */
bool report_live(void)
{
	return out.how.marks && !out.how.syslog && out.how.logfile < 0 &&
	    out.how.verbosity != REPORT_SILENT;
}

static void make_printable(char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if ((unsigned char)p[i] < ' ' || p[i] == 0x7f)
			p[i] = p[i] == '\n' ? ' ' : '?';
}

/* What is new of the line under construction. */
static void show_part(void)
{
	ssize_t unused UNUSED;

	if (!report_live() || out.part.n <= out.shown)
		return;
	make_printable(out.part.p + out.shown, out.part.n - out.shown);
	unused = write(STDOUT_FILENO, out.part.p + out.shown,
	    out.part.n - out.shown);
	out.shown = out.part.n;
}

/* Another line comes: what is shown so far stands alone, the rest after it. */
static void break_part(void)
{
	ssize_t unused UNUSED;

	if (out.shown == 0)
		return;
	unused = write(STDOUT_FILENO, "\n", 1);
	buf_reset(&out.part);
	out.shown = 0;
}

/* One finished line; control characters of servers do not reach terminals. */
static void emit(bool error, bool prefix, const char *text)
{
	AUTO_BUF line = BUF_MAX(REPORT_LINE_MAX + 100);
	int fd = error ? STDERR_FILENO : STDOUT_FILENO;
	ssize_t unused UNUSED;

	break_part();
	if (out.how.logfile >= 0) {
		fd = out.how.logfile;
		prefix = true;
	}
	if (prefix && (out.how.logfile >= 0 || !out.how.syslog))
		buf_addf(&line, "%s: ", out.how.prog);
	buf_addc(&line, text);
	make_printable(line.p, line.n);
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
	show_part();
}

/* Room is left for how the line ends. */
static void add_mark(char c)
{
	if (!out.how.marks)
		return;
	if (out.part.n < REPORT_LINE_MAX - 100)
		buf_addch(&out.part, c);
	if (!report_live())
		return;
	show_part();
	/* What the console has needs no memory. */
	if (out.shown > REPORT_LINE_MAX / 2) {
		buf_cut(&out.part, 1);
		out.shown = 1;
	}
}

static void add_ticks(size_t n)
{
	for (out.ticks += n; out.ticks >= REPORT_TICK; out.ticks -= REPORT_TICK)
		add_mark('.');
}

void report_header_moved(size_t n)
{
	out.ticks = 0;
	add_mark(' ');
	add_ticks(n);
	add_mark('#');
}

void report_line_moved(size_t n)
{
	add_ticks(n);
	add_mark('*');
}

void report_done(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_part(fmt, ap);
	va_end(ap);
	if (report_live()) {
		show_part();
		break_part();
	} else if (out.how.verbosity != REPORT_SILENT) {
		emit(false, false, buf_c(&out.part));
	}
	buf_reset(&out.part);
}

void report_take(struct buf *line)
{
	buf_set(line, buf_str(&out.part));
	buf_reset(&out.part);
}

void report_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit_v(true, true, fmt, ap);
	va_end(ap);
}

void report_bare_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit_v(true, false, fmt, ap);
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
