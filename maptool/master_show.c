/* master_show - print what master.cf says, entry by entry. */

#include "maptool/master_show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "maptool/master_print.h"
#include "maptool/postconf_show.h"

#define VALUE_MAX  (64 * 1024 * 1024)
#define LINE_LIMIT 80
#define INDENT     "    "

struct show {
	const struct postconf *pc;
	struct pc_names *n;
	const struct master_mode *what;
	struct master_request *requests;
	size_t count;
	struct arena arena;
	struct master_entry *it; /* the current one */
};

/* Exchange the entry's values with those in values. */
static void swap_values(struct show *s, struct str *values)
{
	size_t i = 0;

	master_options(o, s->it) {
		struct str old = o->value;

		o->value = values[i];
		values[i++] = old;
	}
}

/* -x: $name is looked up in the entry first. */
static struct str expanded(struct show *s, struct str text)
{
	AUTO_BUF out = BUF_MAX(VALUE_MAX);
	struct err e;

	if (!pc_has(s->pc, 'x'))
		return text;
	if (pc_expand_option(s->n, s->it, text, &out, &e) != ST_OK) {
		log_warn("%s", e.text);
		log_fatal("macro processing error");
	}
	return arena_str(&s->arena, buf_str(&out));
}

/* -x: expand all parameters of the entry; the old values are returned. */
static struct str *expand_entry(struct show *s)
{
	struct str *values;
	size_t n = 0;

	master_options(o, s->it)
		n++;
	values = arena_array(&s->arena, n + 1, sizeof(*values));
	n = 0;
	master_options(o, s->it)
		values[n++] = expanded(s, o->value);
	/* Only now: each is expanded from the others as they stand there. */
	swap_values(s, values);
	return values;
}

static void print(const struct buf *out)
{
	if (out->full)
		log_fatal("a value is longer than %d bytes", VALUE_MAX);
	fwrite(out->p, 1, out->n, stdout);
}

/* The name of a field or parameter of the entry, "smtp/inet/chroot". */
static const char *full_name(struct show *s, struct str item)
{
	return arena_printf(&s->arena, "%.*s/%.*s%s%.*s",
	    STR_ARG(s->it->field[MF_SERVICE]), STR_ARG(s->it->field[MF_TYPE]),
	    item.n != 0 ? "/" : "", STR_ARG(item));
}

static void show_entry(struct show *s)
{
	AUTO_BUF line = BUF_MAX(VALUE_MAX);
	AUTO_BUF out = BUF_MAX(2 * VALUE_MAX);

	master_print(s->it, pc_has(s->pc, 'f'), &line);
	if (pc_has(s->pc, 'j'))
		pc_format(s->pc, full_name(s, STR_NONE), buf_str(&line), &out);
	if (line.full)
		out.full = true;
	print(pc_has(s->pc, 'j') ? &out : &line);
}

static void show_field(struct show *s, enum master_field f)
{
	const char *name = full_name(s, str_c(master_field_name(f)));
	AUTO_BUF out = BUF_MAX(2 * VALUE_MAX);
	struct str value = s->it->field[f];

	if (pc_has(s->pc, 'H') || pc_has(s->pc, 'j')) {
		AUTO_BUF command = BUF_MAX(VALUE_MAX);

		master_print_command(s->it, 0, false, &command);
		pc_format(s->pc, name,
		    f == MF_COMMAND ? buf_str(&command) : value, &out);
		print(&out);
		return;
	}
	if (!pc_has(s->pc, 'h'))
		buf_addf(&out, "%s = ", name);
	if (f == MF_COMMAND) {
		master_print_command(s->it, out.n, pc_has(s->pc, 'f'), &out);
	} else {
		/* As the original, also without -f. */
		if (out.n + value.n >= LINE_LIMIT && out.n != 0)
			buf_addc(&out, "\n" INDENT);
		buf_add(&out, value);
	}
	buf_addch(&out, '\n');
	print(&out);
}

static void show_fields(struct show *s, const struct master_request *r)
{
	size_t f;

	for (f = 0; f < MF_COUNT; f++)
		if (master_request_item(r,
			str_c(master_field_name((enum master_field)f))))
			show_field(s, (enum master_field)f);
}

