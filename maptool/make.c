/* make - build tables from their sources, or add to them. */

#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/big.h"
#include "base/io.h"
#include "base/log.h"
#include "map/redirect.h"
#include "maptool/progress.h"
#include "maptool/tables.h"

#define SOURCE_MAX ((size_t)1 << 32)
/* A source that changes while it is read is read again, not for ever. */
#define TRIES 10

/* As the owner of the source: the table belongs to who made the source. */
static void become_owner(const struct tables *t, const struct stat *sb)
{
	if (geteuid() != 0 || t->keep_owner ||
	    (sb->st_uid == 0 && sb->st_gid == 0))
		return;
	if (setgroups(0, NULL) != 0 || setegid(sb->st_gid) != 0 ||
	    seteuid(sb->st_uid) != 0)
		log_fatal("cannot become the owner of the source: %m");
}

static void become_root(void)
{
	if (getuid() != 0 || geteuid() == 0)
		return;
	if (seteuid(0) != 0 || setegid(0) != 0)
		log_fatal("cannot become root again: %m");
}

/* What group and others may not do with the source, they may not with it. */
static mode_t table_mode(const struct tables *t, const struct stat *sb)
{
	if (t->no_mode || !S_ISREG(sb->st_mode))
		return 0644;
	return 0644 & ~(~sb->st_mode & 077);
}

static bool same(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Room for all of it at once, in large pages. */
static void make_room(struct buf *text, const struct stat *sb)
{
	size_t room;
	char *at;

	if (!S_ISREG(sb->st_mode) || sb->st_size <= 0)
		return;
	at = buf_room(text, (size_t)sb->st_size + 1, &room);
	if (at != NULL)
		big_advise(at, room);
}

static enum st read_source(int fd, const char *name, struct buf *text,
    struct err *e)
{
	struct stat before, after;
	int tries = TRIES;

	for (;;) {
		if (fstat(fd, &before) != 0)
			return err_temp(e, "", "read %s: %m", name);
		make_room(text, &before);
		if (io_slurp(fd, name, text, e) != ST_OK)
			return ST_TEMP;
		if (!S_ISREG(before.st_mode) || --tries == 0 ||
		    fstat(fd, &after) != 0 || same(&before, &after))
			return ST_OK;
		buf_reset(text);
		if (lseek(fd, 0, SEEK_SET) < 0)
			return err_temp(e, "", "read %s: %m", name);
	}
}

static void NORETURN give_up(struct map_build *b, const struct err *e)
{
	map_build_discard(b);
	log_fatal("%s", e->text);
}

void tables_put(struct map_build *b, struct str key, struct str val)
{
	struct err e;

	if (map_build_put(b, key, val, &e) != ST_OK)
		give_up(b, &e);
}

static const char *source_path(const char *map)
{
	const char *colon = strchr(map, ':');

	return colon != NULL ? colon + 1 : map;
}

/*
 * A table of root's in a directory of somebody else's: who owns that can put
 * another file in its place. With -o it was meant so.
 */
static void warn_of_directory(const char *name)
{
	const char *slash = strrchr(name, '/');
	AUTO_BUF dir = BUF_MAX(4096);
	struct stat sb;

	if (slash == NULL)
		buf_addc(&dir, ".");
	else
		buf_add(&dir,
		    str_head(str_c(name), (size_t)(slash - name) + 1));
	if (geteuid() != 0 || stat(buf_c(&dir), &sb) != 0 || sb.st_uid == 0)
		return;
	log_warn("%s: the table is made by root, but its directory belongs to "
		 "uid %lu, who can replace it: change the owner of one of them",
	    name, (unsigned long)sb.st_uid);
}

static void make_one(const struct tables *t, const char *map)
{
	bool add = t->mode == 'i';
	const char *name = add ? "stdin" : source_path(map);
	AUTO_BUF text = BUF_MAX(SOURCE_MAX);
	AUTO_FD fd = add ? dup(STDIN_FILENO) : open(name, O_RDONLY | O_CLOEXEC);
	AUTO_ARENA arena = { NULL, 0 };
	struct map_build_how how = { .flags = t->flags,
		.add = add,
		.aside = t->atomic,
		.uid = (uid_t)-1 };
	struct map_build *b;
	struct stat sb;
	struct err e;

	if (fd < 0 || fstat(fd, &sb) != 0)
		log_fatal("open %s: %m", name);
	how.mode = table_mode(t, &sb);
	become_owner(t, &sb);
	if (!t->keep_owner)
		warn_of_directory(source_path(map));
	if (map_build_open(&b, redirect_spec(str_c(map), &arena),
		t->default_type, &how, &e) != ST_OK)
		log_fatal("%s", e.text);
	tables_tell(t, "%s %s from %s", add ? "add to" : "build", map, name);
	if (read_source(fd, name, &text, &e) != ST_OK)
		give_up(b, &e);
	progress_begin(name, text.n);
	t->tool->read(t, b, name, buf_str(&text));
	progress_writing();
	if (map_build_commit(b, &e) != ST_OK)
		log_fatal("%s", e.text);
	tables_tell(t, "%s is done", map);
	become_root();
}

int tables_make(const struct tables *t)
{
	int i;

	umask(022);
	for (i = 0; i < t->n; i++) {
		make_one(t, t->maps[i]);
		progress_end();
	}
	return 0;
}

void tables_become_owner(const struct tables *t, const struct stat *sb)
{
	become_owner(t, sb);
}

void tables_become_root(void)
{
	become_root();
}
