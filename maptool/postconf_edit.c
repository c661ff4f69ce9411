/* postconf_edit - change main.cf, all or nothing. */

#include "maptool/postconf_edit.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "conf/lines.h"
#include "conf/main_cf.h"

#define FILE_MAX (64 * 1024 * 1024)

static int by_name(const void *a, const void *b)
{
	const struct edit *x = a, *y = b;

	return str_cmp(x->name, y->name);
}

static struct edit *find(struct edit *edits, size_t count, struct str line)
{
	struct edit key = { .name = line };
	size_t n = 0;

	while (n < line.n && line.p[n] != '=' && !str_isspace(line.p[n]))
		n++;
	key.name.n = n;
	return count == 0
	    ? NULL
	    : bsearch(&key, edits, count, sizeof(*edits), by_name);
}

static void put_entry(const struct edit *it, struct buf *out)
{
	buf_addf(out, "%.*s = %.*s\n", STR_ARG(it->name), STR_ARG(it->value));
}

void edit_text(struct str text, enum edit_mode mode, struct edit *edits,
    size_t count, struct buf *out)
{
	struct edit *it = NULL; /* whose entry we are in */
	struct str line;
	size_t i;

	while (line_cut(&text, &line)) {
		enum line_kind kind = line_kind(line);

		if (kind == LINE_START) {
			it = find(edits, count, line);
			if (it != NULL)
				it->seen++;
			if (it != NULL && mode == EDIT_SET)
				put_entry(it, out);
		}
		if (kind != LINE_SKIP && it != NULL && mode != EDIT_COMMENT)
			continue;
		if (kind != LINE_SKIP && it != NULL)
			buf_addch(out, '#');
		buf_add(out, line);
	}
	for (i = 0; i < count && mode == EDIT_SET; i++) {
		if (edits[i].seen != 0)
			continue;
		if (out->n != 0 && out->p[out->n - 1] != '\n')
			buf_addch(out, '\n');
		put_entry(&edits[i], out);
	}
}

/* Take one operand to pieces; all of them are checked before a file is open. */
static void read_operand(char *text, enum edit_mode mode, struct edit *it)
{
	struct str s = str_c(text), trimmed = str_trim(s);
	struct err e;

	if (str_find(s, '\n') >= 0)
		log_fatal("-e, -X, or -# accepts no multi-line input");
	if (trimmed.n != 0 && trimmed.p[0] == '#')
		log_fatal("-e, -X, or -# accepts no comment input");
	if (mode != EDIT_SET) {
		if (trimmed.n == 0)
			log_fatal("-X or -# requires non-blank parameter "
				  "names");
		it->name = trimmed;
		return;
	}
	if (main_cf_split(s, &it->name, &it->value, &e) != ST_OK)
		log_fatal("%s: \"%.*s\"", e.text, STR_ARG(trimmed));
}

/* Put *it among the edits; a name that is there already gets its new value. */
static void add_edit(struct edit *edits, size_t *count, enum edit_mode mode,
    const struct edit *it)
{
	size_t i;

	for (i = 0; i < *count && !str_eq(edits[i].name, it->name); i++)
		continue;
	if (i < *count && mode == EDIT_SET)
		log_warn("ignoring earlier request: '%.*s = %.*s'",
		    STR_ARG(edits[i].name), STR_ARG(edits[i].value));
	edits[i] = *it;
	*count += i == *count;
}

static struct edit *read_operands(const struct postconf *pc,
    enum edit_mode mode, size_t *count)
{
	struct edit *edits;
	size_t n = 0, i;

	while (pc->names[n] != NULL)
		n++;
	if (n == 0 && mode == EDIT_SET)
		log_fatal("-e requires name=value argument");
	if (n == 0)
		log_fatal("missing service argument");
	edits = xcalloc(n, sizeof(*edits));
	*count = 0;
	for (i = 0; i < n; i++) {
		struct edit it = { .seen = 0 };

		read_operand(pc->names[i], mode, &it);
		add_edit(edits, count, mode, &it);
	}
	qsort(edits, *count, sizeof(*edits), by_name);
	return edits;
}

/* The file being replaced. */
struct target {
	char *path, *tmp;
	int fd; /* of tmp, locked */
};

