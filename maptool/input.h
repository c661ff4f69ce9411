/*
 * input - lines of standard input, and a word to the caller before it waits.
 */
#ifndef MAPTOOL_INPUT_H
#define MAPTOOL_INPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/str.h"

struct input {
	struct buf text; /* what was read */
	size_t at;       /* where the next line begins */
	bool end;
	void (*wait)(void *arg); /* called before each read; NULL: nobody */
	void *arg;
};

void input_init(struct input *in, void (*wait)(void *arg), void *arg);
/* NULL is fine. */
void input_clear(struct input *in);
/*
 * The next line without its newline, borrowed until the next call; false at
 * the end. A read error, or a line of more than 1 GiB, ends the program.
 */
bool input_line(struct input *in, struct str *line) MUST_CHECK;

#endif
