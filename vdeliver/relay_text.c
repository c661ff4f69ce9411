/* relay_text - a body in pieces, long lines folded. Runs in: relay. */

#include "vdeliver/relay_text.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define PIECE 32768

enum st relay_text_read(struct str body, int fd, relay_piece_fn *take,
    void *arg, struct err *e)
{
	char piece[PIECE];
	off_t at = 0;
	ssize_t n;

	if (fd < 0)
		return take(body, arg, e);
	for (;;) {
		n = pread(fd, piece, sizeof(piece), at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_temp(e, "4.3.0", "read the message: %m");
		if (n == 0)
			return ST_OK;
		if (take((struct str){ piece, (size_t)n }, arg, e) != ST_OK)
			return ST_TEMP;
		at += n;
	}
}

enum st relay_facts_add(struct str piece, void *arg, struct err *e)
{
	struct relay_facts *f = arg;
	size_t i;

	(void)e;
	for (i = 0; i < piece.n; i++) {
		if (piece.p[i] == '\n') {
			f->lines++;
			f->in_body |= f->empty;
			f->empty = true;
			continue;
		}
		f->empty = false;
		if (!f->in_body && (unsigned char)piece.p[i] > 127)
			f->header_8bit = true;
	}
	return ST_OK;
}

bool relay_text_is_ascii(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] > 127)
			return false;
	return true;
}

void relay_text_add_x(struct buf *b, struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~' || s.p[i] == '+' ||
		    s.p[i] == '=')
			buf_addf(b, "+%02X", (unsigned char)s.p[i]);
		else
			buf_addch(b, s.p[i]);
}

bool relay_fold_next(struct relay_fold *f, struct str *in, struct str *part)
{
	ptrdiff_t nl = str_find(*in, '\n');
	size_t line = nl < 0 ? in->n : (size_t)nl, room;

	if (in->n == 0)
		return false;
	room = f->max == 0 ? line : f->max - f->used;
	if (line > room && room == 0) {
		f->folded = true;
		f->used = 1;
		*part = STR("\n ");
		return true;
	}
	if (line > room) {
		*part = str_head(*in, room);
		f->used += room;
	} else if (nl < 0) {
		*part = *in;
		f->used += f->max == 0 ? 0 : line;
	} else {
		*part = str_head(*in, line + 1);
		f->used = 0;
	}
	*in = str_skip(*in, part->n);
	return true;
}