/* A parameter, as an entry has it. */
struct setting {
	struct str name, value;
};

struct settings {
	struct show *s;
	struct setting *all;
	size_t count;
};

static int by_name(const void *a, const void *b)
{
	const struct setting *x = a, *y = b;

	return str_cmp(x->name, y->name);
}

/* Put it in; what is there already gets the value when `last` says so. */
static void add_setting(struct settings *l, struct str name, struct str value,
    bool last)
{
	size_t i;

	for (i = 0; i < l->count && !str_eq(l->all[i].name, name); i++)
		continue;
	if (i < l->count && !last)
		return;
	l->all = xreallocarray(l->all, l->count + 1, sizeof(*l->all));
	l->all[i] = (struct setting){ name, value };
	l->count += i == l->count;
}

static bool add_main(const char *name, const char *value, void *arg)
{
	add_setting(arg, str_c(name), str_c(value), false);
	return true;
}

/* -PP: the entry has from main.cf, or by default, what its -o do not say. */
static void add_inherited(struct settings *l, const struct master_request *r)
{
	struct show *s = l->s;
	const char *name = arena_strz(&s->arena, r->item);
	const char *text = conf_text(s->pc->conf, name);

	if (strcmp(name, "*") == 0)
		conf_each(s->pc->conf, add_main, l);
	if (text == NULL)
		text = pc_service_default(s->n, name);
	if (text != NULL)
		add_setting(l, r->item, str_c(text), false);
}

/* Each parameter once, sorted; false: none is meant. */
static bool show_options(struct show *s, const struct master_request *r)
{
	struct settings l = { .s = s };
	bool any = false;
	size_t i;

	master_options(o, s->it)
		if (!o->read_only)
			add_setting(&l, o->name, o->value, true);
	if (s->pc->effective)
		add_inherited(&l, r);
	if (l.count != 0)
		qsort(l.all, l.count, sizeof(*l.all), by_name);
	for (i = 0; i < l.count; i++) {
		AUTO_BUF out = BUF_MAX(2 * VALUE_MAX);

		if (!master_request_item(r, l.all[i].name))
			continue;
		any = true;
		pc_format(s->pc, full_name(s, l.all[i].name),
		    expanded(s, l.all[i].value), &out);
		print(&out);
	}
	free(l.all);
	return any;
}

static void show_request(struct show *s, struct master_request *r)
{
	if (!master_request_is(r, s->it->field[MF_SERVICE],
		s->it->field[MF_TYPE]))
		return;
	switch (s->what->letter) {
	case 'M':
		show_entry(s);
		r->seen = true;
		break;
	case 'F':
		show_fields(s, r);
		r->seen = true;
		break;
	default:
		r->seen |= show_options(s, r);
	}
}

static void read_requests(struct show *s)
{
	static const char all[] = "*";
	char **p;

	for (p = s->pc->names; *p != NULL; p++)
		s->count++;
	s->requests = xcalloc(s->count + 1, sizeof(*s->requests));
	if (s->count == 0)
		master_request_show(&s->requests[s->count++], s->what, all);
	for (p = s->pc->names; *p != NULL; p++)
		master_request_show(&s->requests[p - s->pc->names], s->what,
		    *p);
}

int pc_show_master(const struct postconf *pc, struct pc_names *n,
    const struct master_mode *what)
{
	struct show s = { .pc = pc, .n = n, .what = what };
	struct str *original = NULL;
	size_t i;

	read_requests(&s);
	list_foreach(p, &n->master.entries) {
		s.it = CONTAINER_OF(p, struct master_entry, link);
		if (pc_has(pc, 'x') && what->letter != 'P')
			original = expand_entry(&s);
		for (i = 0; i < s.count; i++)
			show_request(&s, &s.requests[i]);
		if (original != NULL)
			swap_values(&s, original);
	}
	if (fflush(stdout) != 0)
		log_fatal("write to standard output: %m");
	for (i = 0; pc->names[0] != NULL && i < s.count; i++)
		if (!s.requests[i].seen)
			log_warn("unmatched request: \"%s\"",
			    s.requests[i].text);
	free(s.requests);
	arena_clear(&s.arena);
	return 0;
}
