/* master_print - an entry of master.cf in columns, its command folded. */

#include "maptool/master_print.h"

/* Folded lines are shorter than this, if their words are. */
#define LINE_LIMIT 80
#define INDENT     "    "

static bool has_blank(struct str s)
{
	size_t i;

	for (i = 0; i < s.n && !str_isspace(s.p[i]); i++)
		continue;
	return i < s.n;
}

static void add_text(struct str s, bool braces, struct buf *out)
{
	if (braces)
		buf_addch(out, '{');
	buf_add(out, s);
	if (braces)
		buf_addch(out, '}');
}

static void add_option(const struct master_arg *arg, struct buf *out)
{
	bool braces;

	buf_addc(out, "-o ");
	if (arg->kind == ARG_BAD_OPTION) {
		add_text(arg->text, has_blank(arg->text), out);
		return;
	}
	braces = has_blank(arg->name) || has_blank(arg->value);
	if (braces)
		buf_addch(out, '{');
	buf_add(out, arg->name);
	buf_addch(out, '=');
	buf_add(out, arg->value);
	if (braces)
		buf_addch(out, '}');
}

void master_print_command(const struct master_entry *it, size_t column,
    bool fold, struct buf *out)
{
	size_t begin = out->n - column; /* of the line */
	bool after_option = false;

	buf_add(out, it->field[MF_COMMAND]);
	list_foreach(p, &it->args) {
		const struct master_arg *arg =
		    CONTAINER_OF(p, struct master_arg, link);
		bool option = arg->kind != ARG_WORD;

		if (fold &&
		    (option || after_option ||
			out->n - begin + 1 + arg->text.n >= LINE_LIMIT)) {
			buf_addch(out, '\n');
			begin = out->n;
			buf_addc(out, INDENT);
		} else {
			buf_addch(out, ' ');
		}
		if (option)
			add_option(arg, out);
		else
			add_text(arg->text,
			    arg->braced &&
				(has_blank(arg->text) || arg->text.n == 0),
			    out);
		after_option = option;
	}
}

void master_print(const struct master_entry *it, bool fold, struct buf *out)
{
	/* Where each field begins, if those before it are not too long. */
	static const size_t columns[MF_COUNT] = { 0, 11, 17, 25, 33, 41, 49,
		57 };
	size_t begin = out->n, i;

	for (i = 0; i < MF_COMMAND; i++) {
		buf_add(out, it->field[i]);
		do {
			buf_addch(out, ' ');
		} while (!out->full && out->n - begin < columns[i + 1]);
	}
	master_print_command(it, out->n - begin, fold, out);
	buf_addch(out, '\n');
}
