/* sink_mda - give each message to a command's standard input. */

#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "base/spawn.h"
#include "fetcher/account.h"
#include "fetcher/report.h"
#include "fetcher/sink.h"

#define COMMAND_MAX 65536
/* Written when so much is waiting. */
#define CHUNK 65536

struct mda {
	struct sink s;
	struct spawn p;
	struct buf out;
	bool deaf; /* it does not read any more */
	bool cr;   /* a CR was taken and not yet given */
};

static bool wanted(const struct account *a)
{
	return opt_text(&a->o, OPT_MDA) != NULL;
}

static void start(struct sink *s)
{
	struct mda *d = (struct mda *)s;

	d->p = (struct spawn){ 0, -1 };
	d->out = BUF_MAX(2 * CHUNK);
}

static void stop(struct sink *s)
{
	spawn_kill(&((struct mda *)s)->p);
}

static void finish(struct sink *s)
{
	stop(s);
	buf_clear(&((struct mda *)s)->out);
}

static int64_t timeout_ms(const struct sink *s)
{
	int64_t seconds = opt_num(&s->a->o, OPT_TIMEOUT);

	return (seconds > 0 ? seconds : 300) * 1000;
}

/* Within single quotes nothing is special but the quote itself. */
static void add_quoted(struct buf *out, const char *s)
{
	buf_addch(out, '\'');
	for (; *s != '\0'; s++)
		buf_addch(out, *s == '\'' ? '_' : *s);
	buf_addch(out, '\'');
}

static void add_recipients(struct buf *out, const struct sink_mail *m)
{
	size_t i;

	for (i = 0; i < m->rcpt_n; i++) {
		if (i != 0)
			buf_addch(out, ' ');
		add_quoted(out, m->rcpt[i]);
	}
}

/* %T: the recipients, %F: the sender. */
static void expand(struct buf *out, const char *command,
    const struct sink_mail *m)
{
	for (; *command != '\0'; command++) {
		if (command[0] == '%' && command[1] == 'T')
			add_recipients(out, m);
		else if (command[0] == '%' && command[1] == 'F')
			add_quoted(out, m->sender);
		else {
			buf_addch(out, *command);
			continue;
		}
		command++;
	}
}

/* Root's rights are not for the command. */
static const struct spawn_user *user_of(struct spawn_user *u)
{
	const struct passwd *pw;

	if (getuid() != 0)
		return NULL;
	pw = getpwnam(calling_user());
	if (pw == NULL || pw->pw_uid == 0)
		return NULL;
	*u = (struct spawn_user){ pw->pw_uid, pw->pw_gid, pw->pw_name };
	return u;
}

static enum fate begin(struct sink *s, const struct sink_mail *m)
{
	AUTO_BUF command = BUF_MAX(COMMAND_MAX);
	struct mda *d = (struct mda *)s;
	struct spawn_user u;
	struct err e;

	expand(&command, opt_text(&s->a->o, OPT_MDA), m);
	if (command.full) {
		report_error("the mda command is too long for so many "
			     "recipients");
		return FATE_KEEP;
	}
	if (spawn_shell(&d->p, buf_c(&command), user_of(&u), &e) != ST_OK) {
		report_error("MDA open failed: %s", e.text);
		return FATE_BROKEN;
	}
	buf_reset(&d->out);
	d->deaf = d->cr = false;
	s->accepted = (struct sink_accepted){ m->rcpt_n != 0 ? m->rcpt[0] : "",
		m->rcpt_n, false };
	return FATE_TAKEN;
}

static enum fate flush(struct mda *d)
{
	struct err e;
	enum st st = d->deaf
	    ? ST_NONE
	    : spawn_write(&d->p, buf_str(&d->out), timeout_ms(&d->s), &e);

	buf_reset(&d->out);
	d->deaf = st == ST_NONE; /* its exit status says why */
	if (st != ST_TEMP)
		return FATE_TAKEN;
	report_error("%s (mda).", e.text);
	stop(&d->s);
	return FATE_BROKEN;
}

static enum fate put(struct mda *d, struct str bytes)
{
	struct str part;

	while (bytes.n != 0) {
		part = str_head(bytes, CHUNK);
		bytes = str_skip(bytes, part.n);
		buf_add(&d->out, part);
		if (d->out.n >= CHUNK && flush(d) != FATE_TAKEN)
			return FATE_BROKEN;
	}
	return FATE_TAKEN;
}

/* stripcr: no CR at all; by default only those of line ends go. */
static enum fate put_stripped(struct mda *d, struct str piece)
{
	enum fate fate = FATE_TAKEN;
	struct str part;

	while (piece.n != 0 && fate == FATE_TAKEN) {
		str_cut(&piece, '\r', &part);
		fate = put(d, part);
	}
	return fate;
}

/* The end of a line that came with a CR or without one. */
static const char *line_end(const struct mda *d, bool cr)
{
	const struct options *o = &d->s.a->o;

	if (opt_stripcr(o))
		return "\n";
	return cr || opt_flag(o, OPT_FORCECR) ? "\r\n" : "\n";
}

/* Lines end as stripcr and forcecr say; a CR elsewhere stays. */
static enum fate put_lines(struct mda *d, struct str piece)
{
	struct str line;
	enum fate fate = FATE_TAKEN;
	bool whole, cr;

	while (piece.n != 0 && fate == FATE_TAKEN) {
		cr = d->cr && *piece.p == '\n';
		if (d->cr && !cr)
			buf_addch(&d->out, '\r');
		whole = str_cut(&piece, '\n', &line);
		d->cr = line.n != 0 && line.p[line.n - 1] == '\r';
		line.n -= d->cr;
		cr |= d->cr;
		d->cr = d->cr && !whole;
		fate = put(d, line);
		if (fate == FATE_TAKEN && whole)
			fate = put(d, str_c(line_end(d, cr)));
	}
	return fate;
}

static enum fate text(struct sink *s, struct str piece)
{
	struct mda *d = (struct mda *)s;

	if (opt_is_set(&s->a->o, OPT_STRIPCR) && opt_stripcr(&s->a->o))
		return put_stripped(d, piece);
	return put_lines(d, piece);
}

static enum fate end(struct sink *s)
{
	struct mda *d = (struct mda *)s;
	struct err e;
	int status;

	if (flush(d) != FATE_TAKEN)
		return FATE_BROKEN;
	if (spawn_wait(&d->p, timeout_ms(s), &status, &e) != ST_OK) {
		report_error("%s (mda).", e.text);
		return FATE_KEEP;
	}
	if (status != 0) {
		report_error("MDA returned nonzero status %d", status);
		return FATE_KEEP;
	}
	if (d->deaf) {
		report_error("the mda command has not read the whole "
			     "message, and says that all is well; it stays "
			     "on the server");
		return FATE_KEEP;
	}
	return FATE_TAKEN;
}

const struct sink_ops sink_mda_ops = {
	.wanted = wanted,
	.size = sizeof(struct mda),
	.keeps_return_path = true,
	.down = PS_IOERR,
	.open = start,
	.close = finish,
	.begin = begin,
	.text = text,
	.end = end,
	.abort = stop,
};
