/* mbox - open and lock by steps, append, take back. */

#include "mail/mbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/os.h"
#include "base/xalloc.h"
#include "mail/mbox_lock.h"

#define OPEN_FLAGS (O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
/* A file that is always another one when it is looked at again. */
#define OPEN_ROUNDS 3
#define CHUNK       32768

enum st mbox_fail(struct err *e, const struct mbox_rules *rules,
    struct str path, const char *dsn, const char *fmt, ...)
{
	const char *base = rules->base_path;
	bool slash = base[0] != '\0' && base[strlen(base) - 1] == '/';
	int why = errno;
	va_list ap;

	va_start(ap, fmt);
	err_set(e, dsn, fmt, ap);
	va_end(ap);
	err_prefix(e, "delivery failed to mailbox %s%s%.*s: ", base,
	    slash ? "" : "/", STR_ARG(path));
	errno = why;
	return dsn[0] == '5' ? ST_PERM : ST_TEMP;
}

/* For errors of this file. */
#define FAIL(m, e, dsn, ...) \
	mbox_fail((e), (m)->rules, str_c((m)->path), (dsn), __VA_ARGS__)

void mbox_init(struct mbox *m, const struct mbox_rules *rules, struct str path)
{
	size_t size = path.n + sizeof(".lock");

	memset(m, 0, sizeof(*m));
	m->rules = rules;
	m->path = xstrndup(path);
	m->lock = xmalloc(size);
	snprintf(m->lock, size, "%.*s.lock", STR_ARG(path));
	m->fd = -1;
}

void mbox_close(struct mbox *m)
{
	fd_clear(&m->fd);
	if (m->dotlocked)
		mbox_dotunlock(m->rules->base, m->lock);
	m->dotlocked = false;
	m->step = MBOX_AT_DOTLOCK;
}

void mbox_clear(struct mbox *m)
{
	if (m == NULL)
		return;
	mbox_close(m);
	free(m->path);
	free(m->lock);
	m->path = m->lock = NULL;
}

/* --- opening ------------------------------------------------------------- */

/* There is no lock beside what is no mailbox. */
static bool wants_dotlock(const struct mbox *m)
{
	struct stat sb;

	if ((m->rules->locks & MBOX_DOTLOCK) == 0)
		return false;
	if (fstatat(m->rules->base, m->path, &sb, 0) != 0)
		return errno == ENOENT;
	return S_ISREG(sb.st_mode);
}

static enum st take_dotlock(struct mbox *m, struct err *e)
{
	enum mbox_try t;

	if (m->dotlocked || !wants_dotlock(m))
		return ST_OK;
	t = mbox_dotlock(m->rules->base, m->lock, m->rules->stale_s);
	m->dotlocked = t == MBOX_GOT;
	if (t == MBOX_GOT)
		return ST_OK;
	FAIL(m, e, "4.2.0", "unable to create lock file %s%s%s: %m",
	    m->rules->base_path,
	    str_ends(str_c(m->rules->base_path), STR("/")) ? "" : "/", m->lock);
	return t == MBOX_BUSY ? ST_NONE : ST_TEMP;
}

/* A link that root made where nobody else can make one leads where root wants. */
static bool link_is_roots(const struct mbox *m)
{
	const char *slash = strrchr(m->path, '/');
	struct stat link, dir;
	char *parent;
	bool ok;

	if (fstatat(m->rules->base, m->path, &link, AT_SYMLINK_NOFOLLOW) != 0 ||
	    !S_ISLNK(link.st_mode) || link.st_uid != 0)
		return false;
	parent = slash == NULL
	    ? xstrdup(".")
	    : xstrndup((struct str){ m->path, (size_t)(slash - m->path) });
	ok = fstatat(m->rules->base, parent, &dir, 0) == 0 && dir.st_uid == 0 &&
	    (dir.st_mode & (S_IWGRP | S_IWOTH)) == 0;
	free(parent);
	return ok;
}

static bool is_link(const struct mbox *m)
{
	struct stat sb;

	return fstatat(m->rules->base, m->path, &sb, AT_SYMLINK_NOFOLLOW) ==
	    0 &&
	    S_ISLNK(sb.st_mode);
}

static int open_at(const struct mbox *m, int more)
{
	const struct mbox_rules *r = m->rules;

	return r->confine
	    ? os_open_beneath(r->base, m->path, OPEN_FLAGS | more, 0600)
	    : openat(r->base, m->path, OPEN_FLAGS | more, 0600);
}

/* One try at the file that is there, or at making one. */
static enum st open_once(struct mbox *m, struct err *e)
{
	m->fd = open_at(m, O_NOFOLLOW);
	if (m->fd < 0 && errno == ELOOP && is_link(m)) {
		if (!link_is_roots(m))
			return FAIL(m, e, "4.2.0", "file is a symbolic link");
		m->fd = open_at(m, 0);
	}
	if (m->fd >= 0)
		return ST_OK;
	if (errno != ENOENT)
		return FAIL(m, e, "4.2.0", "cannot open file: %m");
	m->fd = open_at(m, O_CREAT | O_EXCL);
	return m->fd >= 0
	    ? ST_OK
	    : FAIL(m, e, "4.2.0", "cannot create file exclusively: %m");
}

