/* journal - records that are appended. Runs in: parent; poll children append. */

#include "fetcher/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/buf.h"
#include "base/io.h"

#define FORM       "# fetcher: journal, 1\n"
#define FILE_MAX   ((size_t)1 << 28)
#define RECORD_MAX 8192
#define SUM_OCTETS 8
#define SUM_DIGITS (2 * SUM_OCTETS)

static void make_sum(struct str text, char digits[SUM_DIGITS])
{
	static const char hex[] = "0123456789abcdef";
	unsigned char digest[EVP_MAX_MD_SIZE];
	size_t i;

	if (EVP_Digest(text.p, text.n, digest, NULL, EVP_sha256(), NULL) != 1)
		bug("no SHA-256");
	for (i = 0; i < SUM_OCTETS; i++) {
		digits[2 * i] = hex[digest[i] >> 4];
		digits[2 * i + 1] = hex[digest[i] & 15];
	}
}

/* --- reading ----------------------------------------------------------------- */

static bool read_record(struct str line, journal_fn *fn, void *arg)
{
	char want[SUM_DIGITS];
	struct str text, account;
	char kind;

	if (line.n < SUM_DIGITS + 5 || line.p[SUM_DIGITS] != ' ')
		return false;
	text = str_skip(line, SUM_DIGITS + 1);
	make_sum(text, want);
	if (memcmp(want, line.p, SUM_DIGITS) != 0 || text.p[1] != ' ')
		return false;
	kind = text.p[0];
	text = str_skip(text, 2);
	/* A user may have blanks, and a host none. */
	if (!str_cut(&text, '\t', &account))
		return false;
	fn(arg, kind, account, text);
	return true;
}

static enum st read_all(struct journal *j, journal_fn *fn, void *arg,
    size_t *bad, struct err *e)
{
	AUTO_BUF text = BUF_MAX(FILE_MAX);
	struct str rest, line;
	size_t good = sizeof(FORM) - 1;

	*bad = 0;
	if (io_slurp(j->fd, j->path, &text, e) != ST_OK)
		return ST_TEMP;
	rest = buf_str(&text);
	if (!str_starts(rest, STR(FORM)))
		return err_temp(e, "",
		    "%s: a form that this version does not know; move it "
		    "away to go on without what it remembers",
		    j->path);
	rest = str_skip(rest, good);
	while (str_find(rest, '\n') >= 0) {
		str_cut(&rest, '\n', &line);
		if (read_record(line, fn, arg))
			good = text.n - rest.n;
		else
			++*bad;
	}
	*bad += rest.n != 0;
	if (good != text.n && ftruncate(j->fd, (off_t)good) != 0)
		return err_temp(e, "", "%s: cut its end off: %m", j->path);
	return ST_OK;
}

/* A new one, or one that was made and got no further. */
static enum st begin(struct journal *j, struct err *e)
{
	if (ftruncate(j->fd, 0) != 0 ||
	    !io_write_full(j->fd, FORM, sizeof(FORM) - 1) ||
	    fdatasync(j->fd) != 0)
		return err_temp(e, "", "begin %s: %m", j->path);
	return ST_OK;
}

enum st journal_open(struct journal *j, const char *path, journal_fn *fn,
    void *arg, size_t *bad, struct err *e)
{
	off_t size;
	enum st st;

	*bad = 0;
	*j = (struct journal){ .path = path, .fd = -1 };
	j->fd = open(path,
	    O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
	    0600);
	if (j->fd < 0) {
		bool none = errno == EACCES || errno == EROFS ||
		    errno == ENOENT || errno == ENOTDIR;

		st = err_temp(e, "", "open %s: %m", path);
		return none ? ST_NONE : st;
	}
	size = lseek(j->fd, 0, SEEK_END);
	if (size < 0 || lseek(j->fd, 0, SEEK_SET) < 0)
		st = err_temp(e, "", "%s: %m", path);
	else if (size < (off_t)sizeof(FORM) - 1)
		st = begin(j, e) == ST_OK ? ST_OK : ST_NONE;
	else
		st = read_all(j, fn, arg, bad, e);
	if (st != ST_OK)
		fd_clear(&j->fd);
	return st;
}

void journal_close(struct journal *j)
{
	if (j->fd < 0)
		return;
	if (lseek(j->fd, 0, SEEK_END) == (off_t)sizeof(FORM) - 1)
		unlink(j->path);
	fd_clear(&j->fd);
}

/* --- writing ----------------------------------------------------------------- */

enum st journal_add(const struct journal *j, char kind, const char *user,
    const char *host, struct str key, struct err *e)
{
	AUTO_BUF text = BUF_MAX(RECORD_MAX);
	AUTO_BUF line = BUF_MAX(RECORD_MAX);
	char sum[SUM_DIGITS];
	ssize_t n;

	buf_addf(&text, "%c %s@%s\t%.*s", kind, user, host, STR_ARG(key));
	make_sum(buf_str(&text), sum);
	buf_add(&line, (struct str){ sum, sizeof(sum) });
	buf_addf(&line, " %s\n", buf_c(&text));
	if (text.full || line.full)
		return err_temp(e, "", "%s: a record of more than %d octets",
		    j->path, RECORD_MAX);
	do
		n = write(j->fd, line.p, line.n);
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)line.n)
		return ST_OK;
	if (n > 0) {
		/* End what is no record; whether that works, the next reader
		 * finds out. */
		ssize_t unused UNUSED = write(j->fd, "\n", 1);

		errno = ENOSPC;
	}
	return err_temp(e, "", "write %s: %m", j->path);
}

enum st journal_sync(struct journal *j, struct err *e)
{
	if (!j->dirty)
		return ST_OK;
	j->dirty = false;
	if (fdatasync(j->fd) != 0)
		return err_temp(e, "", "sync %s: %m", j->path);
	return ST_OK;
}

enum st journal_empty(struct journal *j, struct err *e)
{
	off_t size = lseek(j->fd, 0, SEEK_END);

	if (size == (off_t)sizeof(FORM) - 1)
		return ST_OK;
	if (size < 0 || ftruncate(j->fd, sizeof(FORM) - 1) != 0)
		return err_temp(e, "", "empty %s: %m", j->path);
	j->dirty = false;
	return ST_OK;
}
