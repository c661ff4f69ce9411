/*
 * check_dovecot - does Dovecot look where mail is delivered?
 * Runs in: the command.
 *
 * Of Dovecot's configuration only what stands outside of all braces is read,
 * with its includes: mail_location (2.3) or mail_driver and mail_path (2.4),
 * mail_home, mail_uid and mail_gid. What a userdb says instead is not known.
 */

#include <glob.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/num.h"
#include "vdeliver/check_state.h"

#define USUAL_FILE   "/etc/dovecot/dovecot.conf"
#define FILE_MAX     (1 << 20)
#define INCLUDES_MAX 200
#define PATH_SIZE    8192

struct dovecot {
	const char *file;
	const char *location, *driver, *path, *home, *uid, *gid;
	unsigned includes;
	/* what comparing found */
	size_t differ;
};

static void read_file(struct check *c, struct dovecot *d, const char *path,
    bool must);

static void include(struct check *c, struct dovecot *d, const char *from,
    struct str pattern, bool must)
{
	const char *slash = strrchr(from, '/');
	const char *path = *pattern.p == '/' || slash == NULL
	    ? arena_strz(&c->arena, pattern)
	    : arena_printf(&c->arena, "%.*s/%.*s", (int)(slash - from), from,
		  STR_ARG(pattern));
	glob_t g;
	size_t i;

	if (glob(path, 0, NULL, &g) != 0)
		return;
	for (i = 0; i < g.gl_pathc && d->includes < INCLUDES_MAX; i++) {
		d->includes++;
		read_file(c, d, g.gl_pathv[i], must);
	}
	globfree(&g);
}

static void take(struct check *c, struct dovecot *d, struct str name,
    struct str value)
{
	const struct {
		const char *name;
		const char **to;
	} rows[] = {
		{ "mail_location", &d->location },
		{ "mail_driver", &d->driver },
		{ "mail_path", &d->path },
		{ "mail_home", &d->home },
		{ "mail_uid", &d->uid },
		{ "mail_gid", &d->gid },
	};
	size_t i;

	if (value.n >= 2 && *value.p == '"' && value.p[value.n - 1] == '"')
		value = str_head(str_skip(value, 1), value.n - 2);
	for (i = 0; i < NELEM(rows); i++)
		if (str_eqc(name, rows[i].name))
			*rows[i].to = arena_strz(&c->arena, value);
}

static void take_line(struct check *c, struct dovecot *d, const char *from,
    struct str line, int *depth)
{
	struct str name = STR_NONE;

	if (line.n == 0 || *line.p == '#')
		return;
	if (line.p[line.n - 1] == '{') {
		(*depth)++;
		return;
	}
	if (*line.p == '}') {
		(*depth)--;
		return;
	}
	if (*depth > 0)
		return;
	if (str_starts(line, STR("!include_try ")))
		include(c, d, from, str_trim(str_skip(line, 13)), false);
	else if (str_starts(line, STR("!include ")))
		include(c, d, from, str_trim(str_skip(line, 9)), true);
	else if (str_cut(&line, '=', &name))
		take(c, d, str_trim(name), str_trim(line));
}

static void read_file(struct check *c, struct dovecot *d, const char *path,
    bool must)
{
	AUTO_BUF text = BUF_MAX(FILE_MAX);
	struct str rest, line;
	struct err e;
	int depth = 0;

	if (io_read_file(path, &text, &e) != ST_OK) {
		if (must)
			check_say(c, CHECK_DOUBT,
			    "run as root, or name the file by --dovecot", "%s",
			    e.text);
		return;
	}
	rest = buf_str(&text);
	while (rest.n != 0) {
		str_cut(&rest, '\n', &line);
		take_line(c, d, path, str_trim(line), &depth);
	}
}

/* %u, %n, %d and their long forms; false: another one, that is not known. */
static bool variable(struct str *rest, struct str key, struct buf *out)
{
	ptrdiff_t at = str_find(key, '@');
	struct str user = str_head(key, (size_t)at);
	struct str domain = str_skip(key, (size_t)at + 1);
	const struct {
		struct str name, value;
	} rows[] = {
		{ STR("u"), key },
		{ STR("n"), user },
		{ STR("d"), domain },
		{ STR("{user}"), key },
		{ STR("{username}"), user },
		{ STR("{domain}"), domain },
		{ STR("{user | username}"), user },
		{ STR("{user|username}"), user },
		{ STR("{user | domain}"), domain },
		{ STR("{user|domain}"), domain },
		{ STR("Lu"), key },
		{ STR("Ln"), user },
		{ STR("Ld"), domain },
	};
	size_t i;

	for (i = 0; i < NELEM(rows); i++)
		if (str_starts(*rest, rows[i].name)) {
			*rest = str_skip(*rest, rows[i].name.n);
			return buf_add(out, rows[i].value);
		}
	return false;
}