/* What may not be written to, whoever has the locks. */
static enum st check_kind(struct mbox *m, struct err *e)
{
	struct stat sb;

	if (fstat(m->fd, &sb) != 0)
		return FAIL(m, e, "4.2.0", "cannot open file: %m");
	m->dev = sb.st_dev;
	m->ino = sb.st_ino;
	if (!S_ISREG(sb.st_mode)) {
		log_warn("%s/%s is not a regular file: it is no mailbox",
		    m->rules->base_path, m->path);
		return FAIL(m, e, "4.3.5", "mail system configuration error");
	}
	if (sb.st_nlink > 1)
		return FAIL(m, e, "4.2.0", "file has %lu hard links",
		    (unsigned long)sb.st_nlink);
	return ST_OK;
}

static enum st open_file(struct mbox *m, struct err *e)
{
	enum st st = ST_TEMP;
	int i;

	/* Somebody may make the file between our two tries. */
	for (i = 0; i < OPEN_ROUNDS && st != ST_OK; i++) {
		st = open_once(m, e);
		if (st != ST_OK && (errno != EEXIST || is_link(m)))
			return st;
	}
	return st == ST_OK ? check_kind(m, e) : st;
}

static enum st check_owner(const struct mbox *m, struct err *e)
{
	struct stat sb;

	if (!m->rules->strict_owner)
		return ST_OK;
	if (fstat(m->fd, &sb) != 0)
		return FAIL(m, e, "4.2.0", "cannot open file: %m");
	if (sb.st_uid == geteuid())
		return ST_OK;
	log_warn("specify \"strict_mailbox_ownership = no\" to ignore mailbox "
		 "ownership mismatch");
	return FAIL(m, e, "4.2.0",
	    "destination %s%s%s is not owned by recipient", m->rules->base_path,
	    str_ends(str_c(m->rules->base_path), STR("/")) ? "" : "/", m->path);
}

/* While we waited for its lock the mailbox may have become another file. */
static bool is_current(const struct mbox *m)
{
	struct stat sb;

	return fstatat(m->rules->base, m->path, &sb, 0) == 0 &&
	    sb.st_dev == m->dev && sb.st_ino == m->ino;
}

static enum st lock_file(struct mbox *m, struct err *e)
{
	enum mbox_try t = mbox_lock_file(m->fd, m->rules->locks);

	if (t != MBOX_GOT) {
		FAIL(m, e, "4.2.0", "unable to lock for exclusive access: %m");
		return t == MBOX_BUSY ? ST_NONE : ST_TEMP;
	}
	if (is_current(m))
		return check_owner(m, e);
	fd_clear(&m->fd);
	FAIL(m, e, "4.2.0", "file was replaced while it was opened");
	return ST_NONE;
}

enum st mbox_open(struct mbox *m, struct err *e)
{
	enum st st = take_dotlock(m, e);

	if (st == ST_OK && m->fd < 0) {
		m->step = MBOX_AT_FILE;
		st = open_file(m, e);
	}
	if (st == ST_OK)
		st = lock_file(m, e);
	if (st == ST_OK)
		m->step = MBOX_HELD;
	else if (st != ST_NONE)
		mbox_close(m);
	return st;
}

