/* master - the lines of master.cf: what their fields and arguments mean. */

#include "conf/master.h"

#include <fcntl.h>
#include <stdint.h>

#include "base/io.h"
#include "base/log.h"
#include "conf/lines.h"
#include "conf/main_cf.h"

#define FILE_MAX (256 * 1024 * 1024)

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

static bool all_digits(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return true;
}

static bool is_number(struct str s)
{
	return str_eqc(s, "-") || (s.n != 0 && all_digits(s));
}

/* A number of seconds; '?': only when somebody uses the service. */
static bool is_wakeup(struct str s)
{
	if (s.n != 0 && s.p[s.n - 1] == '?')
		return all_digits(str_head(s, s.n - 1));
	return is_number(s);
}

static bool is_any(struct str s)
{
	return s.n != 0;
}

static const struct {
	const char *name;
	bool (*is_good)(struct str s);
} fields[MF_COUNT] = {
	[MF_SERVICE] = { "service", is_any },
	[MF_TYPE] = { "type", is_type },
	[MF_PRIVATE] = { "private", is_flag },
	[MF_UNPRIVILEGED] = { "unprivileged", is_flag },
	[MF_CHROOT] = { "chroot", is_flag },
	[MF_WAKEUP] = { "wakeup", is_wakeup },
	[MF_LIMIT] = { "process_limit", is_number },
	[MF_COMMAND] = { "command", is_any },
};

const char *master_field_name(enum master_field f)
{
	return fields[f].name;
}

enum st master_check_field(enum master_field f, struct str value,
    struct str where, struct err *e)
{
	if (fields[f].is_good(value))
		return ST_OK;
	return err_temp(e, "4.3.5", "invalid %s field \"%.*s\" in \"%.*s\"",
	    fields[f].name, STR_ARG(value), STR_ARG(where));
}

/*
 * Cut one argument: bytes up to a blank that stands in no braces. "x{a b}" is
 * one; so is what an unmatched brace begins, to the end.
 */
static bool cut_arg(struct str *s, struct str *arg)
{
	size_t depth = 0, i;

	*s = str_trim_left(*s);
	for (i = 0; i < s->n && (depth != 0 || !str_isspace(s->p[i])); i++) {
		if (s->p[i] == '{')
			depth++;
		else if (s->p[i] == '}' && depth != 0)
			depth--;
	}
	*arg = str_head(*s, i);
	*s = str_skip(*s, i);
	return arg->n != 0;
}

/* "{ text }" to "text"; what is wrong with the braces is warned of. */
static struct str strip_braces(struct str s)
{
	size_t depth = 0, i;

	if (s.n == 0 || s.p[0] != '{')
		return s;
	for (i = 0; i < s.n; i++) {
		if (s.p[i] == '{')
			depth++;
		else if (s.p[i] == '}' && --depth == 0)
			break;
	}
	if (i == s.n)
		log_warn("master.cf: missing '}' in \"%.*s\"", STR_ARG(s));
	else if (i + 1 != s.n)
		log_warn("master.cf: syntax error after '}' in \"%.*s\"",
		    STR_ARG(s));
	return str_trim((struct str){ s.p + 1, i - 1 });
}

static struct master_arg *add_arg(struct arena *a, struct master_entry *it,
    enum master_arg_kind kind, struct str text)
{
	struct master_arg *arg = arena_alloc(a, sizeof(*arg));

	arg->kind = kind;
	arg->text = text;
	list_add_tail(&it->args, &arg->link);
	return arg;
}

static struct master_arg *add_option(struct arena *a, struct master_entry *it,
    struct str text)
{
	struct str s = strip_braces(text);
	struct master_arg *arg = add_arg(a, it, ARG_BAD_OPTION, s);
	struct err e;

	if (main_cf_split(s, &arg->name, &arg->value, &e) == ST_OK)
		arg->kind = ARG_OPTION;
	else if (text.p[0] == '{')
		log_warn("master.cf: %s: \"%.*s\"", e.text, STR_ARG(s));
	return arg;
}

/* What is left of a command. */
struct words {
	struct arena *arena;
	struct str rest;
	struct str next; /* comes before rest, unless empty */
};

static bool next_word(struct words *w, struct str *word)
{
	if (w->next.n == 0)
		return cut_arg(&w->rest, word);
	*word = w->next;
	w->next = STR_NONE;
	return true;
}

/* Leave "-v" of "-vo...", the rest comes next as "-o...". */
static void split_options(struct words *w, struct str *word)
{
	ptrdiff_t o = str_find(str_skip(*word, 2), 'o');

	if (o < 0)
		return;
	w->next = str_c(arena_printf(w->arena, "-%.*s",
	    STR_ARG(str_skip(*word, (size_t)o + 2))));
	*word = str_head(*word, (size_t)o + 2);
}

static bool is_option(struct str word)
{
	return word.n > 1 && word.p[0] == '-' && !str_eqc(word, "--");
}

static void read_args(struct words *w, struct master_entry *it)
{
	bool daemon = true, braced;
	struct str word, text;

	list_init(&it->args);
	while (next_word(w, &word)) {
		struct master_arg *arg;

		braced = word.p[0] == '{';
		word = strip_braces(word);
		daemon = daemon && is_option(word);
		if (daemon)
			split_options(w, &word);
		text = str_skip(word, 2);
		if (daemon && str_starts(word, STR("-o")) &&
		    (text.n != 0 || next_word(w, &text)))
			arg = add_option(w->arena, it, text);
		else
			arg = add_arg(w->arena, it, ARG_WORD, word);
		arg->daemon = daemon;
		arg->braced = braced;
	}
}

static enum st bad_count(struct err *e)
{
	err_temp(e, "4.3.5", "bad field count");
	return ST_NONE;
}

enum st master_parse_command(struct arena *a, struct str text,
    struct master_entry *it, struct err *e)
{
	struct words w = { .arena = a, .rest = arena_str(a, text) };

	if (!cut_arg(&w.rest, &it->field[MF_COMMAND]))
		return bad_count(e);
	read_args(&w, it);
	return ST_OK;
}

enum st master_parse(struct arena *a, struct str line, struct master_entry *it,
    struct err *e)
{
	struct words w = { .arena = a, .rest = arena_str(a, str_trim(line)) };
	struct str all = w.rest;
	enum st st = ST_OK;
	size_t i;

	for (i = 0; i < MF_COUNT; i++)
		if (!cut_arg(&w.rest, &it->field[i]))
			return bad_count(e);
	for (i = MF_TYPE; i < MF_COMMAND && st == ST_OK; i++)
		st = master_check_field((enum master_field)i, it->field[i], all,
		    e);
	if (st == ST_OK)
		read_args(&w, it);
	return st;
}

struct master_arg *master_next_option(const struct master_entry *it,
    const struct master_arg *last)
{
	const struct list *p = last != NULL ? &last->link : &it->args;

	while ((p = p->next) != &it->args) {
		struct master_arg *arg =
		    CONTAINER_OF(p, struct master_arg, link);

		if (arg->kind == ARG_OPTION)
			return arg;
	}
	return NULL;
}

static enum st read_entry(struct master_cf *m, struct str line, size_t number,
    const char *file, struct err *e)
{
	struct master_entry *it = arena_alloc(&m->arena, sizeof(*it));
	enum st st = master_parse(&m->arena, line, it, e);

	if (st == ST_NONE)
		return err_temp(e, "4.3.5",
		    "file %s: line %zu: bad field count", file, number);
	if (st == ST_OK)
		list_add_tail(&m->entries, &it->link);
	return st;
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
