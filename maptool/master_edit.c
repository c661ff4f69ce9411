/* master_edit - copy a master.cf line by line, with some entries changed. */

#include "maptool/master_edit.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "conf/lines.h"
#include "conf/main_cf.h"
#include "maptool/master_print.h"
#include "maptool/postconf_file.h"

#define BLANKS " \t\r\n\v\f"

static bool has_blank(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (str_isspace(s.p[i]))
			return true;
	return false;
}

/* The new entry, field or parameter of an operand that sets one. */
static enum st check_value(struct master_edits *m, struct master_edit *it,
    struct err *e)
{
	const char *text = it->where.text;
	enum master_field f;
	enum st st;

	switch (m->what->letter) {
	case 'M':
		it->new = arena_alloc(&m->arena, sizeof(*it->new));
		st = master_parse(&m->arena, it->value, it->new, e);
		if (st == ST_NONE)
			return err_temp(e, "", "bad field count: \"%s\"", text);
		return st;
	case 'F':
		f = master_field_find(it->where.item);
		if (f != MF_COMMAND && has_blank(it->value))
			return err_temp(e, "",
			    "-Fe does not accept whitespace in non-command "
			    "field");
		return ST_OK;
	default:
		if (has_blank(it->value))
			return err_temp(e, "",
			    "-Pe does not accept whitespace in parameter "
			    "value");
		return ST_OK;
	}
}

static enum st read_operand(struct master_edits *m, const char *operand,
    struct master_edit *it, struct err *e)
{
	struct str s = str_c(operand), name = s;
	struct err why;
	enum st st;

	if (str_find(s, '\n') >= 0)
		return err_temp(e, "",
		    "-Me, -Fe, -Pe, -X, or -# accept no multi-line input");
	if (str_starts(str_trim_left(s), STR("#")))
		return err_temp(e, "",
		    "-Me, -Fe, -Pe, -X, or -# accept no comment input");
	if (m->mode == EDIT_SET &&
	    main_cf_split(s, &name, &it->value, &why) != ST_OK)
		return err_temp(e, "", "%s: \"%s\"", why.text, operand);
	if (m->mode != EDIT_SET && str_find(s, '=') >= 0)
		return err_temp(e, "", "-X or -# requires names without value");
	st = master_request_edit(&it->where, m->what, operand, name, e);
	if (st == ST_OK && m->mode == EDIT_SET)
		st = check_value(m, it, e);
	return st;
}

enum st master_edit_add(struct master_edits *m, const char *operand,
    struct err *e)
{
	struct master_edit it = { .value = STR_NONE };
	enum st st = read_operand(m, operand, &it, e);

	if (st != ST_OK)
		return st;
	m->all = xreallocarray(m->all, m->count + 1, sizeof(*m->all));
	m->all[m->count++] = it;
	return ST_OK;
}

void master_edits_clear(struct master_edits *m)
{
	free(m->all);
	arena_clear(&m->arena);
}

/* What becomes of the lines of an entry. */
enum fate {
	FATE_COPY,
	FATE_DROP,
	FATE_COMMENT,
	FATE_CHANGE, /* kept in entry, until the next one begins */
};

/* Where we are in the file. */
struct copy {
	struct master_edits *m;
	const char *file;
	struct buf *out;
	enum fate fate;
	size_t line, begin; /* numbers of this line, of the entry's first */
	struct str service, type;
	struct buf entry;
};

static void end_line(struct buf *out)
{
	if (out->n != 0 && out->p[out->n - 1] != '\n')
		buf_addch(out, '\n');
}

