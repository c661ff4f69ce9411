/*
 * progress - how far a build is, on a terminal, when it takes long.
 *
 * One line on standard error, written over and over: lines done, lines a
 * second, seconds left. Nothing when standard error is no terminal, and nothing
 * in the first second. A warning takes the line's place.
 */
#ifndef MAPTOOL_PROGRESS_H
#define MAPTOOL_PROGRESS_H

#include <stddef.h>

/* A source of so many bytes; name is kept until progress_end(). */
void progress_begin(const char *name, size_t bytes);
/* Come to this line; so many bytes are left. Cheap: call it for each line. */
void progress_at(size_t line, size_t bytes_left);
/* All lines are read, the table is written now. */
void progress_writing(void);
/* Remove the line. Without a begin it does nothing. */
void progress_end(void);

#endif
