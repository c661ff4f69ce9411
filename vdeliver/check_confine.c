/* check_confine - links that lead out of the store. Runs in: the command. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/os.h"
#include "priv/sandbox.h"
#include "vdeliver/check_state.h"
#include "vdeliver/confine.h"

/* Looking at more would take too long, or go round in circles. */
#define ENTRIES_MAX 200000
#define DEPTH_MAX   8

struct scan {
	struct check *c;
	int base;
	const char *base_path;
	enum check_kind kind;
	size_t entries, found;
	bool unread; /* something could not be looked into */
};

static void scan_dir(struct scan *s, const char *path, int depth);

/* Messages are not looked at: nobody opens them here. */
static bool is_messages(const char *name)
{
	return strcmp(name, "cur") == 0 || strcmp(name, "new") == 0 ||
	    strcmp(name, "tmp") == 0;
}

static void scan_entry(struct scan *s, const char *path,
    const struct dirent *entry, int depth)
{
	const char *name = entry->d_name;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return;
	if (strcmp(path, ".") != 0)
		name = arena_printf(&s->c->arena, "%s/%s", path, name);
	if (entry->d_type == DT_DIR && !is_messages(entry->d_name))
		scan_dir(s, name, depth + 1);
	if (entry->d_type != DT_LNK || !confine_leads_out(s->base, name) ||
	    ++s->found > CHECK_MANY)
		return;
	check_say(s->c, s->kind,
	    "with vdeliver_confine = yes mail that goes there is put off",
	    "link %s/%s leads out of virtual_mailbox_base", s->base_path, name);
}

static void scan_dir(struct scan *s, const char *path, int depth)
{
	int fd = openat(s->base, path,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;

	if (d == NULL || depth > DEPTH_MAX)
		s->unread = true;
	while (d != NULL && depth <= DEPTH_MAX &&
	    (entry = readdir(d)) != NULL && s->entries++ < ENTRIES_MAX)
		scan_entry(s, path, entry, depth);
	if (d != NULL)
		closedir(d);
}

void check_confine(struct check *c)
{
	const char *path = check_value(c, "virtual_mailbox_base");
	AUTO_FD base = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct scan s = { .c = c, .base = base, .base_path = path };
	bool on = false;
	struct err e;

	if (base < 0 ||
	    conf_bool(c->conf, "vdeliver_confine", &on, &e) != ST_OK)
		return; /* others tell */
	if (!os_has_beneath() || !sandbox_has_store()) {
		if (on)
			check_say(c, CHECK_DOUBT, "wants Linux 5.19 or later",
			    "vdeliver_confine = yes, and no Landlock is here");
		return;
	}
	s.kind = on ? CHECK_WRONG : CHECK_NOTE;
	scan_dir(&s, ".", 0);
	if (s.found == 0 && !on)
		check_say(c, CHECK_NOTE,
		    "it keeps workers within the store, whatever links their "
		    "owners make",
		    "no link leads out of %s%s: vdeliver_confine = yes is "
		    "possible",
		    path,
		    s.unread || s.entries >= ENTRIES_MAX
			? ", as far as could be seen"
			: "");
}