/* -P: give each -o of that name the value, or add one. */
static void set_option(struct master_edits *m, struct master_entry *it,
    const struct master_edit *edit)
{
	struct list *last = &it->args;
	struct master_arg *arg;
	bool found = false;

	master_options(o, it) {
		if (!str_eq(o->name, edit->where.item))
			continue;
		o->value = edit->value;
		found = true;
	}
	if (found)
		return;
	while (last->next != &it->args &&
	    CONTAINER_OF(last->next, struct master_arg, link)->daemon)
		last = last->next;
	arg = arena_alloc(&m->arena, sizeof(*arg));
	*arg = (struct master_arg){ .kind = ARG_OPTION,
		.daemon = true,
		.name = edit->where.item,
		.value = edit->value };
	list_add_head(last, &arg->link);
}

static void drop_option(struct master_entry *it, struct str name)
{
	list_foreach_safe(p, next, &it->args) {
		struct master_arg *arg =
		    CONTAINER_OF(p, struct master_arg, link);

		if (arg->kind == ARG_OPTION && str_eq(arg->name, name))
			list_del(p);
	}
}

static enum st change(struct master_edits *m, struct master_entry *it,
    const struct master_edit *edit, struct err *e)
{
	enum master_field f;
	enum st st;

	if (m->what->letter == 'P') {
		if (m->mode == EDIT_SET)
			set_option(m, it, edit);
		else
			drop_option(it, edit->where.item);
		return ST_OK;
	}
	f = master_field_find(edit->where.item);
	st = master_check_field(f, edit->value, edit->value, e);
	if (st == ST_OK && f == MF_COMMAND)
		return master_parse_command(&m->arena, edit->value, it, e);
	it->field[f] = edit->value;
	return st;
}

/* Print the entry that was collected, with all changes that mean it. */
static enum st finish_entry(struct copy *c, struct err *e)
{
	struct master_edits *m = c->m;
	struct master_entry it;
	enum st st;
	size_t i;

	if (c->fate != FATE_CHANGE)
		return ST_OK;
	st = master_parse(&m->arena, buf_str(&c->entry), &it, e);
	buf_reset(&c->entry);
	if (st == ST_NONE)
		return err_temp(e, "", "file %s: line %zu: bad field count",
		    c->file, c->begin);
	for (i = 0; i < m->count && st == ST_OK; i++)
		if (master_request_is(&m->all[i].where, c->service, c->type))
			st = change(m, &it, &m->all[i], e);
	if (st != ST_OK)
		return st;
	end_line(c->out);
	master_print(&it, true, c->out);
	return ST_OK;
}

/* Does it mean the entry, by its operand or as what -M puts there? */
static bool is_meant(const struct copy *c, const struct master_edit *it)
{
	return master_request_is(&it->where, c->service, c->type) ||
	    (it->new != NULL &&str_eq(it->new->field[MF_SERVICE], c->service) &&
		str_eq(it->new->field[MF_TYPE], c->type));
}

/*
 * How many edits mean the entry; all that do are seen from now on. *fresh is
 * the last of those that were not seen before, else NULL.
 */
static size_t find_edits(struct copy *c, const struct master_edit **fresh)
{
	size_t found = 0, i;

	*fresh = NULL;

	for (i = 0; i < c->m->count; i++) {
		struct master_edit *it = &c->m->all[i];

		if (!is_meant(c, it))
			continue;
		found++;
		if (!it->where.seen)
			*fresh = it;
		it->where.seen = true;
	}
	return found;
}

/* What operands could not name. */
static enum st check_syntax(const struct copy *c, const char *what,
    struct str s, const char *bad, struct err *e)
{
	struct str rest = s, word;

	if (str_word(&rest, bad, &word) && word.n == s.n)
		return ST_OK;
	return err_temp(e, "",
	    "file %s: line %zu: service %s syntax \"%.*s\" is unsupported with "
	    "-Me, -Fe, -Pe, -X, or -#",
	    c->file, c->line, what, STR_ARG(s));
}

static enum st begin_entry(struct copy *c, struct str line, struct err *e)
{
	const struct master_edit *fresh;
	struct str rest = line;
	enum st st;