/* Is fd still what path names? Another postconf may have renamed it. */
static bool is_current(int fd, const char *path)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat(path, &b) == 0 &&
	    a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* Open and lock the temporary file; what a dead postconf left is emptied. */
static void lock_target(struct target *t)
{
	for (;;) {
		t->fd = open(t->tmp, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
		    0600);
		if (t->fd < 0)
			log_fatal("open %s: %m", t->tmp);
		while (flock(t->fd, LOCK_EX) != 0)
			if (errno != EINTR)
				log_fatal("lock %s: %m", t->tmp);
		if (is_current(t->fd, t->tmp))
			break;
		close(t->fd);
	}
	if (ftruncate(t->fd, 0) != 0)
		log_fatal("truncate %s: %m", t->tmp);
}

static NORETURN void give_up(const struct target *t, const char *what)
{
	int why = errno;

	unlink(t->tmp);
	errno = why;
	log_fatal("%s: %m", what);
}

/* The name in the directory is on disk. */
static void sync_directory(const char *path)
{
	char *copy = xstrdup(path);
	const char *dir = dirname(copy);
	AUTO_FD fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) != 0)
		log_fatal("sync directory %s: %m", dir);
	free(copy);
}

/* Give the new file its content, mode and owner, and its name. */
static void replace(const struct target *t, const struct stat *old,
    struct str text)
{
	struct stat now;

	if (!io_write_full(t->fd, text.p, text.n))
		give_up(t, "write temporary file");
	if (fstat(t->fd, &now) != 0 ||
	    ((now.st_uid != old->st_uid || now.st_gid != old->st_gid) &&
		fchown(t->fd, old->st_uid, old->st_gid) != 0))
		give_up(t, "keep the owner of the file");
	if (fchmod(t->fd, old->st_mode & 07777) != 0)
		give_up(t, "keep the mode of the file");
	if (fsync(t->fd) != 0)
		give_up(t, "sync temporary file");
	if (rename(t->tmp, t->path) != 0)
		give_up(t, "rename temporary file");
	sync_directory(t->path);
}

/* DIR/main.cf, or what it is a symbolic link to. */
static void find_target(struct target *t, const char *dir)
{
	AUTO_BUF path = BUF_MAX(PATH_MAX);
	struct stat st;

	buf_addf(&path, "%s/main.cf", dir);
	t->path = NULL;
	if (lstat(buf_c(&path), &st) == 0 && S_ISLNK(st.st_mode))
		t->path = realpath(buf_c(&path), NULL);
	if (t->path == NULL)
		t->path = buf_take(&path);
	buf_setf(&path, "%s.tmp", t->path);
	t->tmp = buf_take(&path);
	lock_target(t);
}

int pc_edit(const struct postconf *pc)
{
	enum edit_mode mode = pc_has(pc, 'e') ? EDIT_SET
	    : pc_has(pc, 'X')                 ? EDIT_DROP
					      : EDIT_COMMENT;
	AUTO_BUF text = BUF_MAX(FILE_MAX);
	AUTO_BUF out = BUF_MAX(FILE_MAX + 65536);
	struct target t;
	struct edit *edits;
	struct stat old;
	struct err e;
	size_t count, i;

	edits = read_operands(pc, mode, &count);
	find_target(&t, pc->dir);
	AUTO_FD fd = open(t.path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &old) != 0) {
		AUTO_BUF what = BUF_MAX(PATH_MAX + 100);

		buf_addf(&what, "open %s for reading", t.path);
		give_up(&t, buf_c(&what));
	}
	if (io_slurp(fd, t.path, &text, &e) != ST_OK) {
		unlink(t.tmp);
		log_fatal("%s", e.text);
	}
	edit_text(buf_str(&text), mode, edits, count, &out);
	for (i = 0; i < count; i++)
		if (edits[i].seen > 1)
			log_warn("%s: multiple entries for \"%.*s\"", t.path,
			    STR_ARG(edits[i].name));
	errno = EFBIG;
	if (out.full)
		give_up(&t, "edit main.cf");
	replace(&t, &old, buf_str(&out));
	fd_clear(&t.fd);
	free(t.path);
	free(t.tmp);
	free(edits);
	return 0;
}
