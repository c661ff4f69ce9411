/* check_boxes - the base, and what tables say of mailboxes and their owners.
 * Runs in: the command. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/num.h"
#include "vdeliver/check_state.h"

void check_base(struct check *c)
{
	const char *base = check_value(c, "virtual_mailbox_base");
	struct stat sb;

	if (*base != '/') {
		c->fatal = true;
		check_say(c, CHECK_WRONG,
		    "set it to the directory that all mailboxes lie in",
		    *base == '\0' ? "virtual_mailbox_base is missing%s"
				  : "virtual_mailbox_base = %s is no absolute "
				    "path",
		    base);
	} else if (stat(base, &sb) != 0) {
		check_say(c, CHECK_WRONG,
		    "make it, for the owner of the mailboxes",
		    "virtual_mailbox_base = %s: %s", base, strerror(errno));
	} else if (!S_ISDIR(sb.st_mode)) {
		check_say(c, CHECK_WRONG, "name a directory",
		    "virtual_mailbox_base = %s is no directory", base);
	} else if ((sb.st_mode & S_IWOTH) != 0 && (sb.st_mode & S_ISVTX) == 0) {
		check_say(c, CHECK_WRONG,
		    arena_printf(&c->arena, "chmod o-w %s", base),
		    "virtual_mailbox_base = %s can be written by everybody",
		    base);
	}
}

/* --- paths --------------------------------------------------------------- */

struct paths {
	const char *base;
	int fd;
	size_t dirs, boxes; /* results with and without a final slash */
	size_t dotdot, doubled, misread;
	const char *first_box; /* of those that are not there yet */
};

/* It says mbox, and a directory has its name. */
static bool is_directory(const struct paths *p, const char *path)
{
	struct stat sb;

	while (*path == '/')
		path++;
	return p->fd >= 0 && *path != '\0' &&
	    fstatat(p->fd, path, &sb, 0) == 0 && S_ISDIR(sb.st_mode);
}

static void check_mbox(struct check *c, struct paths *p, const char *what,
    const char *path)
{
	p->boxes++;
	if (!is_directory(p, path)) {
		if (p->first_box == NULL)
			p->first_box = what;
		return;
	}
	if (++p->misread <= CHECK_MANY)
		check_say(c, CHECK_WRONG,
		    "put a slash at its end: without one it is an mbox file",
		    "%s: %s is a directory", what, path);
}

static void check_path(struct check *c, const char *table, struct str key,
    struct str value, void *arg)
{
	struct paths *p = arg;
	const char *path = arena_strz(&c->arena, value);
	const char *what =
	    arena_printf(&c->arena, "%s: %.*s", table, STR_ARG(key));
	size_t base_n = strlen(p->base);

	/* "example.com anything" says that it is a domain of ours. */
	if (str_find(key, '@') < 0 && !str_eqc(key, "*"))
		return;
	if (value.n == 0) {
		check_say(c, CHECK_WRONG, "give it a path", "%s has no mailbox",
		    what);
		return;
	}
	if ((str_search(value, STR("/../")) >= 0 ||
		str_starts(value, STR("../"))) &&
	    ++p->dotdot <= CHECK_MANY)
		check_say(c, CHECK_WRONG, "write the path without ..",
		    "%s: path %s leads upwards and is refused", what, path);
	if (base_n > 1 && str_starts(value, str_c(p->base)) &&
	    value.n > base_n && value.p[base_n] == '/' &&
	    ++p->doubled <= CHECK_MANY)
		check_say(c, CHECK_DOUBT,
		    "paths are below virtual_mailbox_base: leave it out",
		    "%s: %s would be %s%s", what, path, p->base, path);
	if (value.p[value.n - 1] == '/')
		p->dirs++;
	else
		check_mbox(c, p, what, path);
}

void check_paths(struct check *c)
{
	AUTO_FD fd = open(check_value(c, "virtual_mailbox_base"),
	    O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct paths p = { .base = check_value(c, "virtual_mailbox_base"),
		.fd = fd };

	check_records(c, "virtual_mailbox_maps", check_path, &p);
	if (p.first_box != NULL && p.dirs != 0)
		check_say(c, CHECK_DOUBT,
		    "put a slash at the end of those that shall be Maildirs",
		    "%s and %zu more are mbox files, beside %zu Maildirs",
		    p.first_box, p.boxes - p.misread - 1, p.dirs);
}

/* --- owners -------------------------------------------------------------- */

struct owners {
	const char *param;
	bool gid;
	int64_t least;
	size_t bad;
};

static void check_owner(struct check *c, const char *table, struct str key,
    struct str value, void *arg)
{
	struct owners *o = arg;
	uint64_t v;
	bool is_number = num_u64(value, UINT32_MAX - 1, &v);

	if (is_number && v != 0 && (int64_t)v >= o->least)
		return;
	if (++o->bad > CHECK_MANY)
		return;
	if (is_number && !o->gid && v != 0)
		check_say(c, CHECK_WRONG,
		    "give it another owner, or lower virtual_minimum_uid",
		    "%s: %s: %.*s has uid %.*s, below virtual_minimum_uid = "
		    "%lld",
		    o->param, table, STR_ARG(key), STR_ARG(value),
		    (long long)o->least);
	else
		check_say(c, CHECK_WRONG,
		    "write a number other than 0, no name",
		    "%s: %s: %.*s has %s \"%.*s\"", o->param, table,
		    STR_ARG(key), o->gid ? "gid" : "uid", STR_ARG(value));
}

void check_owners(struct check *c)
{
	struct owners uid = { "virtual_uid_maps", false, 0, 0 };
	struct owners gid = { "virtual_gid_maps", true, 1, 0 };
	struct err e;

	if (conf_int(c->conf, "virtual_minimum_uid", &uid.least, &e) != ST_OK)
		return; /* check_start() tells */
	check_records(c, uid.param, check_owner, &uid);
	check_records(c, gid.param, check_owner, &gid);
}
