/* progress - a line on the terminal for a build that takes long. */

#include "maptool/progress.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

/* Between two looks at the clock. */
#define LINES      4096
#define FIRST_MS   1000
#define REFRESH_MS 250
#define ERASE      "\033[K"

/* There is one terminal: one build shows itself at a time. */
static struct {
	const char *name;
	size_t bytes, line;
	int64_t begun, next; /* when it began, and shows itself again */
	bool on, shown;
} now;

/* A warning takes the line's place. */
static void print_line(enum log_level level UNUSED, const char *tag,
    const char *line, void *arg UNUSED)
{
	fprintf(stderr, "%s%s: %s\n", now.shown ? ERASE : "", tag, line);
	now.shown = false;
}

void progress_begin(const char *name, size_t bytes)
{
	now.on = isatty(STDERR_FILENO) == 1;
	if (!now.on)
		return;
	now.name = name;
	now.bytes = bytes;
	now.line = 0;
	now.shown = false;
	now.begun = clock_ms();
	now.next = now.begun + FIRST_MS;
	log_to_stderr(false);
	log_to_sink(print_line, NULL);
}

static void show(const char *text)
{
	/* The cursor goes back: what comes next stands in its place. */
	fprintf(stderr, "%s" ERASE "\r", text);
	fflush(stderr);
	now.shown = true;
}

void progress_at(size_t line, size_t bytes_left)
{
	AUTO_BUF text = BUF_MAX(500);
	int64_t ms, took;
	size_t done = now.bytes - bytes_left;

	if (!now.on || line - now.line < LINES)
		return;
	now.line = line;
	ms = clock_ms();
	if (ms < now.next || done == 0)
		return;
	now.next = ms + REFRESH_MS;
	took = ms - now.begun;
	buf_addf(&text, "%.60s: %zu lines, %jd a second, %jd s left", now.name,
	    line, (intmax_t)((int64_t)line * 1000 / (took + 1)),
	    (intmax_t)((double)took * (double)bytes_left / (double)done /
		1000));
	show(buf_c(&text));
}

void progress_writing(void)
{
	AUTO_BUF text = BUF_MAX(500);

	if (!now.on || clock_ms() - now.begun < FIRST_MS)
		return;
	buf_addf(&text, "%.60s: read, writing the table", now.name);
	show(buf_c(&text));
}

void progress_end(void)
{
	if (!now.on)
		return;
	if (now.shown)
		fputs(ERASE, stderr);
	now.on = false;
	log_to_sink(NULL, NULL);
	log_to_stderr(true);
}
