/*
 * unix: - the system's users and groups, as lines of passwd(5) and group(5).
 * postmap(1), "TABLE TYPES".
 */

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "map/types.h"

/* No entry is longer, however many members a group has. */
#define ENTRY_MAX ((size_t)1 << 24)

/* 0, or an errno; *found tells whether val has a line. */
typedef int ask_fn(const char *name, char *room, size_t n, struct buf *val,
    bool *found);

static int ask_passwd(const char *name, char *room, size_t n, struct buf *val,
    bool *found)
{
	struct passwd entry, *p = NULL;
	int rc = getpwnam_r(name, &entry, room, n, &p);

	*found = p != NULL;
	if (p != NULL)
		buf_setf(val, "%s:%s:%lu:%lu:%s:%s:%s", p->pw_name,
		    p->pw_passwd, (unsigned long)p->pw_uid,
		    (unsigned long)p->pw_gid, p->pw_gecos, p->pw_dir,
		    p->pw_shell);
	return rc;
}

static int ask_group(const char *name, char *room, size_t n, struct buf *val,
    bool *found)
{
	struct group entry, *g = NULL;
	int rc = getgrnam_r(name, &entry, room, n, &g);
	size_t i;

	*found = g != NULL;
	if (g == NULL)
		return rc;
	buf_setf(val, "%s:%s:%lu:", g->gr_name, g->gr_passwd,
	    (unsigned long)g->gr_gid);
	for (i = 0; g->gr_mem[i] != NULL; i++)
		buf_addf(val, "%s%s", i != 0 ? "," : "", g->gr_mem[i]);
	return rc;
}

static const struct table {
	const char *name;
	ask_fn *ask;
} tables[] = {
	{ "passwd.byname", ask_passwd },
	{ "group.byname", ask_group },
};

static enum st unix_open(struct map *m, struct err *e)
{
	size_t i;

	for (i = 0; i < NELEM(tables); i++)
		if (str_eqc(m->name, tables[i].name)) {
			m->state = (void *)(uintptr_t)&tables[i];
			return ST_OK;
		}
	return err_temp(e, "4.3.5", "unknown table: %.*s", STR_ARG(m->spec));
}

/* How the libraries say that there is no such name, getpwnam(3). */
static bool is_absence(int rc)
{
	return rc == 0 || rc == ENOENT || rc == ESRCH || rc == EBADF ||
	    rc == EPERM;
}

static enum st unix_get(struct map *m, struct str key, struct buf *val,
    struct err *e)
{
	const struct table *t = m->state;
	char *name = xstrndup(key), *room = NULL;
	size_t n = 1024;
	bool found;
	int rc;

	do {
		n *= 2;
		room = xreallocarray(room, n, 1);
		rc = t->ask(name, room, n, val, &found);
	} while (rc == ERANGE && n < ENTRY_MAX);
	free(room);
	free(name);
	if (found)
		return ST_OK;
	if (is_absence(rc))
		return ST_NONE;
	errno = rc;
	return err_temp(e, "4.3.0", "%m");
}

const struct map_ops map_unix_ops = {
	.type = "unix",
	.read_only = true,
	.coded = true,
	.open = unix_open,
	.get = unix_get,
};
