/* master_print - an entry of master.cf in columns, its command folded. */

#include "maptool/master_cf.h"

/* Folded lines are shorter than this, if their words are. */
#define LINE_LIMIT 80
#define INDENT     "    "

/* In braces, when it would not be one argument without. */
static void add_option(const struct master_arg *arg, struct buf *out)
{
	size_t i, begin;

	buf_addc(out, "-o ");
	begin = out->n;
	if (arg->kind == ARG_OPTION)
		buf_addf(out, "%.*s=%.*s", STR_ARG(arg->name),
		    STR_ARG(arg->value));
	else
		buf_add(out, arg->text);
	for (i = begin; i < out->n; i++)
		if (str_isspace(out->p[i]))
			break;
	if (i == out->n)
		return;
	AUTO_BUF bare = BUF_MAX(out->max);
	buf_add(&bare, str_skip(buf_str(out), begin));
	buf_cut(out, begin);
	buf_addf(out, "{%.*s}", STR_ARG(buf_str(&bare)));
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
			out->n - begin + arg->text.n >= LINE_LIMIT)) {
			buf_addch(out, '\n');
			begin = out->n;
			buf_addc(out, INDENT);
		} else {
			buf_addch(out, ' ');
		}
		if (option)
			add_option(arg, out);
		else
			buf_add(out, arg->text);
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
