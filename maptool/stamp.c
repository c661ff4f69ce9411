/* stamp - the side file with what tables were built from. */

#include "maptool/stamp.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/num.h"
#include "map/temp.h"
#include "maptool/crypto.h"

#define HEADING  "# maptool build: what tables were made from; see maptool(1)\n"
#define FILE_MAX 65536

void stamp_stat(struct stamp_file *f, const char *path)
{
	struct stat sb;

	*f = (struct stamp_file){ -1, 0, 0 };
	if (stat(path, &sb) == 0)
		*f = (struct stamp_file){ sb.st_size, sb.st_mtim.tv_sec,
			sb.st_mtim.tv_nsec };
}

bool stamp_same(const struct stamp_file *a, const struct stamp_file *b)
{
	return a->size == b->size && a->s == b->s && a->ns == b->ns;
}

enum st stamp_source(struct stamp *s, const char *source, struct err *e)
{
	AUTO_FD fd = open(source, O_RDONLY | O_CLOEXEC);
	struct stat sb;

	if (fd < 0 || fstat(fd, &sb) != 0)
		return err_temp(e, "", "open %s: %m", source);
	s->source = (struct stamp_file){ sb.st_size, sb.st_mtim.tv_sec,
		sb.st_mtim.tv_nsec };
	if (crypto_sha256(fd, s->sha256, e) == ST_OK)
		return ST_OK;
	err_prefix(e, "%s: ", source);
	return ST_TEMP;
}

/* --- the file ------------------------------------------------------------ */

static void side_path(struct buf *path, const char *source)
{
	struct str s = str_c(source);
	ptrdiff_t slash = str_rfind(s, '/');

	buf_setf(path, "%.*s.%s.maptool",
	    STR_ARG(str_head(s, (size_t)(slash + 1))), source + slash + 1);
}

static bool number(struct str *line, int64_t *v)
{
	struct str word;

	return str_word(line, " ", &word) && num_i64(word, -1, INT64_MAX, v);
}

static bool read_file_part(struct str *line, struct stamp_file *f)
{
	return number(line, &f->size) && number(line, &f->s) &&
	    number(line, &f->ns);
}

static bool keep(char *to, size_t size, struct str word)
{
	if (word.n >= size)
		return false;
	memcpy(to, word.p, word.n);
	to[word.n] = '\0';
	return true;
}

static bool parse(struct stamp *s, struct str line)
{
	struct str word;

	return str_word(&line, " ", &word) &&
	    keep(s->options, sizeof(s->options), word) &&
	    read_file_part(&line, &s->source) && str_word(&line, " ", &word) &&
	    keep(s->sha256, sizeof(s->sha256), word) &&
	    read_file_part(&line, &s->table);
}

/* The next line, its first word cut off; false at the end. */
static bool next_line(struct str *text, struct str *type, struct str *rest)
{
	struct str line;

	if (text->n == 0)
		return false;
	str_cut(text, '\n', &line);
	*rest = line;
	str_cut(rest, ' ', type);
	return true;
}

enum st stamp_load(struct stamp *s, const char *source, const char *type)
{
	AUTO_BUF path = BUF_MAX(PATH_MAX);
	AUTO_BUF bytes = BUF_MAX(FILE_MAX);
	struct str text, word, rest;
	struct err e;

	side_path(&path, source);
	if (io_read_file(buf_c(&path), &bytes, &e) != ST_OK)
		return ST_NONE;
	text = buf_str(&bytes);
	while (next_line(&text, &word, &rest))
		if (str_eqc(word, type))
			return parse(s, rest) ? ST_OK : ST_NONE;
	return ST_NONE;
}

static void add_file(struct buf *out, const struct stamp_file *f)
{
	buf_addf(out, " %jd %jd %jd", (intmax_t)f->size, (intmax_t)f->s,
	    (intmax_t)f->ns);
}

bool stamp_save(const struct stamp *s, const char *source, const char *type)
{
	static const struct temp_as as = { 0600, (uid_t)-1, (gid_t)-1 };
	AUTO_BUF path = BUF_MAX(PATH_MAX);
	AUTO_BUF old = BUF_MAX(FILE_MAX);
	AUTO_BUF out = BUF_MAX(2 * FILE_MAX);
	struct str text, word, rest;
	const char *what;
	struct temp temp;
	struct err e;

	side_path(&path, source);
	if (io_read_file(buf_c(&path), &old, &e) != ST_OK)
		buf_reset(&old);
	buf_addc(&out, HEADING);
	text = buf_str(&old);
	while (next_line(&text, &word, &rest))
		if (!str_eqc(word, type) && !str_eqc(word, "#"))
			buf_addf(&out, "%.*s %.*s\n", STR_ARG(word),
			    STR_ARG(rest));
	buf_addf(&out, "%s %s", type, s->options);
	add_file(&out, &s->source);
	buf_addf(&out, " %s", s->sha256);
	add_file(&out, &s->table);
	buf_addch(&out, '\n');
	if (!temp_make(&temp, buf_c(&path)))
		return false;
	if (io_write_full(temp.fd, out.p, out.n))
		return temp_place(&temp, buf_c(&path), &as, &what);
	temp_discard(&temp);
	return false;
}
