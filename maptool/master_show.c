/* master_show - print what master.cf says, entry by entry. */

#include "maptool/master_show.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "maptool/postconf_show.h"

#define VALUE_MAX  (1024 * 1024)
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

/* -x: values for $name in all parameters of the entry; the old ones go back. */
static struct str *expand_entry(struct show *s)
{
	AUTO_BUF out = BUF_MAX(VALUE_MAX);
	struct str *values;
	struct err e;
	size_t n = 0;

	master_options(o, s->it)
		n++;
	values = arena_array(&s->arena, n + 1, sizeof(*values));
	n = 0;
	master_options(o, s->it) {
		buf_reset(&out);
		if (pc_expand_option(s->n, s->it, o->value, &out, &e) !=
		    ST_OK) {
			log_warn("%s", e.text);
			log_fatal("macro processing error");
		}
		values[n++] = arena_str(&s->arena, buf_str(&out));
	}
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

static void show_entry(struct show *s)
{
	AUTO_BUF out = BUF_MAX(2 * VALUE_MAX);

	master_print(s->it, pc_has(s->pc, 'f'), &out);
	print(&out);
}

/* The name of a field or parameter of the entry, "smtp/inet/chroot". */
static const char *full_name(struct show *s, struct str item)
{
	return arena_printf(&s->arena, "%.*s/%.*s/%.*s",
	    STR_ARG(s->it->field[MF_SERVICE]), STR_ARG(s->it->field[MF_TYPE]),
	    STR_ARG(item));
}

static void show_field(struct show *s, enum master_field f)
{
	const char *name = full_name(s, str_c(master_field_name(f)));
	AUTO_BUF out = BUF_MAX(2 * VALUE_MAX);
	struct str value = s->it->field[f];

	if (pc_has(s->pc, 'H')) {
		buf_addf(&out, "%s\n", name);
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

static int by_name(const void *a, const void *b)
{
	const struct master_arg *const *x = a, *const *y = b;

	return str_cmp((*x)->name, (*y)->name);
}

/* Each parameter of the entry once, the last one counts, sorted by name. */
static size_t list_options(struct show *s, struct master_arg ***list)
{
	struct master_arg **all;
	size_t n = 0, i;

	master_options(o, s->it)
		n++;
	all = arena_array(&s->arena, n + 1, sizeof(struct master_arg *));
	n = 0;
	master_options(o, s->it) {
		if (o->read_only)
			continue;
		for (i = 0; i < n && !str_eq(all[i]->name, o->name); i++)
			continue;
		all[i] = o;
		n += i == n;
	}
	qsort(all, n, sizeof(struct master_arg *), by_name);
	*list = all;
	return n;
}

static bool show_options(struct show *s, const struct master_request *r)
{
	struct master_arg **all;
	size_t n = list_options(s, &all), i;
	bool any = false;

	for (i = 0; i < n; i++) {
		AUTO_BUF out = BUF_MAX(2 * VALUE_MAX);

		if (!master_request_item(r, all[i]->name))
			continue;
		any = true;
		pc_format(s->pc, full_name(s, all[i]->name), all[i]->value,
		    &out);
		print(&out);
	}
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
		if (pc_has(pc, 'x'))
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