	c->begin = c->line;
	if (!str_word(&rest, BLANKS, &c->service) ||
	    !str_word(&rest, BLANKS, &c->type))
		return err_temp(e, "",
		    "file %s: line %zu: specify service name and type on the "
		    "same line",
		    c->file, c->line);
	st = check_syntax(c, "name", c->service, "=", e);
	if (st == ST_OK)
		st = check_syntax(c, "type", c->type, "=/", e);
	if (st != ST_OK)
		return st;
	if (find_edits(c, &fresh) == 0)
		c->fate = FATE_COPY;
	else if (c->m->mode == EDIT_COMMENT)
		c->fate = FATE_COMMENT;
	else
		c->fate = c->m->what->letter == 'M' ? FATE_DROP : FATE_CHANGE;
	if (c->fate == FATE_DROP && c->m->mode == EDIT_SET && fresh != NULL)
		master_print(fresh->new, true, c->out);
	return ST_OK;
}

static enum st copy_line(struct copy *c, struct str line, struct err *e)
{
	enum line_kind kind = line_kind(line);
	struct str text, visible;
	enum st st;

	c->line++;
	if (kind == LINE_START) {
		st = finish_entry(c, e);
		if (st == ST_OK)
			st = begin_entry(c, line, e);
		if (st != ST_OK)
			return st;
	}
	if (kind == LINE_SKIP || c->fate == FATE_COPY) {
		buf_add(c->out, line);
	} else if (c->fate == FATE_COMMENT) {
		buf_addch(c->out, '#');
		buf_add(c->out, line);
	} else if (c->fate == FATE_CHANGE) {
		/* What follows a NUL is invisible, as when it is read. */
		str_cut(&line, '\n', &text);
		str_cut(&text, '\0', &visible);
		buf_add(&c->entry, visible);
	}
	return ST_OK;
}

/* What matched no entry: it is added (-M), or warned of. */
static void add_unseen(struct copy *c)
{
	struct master_edits *m = c->m;
	size_t i;

	for (i = 0; i < m->count; i++) {
		if (m->all[i].where.seen)
			continue;
		if (m->what->letter != 'M')
			log_warn("unmatched service_name/type: \"%s\"",
			    m->all[i].where.text);
		if (m->what->letter != 'M' || m->mode != EDIT_SET)
			continue;
		end_line(c->out);
		master_print(m->all[i].new, true, c->out);
	}
}

enum st master_edit_text(struct master_edits *m, struct str text,
    const char *file, struct buf *out, struct err *e)
{
	struct copy c = { .m = m,
		.file = file,
		.out = out,
		.entry = BUF_MAX(PC_FILE_MAX) };
	enum st st = ST_OK;
	struct str line;

	while (st == ST_OK && line_cut(&text, &line))
		st = copy_line(&c, line, e);
	if (st == ST_OK)
		st = finish_entry(&c, e);
	if (st == ST_OK)
		add_unseen(&c);
	buf_clear(&c.entry);
	return st;
}

int pc_edit_master(const struct postconf *pc, const struct master_mode *what)
{
	struct master_edits m = { .what = what, .mode = pc_edit_mode(pc) };
	AUTO_BUF text = BUF_MAX(PC_FILE_MAX);
	AUTO_BUF out = BUF_MAX(PC_FILE_MAX + 65536);
	struct pc_file f;
	struct err e;
	size_t i;

	if (pc->names[0] == NULL)
		log_fatal("%s",
		    m.mode == EDIT_SET ? "-e requires name=value argument"
				       : "missing service argument");
	for (i = 0; pc->names[i] != NULL; i++)
		if (master_edit_add(&m, pc->names[i], &e) != ST_OK)
			log_fatal("%s", e.text);
	pc_verbose(pc, "editing", "master.cf");
	pc_file_open(&f, pc->dir, "master.cf", &text);
	if (master_edit_text(&m, buf_str(&text), f.path, &out, &e) != ST_OK)
		pc_file_give_up(&f, "%s", e.text);
	pc_file_replace(&f, &out);
	master_edits_clear(&m);
	return 0;
}
