/* input - lines of standard input. */

#include "maptool/input.h"

#include <errno.h>
#include <unistd.h>

#include "base/log.h"

#define LINE_MAX_BYTES ((size_t)1 << 30)
#define CHUNK          65536

void input_init(struct input *in, void (*wait)(void *arg), void *arg)
{
	*in = (struct input){ .text = BUF_MAX(LINE_MAX_BYTES),
		.wait = wait,
		.arg = arg };
}

void input_clear(struct input *in)
{
	if (in != NULL)
		buf_clear(&in->text);
}

/* Drop what was given out, and read more. */
static void fill(struct input *in)
{
	size_t room;
	char *to;
	ssize_t n;

	buf_shift(&in->text, in->at);
	in->at = 0;
	to = buf_room(&in->text, CHUNK, &room);
	if (to == NULL)
		log_fatal("standard input: line of more than %zu bytes",
		    LINE_MAX_BYTES);
	if (in->wait != NULL)
		in->wait(in->arg);
	do
		n = read(STDIN_FILENO, to, room);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		log_fatal("read standard input: %m");
	buf_grew(&in->text, (size_t)n);
	in->end = n == 0;
}

bool input_line(struct input *in, struct str *line)
{
	struct str rest;
	ptrdiff_t nl = -1;
	size_t seen = 0;

	for (;;) {
		rest = str_skip(buf_str(&in->text), in->at);
		nl = str_find(str_skip(rest, seen), '\n');
		if (nl >= 0 || in->end)
			break;
		seen = rest.n;
		fill(in);
	}
	*line = nl >= 0 ? str_head(rest, seen + (size_t)nl) : rest;
	in->at += line->n + (nl >= 0);
	return nl >= 0 || line->n != 0;
}