/* Slashes that are too many, and those at the end, do not count. */
static void add_plain(struct buf *out, char ch)
{
	if (ch != '/' || out->n == 0 || out->p[out->n - 1] != '/')
		buf_addch(out, ch);
}

static bool fill_in(const struct dovecot *d, struct str text, struct str key,
    struct buf *out)
{
	if (str_starts(text, STR("~")) || str_starts(text, STR("%h"))) {
		if (d->home == NULL || str_starts(str_c(d->home), STR("~")) ||
		    !fill_in(d, str_c(d->home), key, out))
			return false;
		text = str_skip(text, *text.p == '~' ? 1 : 2);
	}
	while (text.n != 0) {
		char ch = *text.p;

		text = str_skip(text, 1);
		if (ch != '%')
			add_plain(out, ch);
		else if (!variable(&text, key, out))
			return false;
	}
	return true;
}

/* "maildir:/x:INDEX=/y": the driver, and the path of INBOX. */
static void split_location(const struct dovecot *d, struct str *driver,
    struct str *path)
{
	struct str rest, part;

	*driver = str_c(d->driver != NULL ? d->driver : "");
	*path = str_c(d->path != NULL ? d->path : "");
	if (d->location == NULL)
		return;
	rest = str_c(d->location);
	str_cut(&rest, ':', driver);
	str_cut(&rest, ':', path);
	while (rest.n != 0) {
		str_cut(&rest, ':', &part);
		if (str_starts(part, STR("INBOX=")))
			*path = str_skip(part, 6);
	}
}

static struct str without_slash(const struct buf *b)
{
	struct str s = buf_str(b);

	while (s.n > 1 && s.p[s.n - 1] == '/')
		s.n--;
	return s;
}

static void compare(struct check *c, const char *table, struct str key,
    struct str value, void *arg)
{
	struct dovecot *d = arg;
	AUTO_BUF ours = BUF_MAX(PATH_SIZE);
	AUTO_BUF theirs = BUF_MAX(PATH_SIZE);
	AUTO_BUF plain = BUF_MAX(PATH_SIZE);
	bool maildir = value.n != 0 && value.p[value.n - 1] == '/';
	struct str driver, path;
	size_t i;

	/* Catch-alls are nobody's mailbox there. */
	if (str_find(key, '@') <= 0)
		return;
	split_location(d, &driver, &path);
	/* What cannot be known is not judged. */
	if (!fill_in(d, path, key, &theirs))
		return;
	buf_addf(&ours, "%s/%.*s", check_value(c, "virtual_mailbox_base"),
	    STR_ARG(value));
	for (i = 0; i < ours.n; i++)
		add_plain(&plain, ours.p[i]);
	if (str_eqc(driver, maildir ? "maildir" : "mbox") &&
	    str_eq(without_slash(&plain), without_slash(&theirs)))
		return;
	if (d->differ++ == 0)
		check_say(c, CHECK_WRONG,
		    "make both name the same: users do not see their mail",
		    "%s: %.*s is delivered to %s:%s, and Dovecot (%s) looks in "
		    "%.*s:%s",
		    table, STR_ARG(key), maildir ? "maildir" : "mbox",
		    buf_c(&plain), d->file, STR_ARG(driver), buf_c(&theirs));
}

/* A number that differs from that of static:; names are not looked up. */
static void compare_id(struct check *c, const struct dovecot *d,
    const char *param, const char *name, const char *theirs)
{
	struct str ours = str_trim(str_c(check_value(c, param)));
	uint64_t a, b;

	if (theirs == NULL || !str_starts(ours, STR("static:")) ||
	    !num_u64(str_skip(ours, 7), UINT32_MAX, &a) ||
	    !num_u64(str_c(theirs), UINT32_MAX, &b) || a == b)
		return;
	check_say(c, CHECK_WRONG, "make both the same",
	    "%s = %.*s, and %s = %s in %s: it cannot read what is delivered",
	    param, STR_ARG(ours), name, theirs, d->file);
}

void check_dovecot(struct check *c)
{
	struct dovecot d = { .file = c->dovecot };

	if (d.file == NULL)
		d.file = USUAL_FILE;
	if (c->dovecot == NULL && access(d.file, F_OK) != 0)
		return;
	read_file(c, &d, d.file, true);
	compare_id(c, &d, "virtual_uid_maps", "mail_uid", d.uid);
	compare_id(c, &d, "virtual_gid_maps", "mail_gid", d.gid);
	if (d.location == NULL && d.path == NULL)
		return;
	check_records(c, "virtual_mailbox_maps", compare, &d);
	if (d.differ > 1)
		fprintf(c->out, "    the same is so for %zu more\n",
		    d.differ - 1);
}
