/* master_cf - the services of master.cf and the parameters they override. */

#include "maptool/master_cf.h"

#include <fcntl.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/log.h"
#include "conf/lines.h"
#include "conf/main_cf.h"

#define FILE_MAX (16 * 1024 * 1024)
#define BLANKS   " \t\r\n\v\f"

static bool is_flag(struct str s)
{
	return str_eqc(s, "-") || str_eqc(s, "y") || str_eqc(s, "n");
}

static bool is_type(struct str s)
{
	static const char *const types[] = { "inet", "unix", "fifo", "pass",
		"unix-dgram" };
	size_t i;

	for (i = 0; i < NELEM(types); i++)
		if (str_eqc(s, types[i]))
			return true;
	return false;
}

static bool is_number(struct str s)
{
	size_t i;

	if (str_eqc(s, "-"))
		return true;
	for (i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n != 0;
}

/* A number of seconds; '?': only when somebody uses the service. */
static bool is_wakeup(struct str s)
{
	if (s.n > 1 && s.p[s.n - 1] == '?')
		s.n--;
	return is_number(s);
}

static const struct {
	const char *name;
	bool (*is_good)(struct str s);
} checks[MF_COUNT] = {
	[MF_TYPE] = { "type", is_type },
	[MF_PRIVATE] = { "private", is_flag },
	[MF_UNPRIVILEGED] = { "unprivileged", is_flag },
	[MF_CHROOT] = { "chroot", is_flag },
	[MF_WAKEUP] = { "wakeup", is_wakeup },
	[MF_LIMIT] = { "process_limit", is_number },
};

/* Cut one argument: a word, or "{ some words }" without the braces. */
static bool cut_arg(struct str *s, struct str *arg)
{
	size_t depth = 0, i;

	*s = str_trim_left(*s);
	if (s->n == 0 || s->p[0] != '{')
		return str_word(s, BLANKS, arg);
	for (i = 0; i < s->n; i++) {
		if (s->p[i] == '{')
			depth++;
		else if (s->p[i] == '}' && --depth == 0)
			break;
	}
	if (i == s->n) {
		log_warn("master.cf: missing '}' in \"%.*s\"", STR_ARG(*s));
		*s = STR_NONE;
		return false;
	}
	*arg = str_trim((struct str){ s->p + 1, i - 1 });
	*s = str_skip(*s, i + 1);
	return true;
}

static void add_option(struct master_cf *m, struct master_entry *it,
    struct str text)
{
	struct master_option *o = arena_alloc(&m->arena, sizeof(*o));
	struct err e;

	if (main_cf_split(text, &o->name, &o->value, &e) == ST_OK)
		list_add_tail(&it->options, &o->link);
	else
		log_warn("master.cf: %s: \"%.*s\"", e.text, STR_ARG(text));
}

/* Collect "-o name=value" and "-oname=value" until the first other word. */
static void read_options(struct master_cf *m, struct master_entry *it)
{
	struct str rest = it->args, arg;

	while (cut_arg(&rest, &arg) && arg.n != 0 && arg.p[0] == '-') {
		if (!str_starts(arg, STR("-o")))
			continue;
		arg = str_skip(arg, 2);
		if (arg.n == 0 && !cut_arg(&rest, &arg))
			break;
		/* -o{name=value} */
		if (arg.n > 1 && arg.p[0] == '{' && arg.p[arg.n - 1] == '}')
			arg = str_trim((struct str){ arg.p + 1, arg.n - 2 });
		add_option(m, it, arg);
	}
}

static enum st read_entry(struct master_cf *m, struct str line, size_t number,
    const char *file, struct err *e)
{
	struct master_entry *it = arena_alloc(&m->arena, sizeof(*it));
	struct str rest = arena_str(&m->arena, line), all = rest;
	size_t i;

	list_init(&it->options);
	for (i = 0; i < MF_COUNT; i++) {
		if (!str_word(&rest, BLANKS, &it->field[i]))
			return err_temp(e, "4.3.5",
			    "file %s: line %zu: bad field count", file, number);
		if (checks[i].is_good != NULL &&
		    !checks[i].is_good(it->field[i]))
			return err_temp(e, "4.3.5",
			    "invalid %s field \"%.*s\" in \"%.*s\"",
			    checks[i].name, STR_ARG(it->field[i]),
			    STR_ARG(all));
	}
	it->args = str_trim(rest);
	read_options(m, it);
	list_add_tail(&m->entries, &it->link);
	return ST_OK;
}

static void warn(const char *text, void *file)
{
	log_warn("%s: %s", (const char *)file, text);
}

enum st master_cf_read(struct master_cf *m, const char *dir, struct err *e)
{
	AUTO_BUF text = BUF_MAX(FILE_MAX);
	struct str line;
	struct lines l;
	size_t number;
	char *file;
	enum st st;

	*m = (struct master_cf){ .arena = { NULL, 0 } };
	list_init(&m->entries);
	file = arena_printf(&m->arena, "%s/master.cf", dir);
	AUTO_FD fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		err_temp(e, "4.3.5", "open %s: %m", file);
		return ST_NONE;
	}
	st = io_slurp(fd, file, &text, e);
	if (st != ST_OK)
		return st;
	lines_init(&l, buf_str(&text), warn, file);
	while (st == ST_OK && lines_next(&l, &line, &number))
		st = read_entry(m, line, number, file, e);
	lines_clear(&l);
	return st;
}

void master_cf_clear(struct master_cf *m)
{
	if (m != NULL)
		arena_clear(&m->arena);
}