bool mbox_share(struct mbox *m, const struct mbox *other)
{
	int fd;

	if (m->step != MBOX_AT_FILE || m->fd < 0 || other->step != MBOX_HELD ||
	    m->dev != other->dev || m->ino != other->ino ||
	    strcmp(m->path, other->path) == 0)
		return false;
	fd = fcntl(other->fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return false;
	fd_clear(&m->fd);
	m->fd = fd;
	return true;
}

/* --- writing ------------------------------------------------------------- */

static const char from[] = "From ";
#define FROM_LEN (sizeof(from) - 1)

struct out {
	int fd;
	uint64_t left;  /* octets that the file may still get */
	int why;        /* errno of the first failure, 0: none */
	size_t matched; /* octets of "From " since the line began; above
			   FROM_LEN: none of these lines */
	size_t n;
	char b[CHUNK];
};

static void flush(struct out *o)
{
	if (o->why == 0 && !io_write_full(o->fd, o->b, o->n))
		o->why = errno;
	o->n = 0;
}

static void add(struct out *o, const char *p, size_t n)
{
	size_t part;

	if (n > o->left && o->why == 0)
		o->why = EFBIG;
	while (n > 0 && o->why == 0) {
		part = n < CHUNK - o->n ? n : CHUNK - o->n;
		memcpy(o->b + o->n, p, part);
		o->n += part;
		o->left -= part;
		p += part;
		n -= part;
		if (o->n == CHUNK)
			flush(o);
	}
}

/* A piece of the message; lines may be cut anywhere. */
static void add_quoted(struct out *o, struct str s)
{
	const char *end;
	size_t n;

	while (s.n > 0 && o->why == 0) {
		if (o->matched < FROM_LEN && s.p[0] == from[o->matched]) {
			s = str_skip(s, 1);
			if (++o->matched < FROM_LEN)
				continue;
			add(o, ">", 1);
			add(o, from, FROM_LEN);
		} else if (o->matched < FROM_LEN) {
			add(o, from, o->matched);
		}
		o->matched = FROM_LEN + 1;
		end = memchr(s.p, '\n', s.n);
		n = end == NULL ? s.n : (size_t)(end - s.p) + 1;
		add(o, s.p, n);
		s = str_skip(s, n);
		if (end != NULL)
			o->matched = 0;
	}
}

/* The last line ends, and an empty one follows. */
static void add_end(struct out *o)
{
	if (o->matched > 0 && o->matched < FROM_LEN)
		add(o, from, o->matched);
	if (o->matched != 0)
		add(o, "\n", 1);
	add(o, "\n", 1);
}

static void add_from_line(struct out *o, struct str sender)
{
	time_t now = clock_seconds();
	char date[64];
	struct tm tm;

	localtime_r(&now, &tm);
	strftime(date, sizeof(date), "  %a %b %e %H:%M:%S %Y\n", &tm);
	if (sender.n == 0)
		sender = STR("MAILER-DAEMON");
	add(o, from, FROM_LEN);
	add(o, sender.p, sender.n);
	add(o, date, strlen(date));
}

static void add_file(struct out *o, const struct mbox_msg *msg)
{
	char piece[CHUNK];
	uint64_t at = 0;
	ssize_t n;

	while (at < msg->size && o->why == 0) {
		n = pread(msg->fd, piece, sizeof(piece), (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			o->why = n == 0 ? EIO : errno; /* shorter than said */
			return;
		}
		if ((uint64_t)n > msg->size - at)
			n = (ssize_t)(msg->size - at);
		add_quoted(o, (struct str){ piece, (size_t)n });
		at += (uint64_t)n;
	}
}

/* True also when it cannot be known: then the file stays as it is. */
static bool ends_with_newline(const struct mbox *m, uint64_t size)
{
	AUTO_FD fd = openat(m->rules->base, m->path,
	    O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat sb;
	char last;

	if (size == 0 || fd < 0 || fstat(fd, &sb) != 0 || sb.st_dev != m->dev ||
	    sb.st_ino != m->ino || pread(fd, &last, 1, (off_t)size - 1) != 1)
		return true;
	return last == '\n';
}

static enum st write_error(const struct mbox *m, int why, struct err *e)
{
	const char *dsn = why == EFBIG || why == EDQUOT ? "5.2.2" : "4.3.0";

	if (why == EDQUOT && m->rules->defer_quota)
		dsn = "4.2.2";
	errno = why;
	return FAIL(m, e, dsn, "error writing message: %m");
}

void mbox_cut(struct mbox *m, uint64_t size)
{
	struct stat sb;

	/* Never longer: somebody else may have cut it before. */
	if (fstat(m->fd, &sb) == 0 && (uint64_t)sb.st_size <= size)
		return;
	if (ftruncate(m->fd, (off_t)size) == 0)
		return;
	log_error("%s/%s ends with part of a message: truncate to %llu: %m",
	    m->rules->base_path, m->path, (unsigned long long)size);
}

enum st mbox_append(struct mbox *m, const struct mbox_msg *msg, uint64_t limit,
    struct mbox_span *span, struct err *e)
{
	struct out o = { .fd = m->fd, .left = UINT64_MAX };
	struct stat sb;

	if (fstat(m->fd, &sb) != 0)
		return write_error(m, errno, e);
	span->start = (uint64_t)sb.st_size;
	if (limit != 0)
		o.left = limit > span->start ? limit - span->start : 0;
	if (!ends_with_newline(m, span->start))
		add(&o, "\n\n", 2);
	add_from_line(&o, msg->sender);
	add(&o, msg->head.p, msg->head.n);
	if (msg->fd < 0)
		add_quoted(&o, msg->body);
	else
		add_file(&o, msg);
	add_end(&o);
	flush(&o);
	if (o.why == 0 && fstat(m->fd, &sb) != 0)
		o.why = errno;
	span->end = (uint64_t)sb.st_size;
	if (o.why == 0)
		return ST_OK;
	mbox_cut(m, span->start);
	return write_error(m, o.why, e);
}

void mbox_undo(struct mbox *m, const struct mbox_span *span)
{
	struct stat sb;

	if (fstat(m->fd, &sb) == 0 && (uint64_t)sb.st_size == span->end)
		mbox_cut(m, span->start);
}

enum st mbox_sync(struct mbox *m, struct err *e)
{
	return fsync(m->fd) == 0
	    ? ST_OK
	    : FAIL(m, e, "4.3.0", "error writing message: sync: %m");
}
