/* rules - a file's logical lines, or items in braces made into lines. */

#include "map/rules.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "map/braces.h"
#include "map/list.h"

#define TEXT_MAX ((size_t)1 << 28)
/* A file that changes while it is read is read again, not for ever. */
#define TRIES 10

static void warn(const char *text, void *arg)
{
	const struct rules *r = arg;

	log_warn("%s: %s", r->name, text);
}

static enum st read_file(struct rules *r, struct err *e)
{
	AUTO_FD fd = open(r->name, O_RDONLY | O_CLOEXEC);
	struct stat before, after;
	int tries = TRIES;

	if (fd < 0 || fstat(fd, &before) != 0)
		return err_temp(e, "4.3.0", "open %s: %m", r->name);
	for (;;) {
		if (io_slurp(fd, r->name, &r->text, e) != ST_OK)
			return ST_TEMP;
		file_id_set(&r->id, &before);
		if (fstat(fd, &after) != 0 || --tries == 0 ||
		    (before.st_size == after.st_size &&
			before.st_mtim.tv_sec == after.st_mtim.tv_sec &&
			before.st_mtim.tv_nsec == after.st_mtim.tv_nsec))
			return ST_OK;
		before = after;
		buf_reset(&r->text);
		if (lseek(fd, 0, SEEK_SET) < 0)
			return err_temp(e, "4.3.0", "read %s: %m", r->name);
	}
}

/* "{{rule}, {rule}}": each rule becomes a line. */
static enum st read_text(struct rules *r, struct str s, struct err *e)
{
	struct str item;

	r->in_text = true;
	if (braces_strip(&s, e) != ST_OK)
		return ST_TEMP;
	while (list_item(&s, &item)) {
		if (braces_strip(&item, e) != ST_OK)
			return ST_TEMP;
		buf_add(&r->text, item);
		buf_addch(&r->text, '\n');
	}
	return ST_OK;
}

enum st rules_open(struct rules *r, struct map *m, struct err *e)
{
	enum st st;

	*r = (struct rules){ .text = BUF_MAX(TEXT_MAX) };
	r->name = arena_strz(&m->arena, m->name);
	if (*r->name == '{') {
		st = read_text(r, m->name, e);
		if (st != ST_OK)
			err_prefix(e, "%s map: ", m->ops->type);
	} else {
		st = read_file(r, e);
	}
	if (st != ST_OK)
		buf_clear(&r->text);
	lines_init(&r->lines, buf_str(&r->text), warn, r);
	return st;
}

bool rules_next(struct rules *r, struct str *rule)
{
	while (lines_next(&r->lines, rule, &r->line)) {
		*rule = str_trim_right(*rule);
		if (rule->n != 0)
			return true;
	}
	return false;
}

void rules_done(struct rules *r)
{
	lines_clear(&r->lines);
	buf_clear(&r->text);
}

bool rules_changed(const struct rules *r)
{
	return !r->in_text && file_id_changed(&r->id, r->name);
}
