/* letter - what is written for one target. Runs in: worker. */

#include "vdeliver/letter.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "base/xalloc.h"

#define COPY_CHUNK 65536

static bool copy_chunks(const struct job *j, int to, char *chunk)
{
	uint64_t at = 0;
	ssize_t n;

	while (at < j->size) {
		n = pread(j->fd, chunk, COPY_CHUNK, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO; /* shorter than was said */
		if (n <= 0 || !io_write_full(to, chunk, (size_t)n))
			return false;
		at += (uint64_t)n;
	}
	return true;
}

bool letter_body(const struct job *j, int to)
{
	char *chunk;
	bool ok;

	if (j->fd < 0)
		return io_write_full(to, j->body.p, j->body.n);
	chunk = xmalloc(COPY_CHUNK);
	ok = copy_chunks(j, to, chunk);
	free(chunk);
	return ok;
}

enum st letter_head(struct buf *head, const struct job *j, struct target *t)
{
	buf_addf(head, "Return-Path: <%.*s>\n", STR_ARG(j->sender));
	if (t->orig.n != 0)
		buf_addf(head, "X-Original-To: %.*s\n", STR_ARG(t->orig));
	buf_addf(head, "Delivered-To: %.*s\n", STR_ARG(t->final));
	if (head->full)
		return err_temp(&t->err, "4.3.0", "addresses are too long");
	return ST_OK;
}
