/* sink_bsmtp - append messages to a batch file, as SMTP commands. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "fetcher/report.h"
#include "fetcher/sink.h"
#include "mail/dot.h"

/* Written when so much is waiting. */
#define CHUNK 65536

struct bsmtp {
	struct sink s;
	int fd;       /* -1: between messages */
	off_t before; /* where the message begins, -1: no file */
	struct dot dot;
	struct buf out;
	char rcpt[SINK_ADDRESS];
};

static bool wanted(const struct account *a)
{
	return opt_text(&a->o, OPT_BSMTP) != NULL;
}

static void start(struct sink *s)
{
	struct bsmtp *b = (struct bsmtp *)s;

	b->fd = -1;
	b->out = BUF_MAX(2 * CHUNK);
}

/* What was written of a message that does not come to its end goes away. */
static void drop(struct sink *s)
{
	struct bsmtp *b = (struct bsmtp *)s;

	if (b->fd >= 0 && b->before >= 0 && ftruncate(b->fd, b->before) != 0)
		report_error("%s: a half message stays in it: %m",
		    opt_text(&s->a->o, OPT_BSMTP));
	fd_clear(&b->fd);
}

static void finish(struct sink *s)
{
	struct bsmtp *b = (struct bsmtp *)s;

	drop(s);
	buf_clear(&b->out);
}

static bool open_file(struct bsmtp *b)
{
	const char *path = opt_text(&b->s.a->o, OPT_BSMTP);
	struct stat sb;

	if (strcmp(path, "-") == 0) {
		b->fd = dup(STDOUT_FILENO);
		b->before = -1;
		return b->fd >= 0;
	}
	b->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (b->fd < 0 || flock(b->fd, LOCK_EX) != 0 || fstat(b->fd, &sb) != 0)
		return false;
	b->before = S_ISREG(sb.st_mode) ? sb.st_size : -1;
	return true;
}

static enum fate flush(struct bsmtp *b)
{
	bool ok = io_write_full(b->fd, buf_c(&b->out), b->out.n);

	buf_reset(&b->out);
	if (ok)
		return FATE_TAKEN;
	report_error("write to BSMTP file %s: %m",
	    opt_text(&b->s.a->o, OPT_BSMTP));
	drop(&b->s);
	return FATE_BROKEN;
}

static enum fate begin(struct sink *s, const struct sink_mail *m)
{
	struct bsmtp *b = (struct bsmtp *)s;
	char rcpt[SINK_ADDRESS] = "";
	size_t i;

	if (!open_file(b)) {
		report_error("BSMTP file open failed: %m");
		fd_clear(&b->fd);
		return FATE_DOWN;
	}
	buf_reset(&b->out);
	buf_addf(&b->out, "MAIL FROM:<%s>\r\n", m->sender);
	for (i = 0; i < m->rcpt_n; i++) {
		sink_address(s->a, "localhost", m->rcpt[i],
		    i == 0 ? b->rcpt : rcpt);
		buf_addf(&b->out, "RCPT TO:<%s>\r\n", i == 0 ? b->rcpt : rcpt);
		if (b->out.n > CHUNK && flush(b) != FATE_TAKEN)
			return FATE_BROKEN;
	}
	buf_addc(&b->out, "DATA\r\n");
	s->accepted = (struct sink_accepted){ b->rcpt, m->rcpt_n, false };
	dot_begin(&b->dot);
	return FATE_TAKEN;
}

static enum fate text(struct sink *s, struct str piece)
{
	struct bsmtp *b = (struct bsmtp *)s;
	struct str part;

	while (dot_next(&b->dot, &piece, &part)) {
		while (part.n != 0) {
			buf_add(&b->out, str_head(part, CHUNK));
			part = str_skip(part, CHUNK);
			if (b->out.n >= CHUNK && flush(b) != FATE_TAKEN)
				return FATE_BROKEN;
		}
	}
	return FATE_TAKEN;
}

static enum fate end(struct sink *s)
{
	struct bsmtp *b = (struct bsmtp *)s;

	buf_add(&b->out, dot_end(&b->dot));
	if (flush(b) != FATE_TAKEN)
		return FATE_BROKEN;
	/* The server deletes its copy on our word. */
	if (b->before >= 0 && fsync(b->fd) != 0) {
		report_error("write to BSMTP file %s: %m",
		    opt_text(&s->a->o, OPT_BSMTP));
		drop(s);
		return FATE_BROKEN;
	}
	fd_clear(&b->fd);
	return FATE_TAKEN;
}

const struct sink_ops sink_bsmtp_ops = {
	.wanted = wanted,
	.size = sizeof(struct bsmtp),
	.down = PS_BSMTP,
	.open = start,
	.close = finish,
	.begin = begin,
	.text = text,
	.end = end,
	.abort = drop,
};
