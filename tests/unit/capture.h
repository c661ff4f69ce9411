/*
 * capture - what is logged while a test runs, as text to look at.
 */
#ifndef TESTS_CAPTURE_H
#define TESTS_CAPTURE_H

#include "base/log.h"

static char captured[8000];

static void capture_line(enum log_level level UNUSED, const char *tag UNUSED,
    const char *line, void *arg UNUSED)
{
	size_t n = strlen(captured);

	snprintf(captured + n, sizeof(captured) - n, "%s\n", line);
}

/* From here on lines go to captured, which is empty. */
static inline void capture_start(void)
{
	captured[0] = '\0';
	log_to_stderr(false);
	log_to_sink(capture_line, NULL);
}

static inline void capture_stop(void)
{
	log_to_sink(NULL, NULL);
	log_to_stderr(true);
}

#endif
