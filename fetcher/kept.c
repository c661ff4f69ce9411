/* kept - the file of messages that stay. Runs in: parent; children read. */

#include "fetcher/kept.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/io.h"
#include "base/num.h"
#include "base/xalloc.h"

#define FILE_MAX ((size_t)1 << 28)
#define FORM     "# fetcher: messages that stay, 1"

struct entry {
	struct entry *next;
	struct str name; /* "user@host KEY" */
	int64_t seconds;
	bool gone;
};

struct kept {
	struct arena arena;
	const char *path;
	struct entry *first, **end;
	struct hash *index; /* name → entry */
	bool changed;
};

static struct str name_of(struct arena *a, const char *user, const char *host,
    struct str key)
{
	return str_c(arena_printf(a, "%s@%s %.*s", user, host, STR_ARG(key)));
}

static void add(struct kept *k, struct str name, int64_t seconds)
{
	struct entry *e = arena_alloc(&k->arena, sizeof(*e));

	e->name = arena_str(&k->arena, name);
	e->seconds = seconds;
	*k->end = e;
	k->end = &e->next;
	hash_put(k->index, e->name, e);
}

static void add_line(struct kept *k, struct str line)
{
	struct str word;
	uint64_t seconds;

	line = str_trim(line);
	if (str_word(&line, " ", &word) && num_u64(word, INT64_MAX, &seconds) &&
	    seconds != 0)
		add(k, str_trim(line), (int64_t)seconds);
}

enum st kept_load(struct kept **out, const char *path, struct err *e)
{
	AUTO_BUF text = BUF_MAX(FILE_MAX);
	struct kept *k = xcalloc(1, sizeof(*k));
	struct str rest, line;
	bool more;

	k->path = arena_strz(&k->arena, str_c(path));
	k->index = hash_new();
	k->end = &k->first;
	*out = k;
	if (access(path, F_OK) != 0)
		return ST_OK;
	if (io_read_file(path, &text, e) != ST_OK)
		return ST_TEMP;
	rest = buf_str(&text);
	more = str_cut(&rest, '\n', &line);
	if (!str_eqc(str_trim(line), FORM))
		return err_temp(e, "",
		    "%s: a form that this version does not know; remove it "
		    "to begin anew",
		    path);
	while (more) {
		more = str_cut(&rest, '\n', &line);
		add_line(k, line);
	}
	return ST_OK;
}

void kept_free(struct kept *k)
{
	if (k == NULL)
		return;
	hash_free(k->index, NULL);
	arena_clear(&k->arena);
	free(k);
}

int64_t kept_time(const struct kept *k, const char *user, const char *host,
    struct str key)
{
	AUTO_ARENA a = { 0 };
	const struct entry *e =
	    hash_get(k->index, name_of(&a, user, host, key));

	return e != NULL && !e->gone ? e->seconds : 0;
}

void kept_add(struct kept *k, const char *user, const char *host,
    struct str key, int64_t seconds)
{
	AUTO_ARENA a = { 0 };
	struct str name = name_of(&a, user, host, key);
	struct entry *e = hash_get(k->index, name);

	if (e == NULL)
		add(k, name, seconds);
	k->changed |= e == NULL || e->gone;
	if (e != NULL)
		e->gone = false;
}

void kept_count(struct kept *k, const char *user, const char *host,
    struct str key)
{
	AUTO_ARENA a = { 0 };
	struct str name = name_of(&a, user, host, key);
	struct entry *e = hash_get(k->index, name);

	k->changed = true;
	if (e == NULL) {
		add(k, name, 1);
		return;
	}
	e->seconds = e->gone ? 1 : e->seconds + 1;
	e->gone = false;
}

void kept_remove(struct kept *k, const char *user, const char *host,
    struct str key)
{
	AUTO_ARENA a = { 0 };
	struct entry *e = hash_get(k->index, name_of(&a, user, host, key));

	if (e == NULL || e->gone)
		return;
	e->gone = k->changed = true;
}

void kept_renew(struct kept *k, const char *user, const char *host,
    struct str prefix)
{
	AUTO_ARENA a = { 0 };
	struct str begin = name_of(&a, user, host, prefix);
	struct entry *e;

	for (e = k->first; e != NULL; e = e->next)
		if (!e->gone && str_starts(e->name, begin))
			e->gone = k->changed = true;
}

static bool write_lines(const struct kept *k, int fd, bool *any)
{
	AUTO_BUF out = BUF_MAX(FILE_MAX);
	const struct entry *e;

	buf_addc(&out, FORM "\n");
	for (e = k->first; e != NULL; e = e->next) {
		if (e->gone)
			continue;
		*any = true;
		buf_addf(&out, "%lld %.*s\n", (long long)e->seconds,
		    STR_ARG(e->name));
	}
	return !out.full && io_write_full(fd, buf_c(&out), out.n) &&
	    fsync(fd) == 0;
}

enum st kept_save(struct kept *k, struct err *e)
{
	const char *temp;
	AUTO_FD fd = -1;
	bool any = false;

	if (!k->changed)
		return ST_OK;
	temp = arena_printf(&k->arena, "%s_", k->path);
	unlink(temp);
	fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || !write_lines(k, fd, &any)) {
		unlink(temp);
		return err_temp(e, "", "write %s: %m", temp);
	}
	if (!any) {
		unlink(temp);
		unlink(k->path);
	} else if (rename(temp, k->path) != 0) {
		unlink(temp);
		return err_temp(e, "", "replace %s: %m", k->path);
	}
	k->changed = false;
	return ST_OK;
}
