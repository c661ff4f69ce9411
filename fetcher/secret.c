/* secret - one line of a command's output, or of a file. Runs in: parent, poll
 * child. */

#include "fetcher/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"
#include "base/spawn.h"
#include "base/xalloc.h"
#include "fetcher/paths.h"

/* What a command or a file may have beside that line. */
#define OUTPUT_MAX 65536

static void wipe(struct buf *b)
{
	if (b->p != NULL)
		explicit_bzero(b->p, b->cap);
}

bool secret_is_asked(const struct account *a)
{
	return opt_text(&a->o, OPT_PASSWORDEVAL) != NULL ||
	    opt_text(&a->o, OPT_PASSWORDFILE) != NULL;
}

/* The first line of all, without its end. */
static enum st first_line(struct str all, const char *from, struct str *line,
    struct err *e)
{
	str_cut(&all, '\n', line);
	while (line->n != 0 && line->p[line->n - 1] == '\r')
		line->n--;
	if (line->n == 0)
		return err_temp(e, "", "%s: its first line is empty", from);
	if (line->n > SECRET_MAX)
		return err_temp(e, "", "%s: a line of more than %d octets",
		    from, SECRET_MAX);
	if (memchr(line->p, '\0', line->n) != NULL)
		return err_temp(e, "", "%s: a NUL in its first line", from);
	return ST_OK;
}

/* --- a file ------------------------------------------------------------------ */

static enum st read_file(const char *path, bool check, struct buf *all,
    struct err *e)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return errno == ENOENT && !check
		    ? ST_NONE
		    : err_temp(e, "", "open %s: %m", path);
	if (check && paths_check_open(fd, path, e) != ST_OK)
		return ST_TEMP;
	return io_slurp(fd, path, all, e);
}

/* A plain name that systemd has; NULL: it has not. */
static const char *credential(const char *name, struct buf *room)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");

	if (dir == NULL || dir[0] != '/' || name[0] == '\0' || name[0] == '.' ||
	    strchr(name, '/') != NULL)
		return NULL;
	buf_setf(room, "%s/%s", dir, name);
	return !room->full && access(buf_c(room), F_OK) == 0 ? buf_c(room)
							     : NULL;
}

/* One of systemd's, or a path; those of the rc file begin in its directory. */
static enum st from_file(const struct account *a, struct buf *all,
    struct err *e)
{
	AUTO_BUF room = BUF_MAX(PATH_MAX);
	const char *name = opt_text(&a->o, OPT_PASSWORDFILE);
	const char *path = credential(name, &room);

	if (path != NULL)
		return read_file(path, false, all, e);
	if (name[0] != '/' && a->rc_dir != NULL)
		buf_setf(&room, "%s/%s", a->rc_dir, name);
	else
		buf_setf(&room, "%s", name);
	return read_file(buf_c(&room), true, all, e);
}

enum st secret_credential(const struct account *a, struct buf *out,
    struct err *e)
{
	AUTO_BUF all = BUF_MAX(OUTPUT_MAX);
	AUTO_BUF name = BUF_MAX(NAME_MAX);
	AUTO_BUF room = BUF_MAX(PATH_MAX);
	const char *path;
	struct str line;
	enum st st;

	buf_setf(&name, "%s@%s", a->user, a->label);
	path = name.full ? NULL : credential(buf_c(&name), &room);
	st = path != NULL ? read_file(path, false, &all, e) : ST_NONE;
	if (st == ST_OK)
		st = first_line(buf_str(&all), path, &line, e);
	if (st == ST_OK)
		buf_set(out, line);
	wipe(&all);
	return st;
}

/* --- a command ---------------------------------------------------------------- */

static enum st from_command(const struct account *a, struct buf *all,
    struct err *e)
{
	int64_t seconds = opt_num(&a->o, OPT_TIMEOUT);
	struct err why;
	int status;

	if (spawn_output(opt_text(&a->o, OPT_PASSWORDEVAL), all,
		(seconds > 0 ? seconds : 300) * 1000, &status, &why) != ST_OK)
		return err_temp(e, "", "passwordeval for %s@%s: %s", a->user,
		    a->label, why.text);
	if (status != 0)
		return err_temp(e, "",
		    "passwordeval for %s@%s failed with status %d", a->user,
		    a->label, status);
	return ST_OK;
}

/* --- both ---------------------------------------------------------------------- */

static enum st ask(const struct account *a, char **secret, struct err *e)
{
	AUTO_BUF all = BUF_MAX(OUTPUT_MAX);
	AUTO_BUF from = BUF_MAX(PATH_MAX);
	bool command = opt_text(&a->o, OPT_PASSWORDEVAL) != NULL;
	AUTO_BUF word = BUF_MAX(SECRET_MAX);
	struct str line;
	enum st st;

	st = command ? from_command(a, &all, e) : from_file(a, &all, e);
	buf_setf(&from, "%s for %s@%s",
	    command ? "passwordeval" : "passwordfile", a->user, a->label);
	if (st == ST_NONE)
		st = err_temp(e, "", "%s: it has gone", buf_c(&from));
	if (st == ST_OK)
		st = first_line(buf_str(&all), buf_c(&from), &line, e);
	if (st == ST_OK) {
		buf_set(&word, line);
		*secret = buf_take(&word);
	}
	wipe(&all);
	return st;
}

enum st secret_get(struct account *a, struct err *e)
{
	enum st st;

	if (a->password != NULL || !secret_is_asked(a))
		return ST_OK;
	st = ask(a, &a->secret, e);
	if (st == ST_OK)
		a->password = a->secret;
	return st;
}

/* --- between parent and child --------------------------------------------------- */

#define ROOM ((size_t)SECRET_MAX + 1)

char *secret_room(const struct account *a)
{
	void *p;

	if (a->password != NULL || !secret_is_asked(a))
		return NULL;
	p = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
	    -1, 0);
	return p != MAP_FAILED ? p : NULL;
}

void secret_put(const struct account *a, char *room)
{
	if (room != NULL)
		snprintf(room, ROOM, "%s", a->password);
}

bool secret_take(struct account *a, char *room)
{
	room[ROOM - 1] = '\0';
	if (room[0] == '\0')
		return false;
	a->password = a->secret = xstrdup(room);
	return true;
}

void secret_free(char *room)
{
	if (room == NULL)
		return;
	explicit_bzero(room, ROOM);
	munmap(room, ROOM);
}

void secret_forget(struct account *a)
{
	if (a->secret == NULL)
		return;
	explicit_bzero(a->secret, strlen(a->secret));
	free(a->secret);
	a->secret = NULL;
	a->password = NULL;
}

enum st secret_renew(struct account *a, struct err *e)
{
	char *fresh = NULL;
	enum st st;

	if (!secret_is_asked(a))
		return ST_NONE;
	st = ask(a, &fresh, e);
	if (st != ST_OK)
		return st;
	if (a->password != NULL && strcmp(fresh, a->password) == 0)
		st = ST_NONE;
	secret_forget(a);
	a->password = a->secret = fresh;
	return st;
}
