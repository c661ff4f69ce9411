/* cmd_dump - all records of a table, sorted, in one of four forms. */

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/utf8.h"
#include "map/source.h"
#include "maptool/alias.h"
#include "maptool/json.h"
#include "maptool/native.h"
#include "maptool/rows.h"

#define LINE_MAX_BYTES ((size_t)1 << 28)

enum {
	FORMAT = 256
};

struct dump {
	const struct format *format;
};

/* What a form needs to know. */
struct printer {
	const struct native *n;
	const struct rows *rows;
	const char *spec;
	size_t failed; /* records that the form cannot hold */
};

struct format {
	const char *name;
	void (*begin)(struct printer *p); /* may be NULL */
	void (*row)(struct printer *p, const struct row *row);
};

static void put(struct str s)
{
	fwrite(s.n != 0 ? s.p : "", 1, s.n, stdout);
}

static void text_row(struct printer *p UNUSED, const struct row *row)
{
	put(row->key);
	putchar('\t');
	put(row->val);
	putchar('\n');
}

/* --- JSON, RFC 8259: an object a line ------------------------------------ */

static void json_row(struct printer *p, const struct row *row)
{
	AUTO_BUF line = BUF_MAX(6 * LINE_MAX_BYTES);

	buf_addch(&line, '{');
	json_add(&line, row->key);
	buf_addc(&line, ": ");
	json_add(&line, row->val);
	buf_addc(&line, "}\n");
	put(buf_str(&line));
	p->failed += !utf8_valid(row->key) || !utf8_valid(row->val);
}

/* --- CSV, RFC 4180, with the line ends of Unix --------------------------- */

static void csv_field(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (strchr("\",\r\n", s.p[i]) != NULL)
			break;
	if (i == s.n) {
		put(s);
		return;
	}
	putchar('"');
	for (i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			putchar('"');
		putchar(s.p[i]);
	}
	putchar('"');
}

static void csv_begin(struct printer *p UNUSED)
{
	puts("key,value");
}

static void csv_row(struct printer *p UNUSED, const struct row *row)
{
	csv_field(row->key);
	putchar(',');
	csv_field(row->val);
	putchar('\n');
}

/* --- source: what builds the same table ---------------------------------- */

/* The options without which the build would make other records. */
static void source_begin(struct printer *p)
{
	const struct rows *r = p->rows;
	struct str name = str_c(p->spec), type;
	bool has_type = str_cut(&name, ':', &type), nul;

	if (!has_type)
		type = str_c(p->n->t.default_type);
	if (rows_suffix(type) == NULL)
		return;
	nul = !str_eqc(type, "cdb");
	printf("# build it with: maptool build%s%s%s %s\n",
	    r->aliases ? " -a" : "", r->upper != 0 ? " -f" : "",
	    r->n == 0 || nul == (r->with_nul != 0) ? ""
		: nul                              ? " -n"
						   : " -N",
	    p->spec);
}

/* Does this text have one record, the wanted one? */
static bool reads_as(struct str text, const struct row *row)
{
	struct str key, val;
	struct source s;
	bool good;

	log_to_stderr(false);
	source_init(&s, "", text, false);
	good = source_next(&s, &key, &val) && str_cmp(key, row->key) == 0 &&
	    str_cmp(val, row->val) == 0 && !source_next(&s, &key, &val);
	source_clear(&s);
	log_to_stderr(true);
	return good;
}

static bool alias_reads_as(struct str text, const struct row *row)
{
	AUTO_BUF key = BUF_MAX(LINE_MAX_BYTES);
	AUTO_BUF val = BUF_MAX(LINE_MAX_BYTES);
	struct lines l;
	struct str line;
	size_t number;
	bool good;

	lines_init(&l, text, NULL, NULL);
	good = lines_next(&l, &line, &number) &&
	    alias_parse(str_trim_right(line), &key, &val) == NULL &&
	    str_cmp(buf_str(&key), row->key) == 0 &&
	    str_cmp(buf_str(&val), row->val) == 0 &&
	    !lines_next(&l, &line, &number);
	lines_clear(&l);
	return good;
}

static void quoted(struct buf *out, struct str s)
{
	size_t i;

	buf_addch(out, '"');
	for (i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_addch(out, '\\');
		buf_addch(out, s.p[i]);
	}
	buf_addch(out, '"');
}

/* A plain word needs no quotes; all else is tried with them first. */
static bool is_plain(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (!isalnum((unsigned char)s.p[i]) &&
		    strchr("._+-", s.p[i]) == NULL)
			return false;
	return true;
}

static bool alias_line(struct buf *line, const struct row *row)
{
	buf_reset(line);
	if (is_plain(row->key))
		buf_add(line, row->key);
	else
		quoted(line, row->key);
	buf_addf(line, ": %.*s\n", STR_ARG(row->val));
	if (alias_reads_as(buf_str(line), row))
		return true;
	buf_setf(line, "%.*s: %.*s\n", STR_ARG(row->key), STR_ARG(row->val));
	return alias_reads_as(buf_str(line), row);
}

static bool table_line(struct buf *line, const struct row *row)
{
	buf_setf(line, "%.*s\t%.*s\n", STR_ARG(row->key), STR_ARG(row->val));
	return reads_as(buf_str(line), row);
}

static void source_row(struct printer *p, const struct row *row)
{
	AUTO_BUF line = BUF_MAX(LINE_MAX_BYTES);

	if (p->rows->aliases && rows_is_mark(row->key))
		return;
	if (p->rows->aliases ? alias_line(&line, row)
			     : table_line(&line, row)) {
		put(buf_str(&line));
		return;
	}
	p->failed++;
	log_warn("%s: no source has the key \"%.*s\" with its value", p->spec,
	    STR_ARG(row->key));
}

/* --- the command --------------------------------------------------------- */

static const struct format formats[] = {
	{ "text", NULL, text_row },
	{ "json", NULL, json_row },
	{ "csv", csv_begin, csv_row },
	{ "source", source_begin, source_row },
};

static bool option(int c, const char *arg, void *own)
{
	struct dump *d = own;
	size_t i;

	if (c != FORMAT)
		return false;
	for (i = 0; i < NELEM(formats); i++)
		if (strcmp(formats[i].name, arg) == 0)
			d->format = &formats[i];
	if (d->format == NULL)
		log_error("unknown format \"%s\"", arg);
	return d->format != NULL;
}

static int run(struct native *n, int argc, char **argv, void *own)
{
	struct dump *d = own;
	const struct format *f = d->format != NULL ? d->format : formats;
	struct rows_how how = { .t = &n->t };
	struct printer p = { .n = n, .spec = argv[0] };
	AUTO_ROWS rows = { .n = 0 };
	struct err e;
	size_t i;

	if (argc != 1)
		return native_error("one table at a time");
	if (rows_load(&rows, argv[0], &how, &e) != ST_OK)
		return native_error("%s", e.text);
	p.rows = &rows;
	if (f->begin != NULL)
		f->begin(&p);
	for (i = 0; i < rows.n; i++)
		f->row(&p, &rows.row[i]);
	if (p.failed != 0)
		return native_error("%s: %zu records cannot be written as %s",
		    argv[0], p.failed, f->name);
	return NATIVE_YES;
}

static const struct option longs[] = {
	{ "format", required_argument, NULL, FORMAT },
	{ NULL, 0, NULL, 0 },
};

const struct native_cmd cmd_dump = {
	.name = "dump",
	.args = "[-fu] [--format=text|json|csv|source] [-c dir] [type:]name",
	.idea = "all records of a table, sorted by key",
	.help = "  --format=text    key, tab, value (default)\n"
		"  --format=json    an object {\"key\": \"value\"} a line\n"
		"  --format=csv     two columns under the heading key,value\n"
		"  --format=source  text that builds the same table\n"
		"  -c dir  configuration\n"
		"  -f      do not fold the keys of a text file\n"
		"  -u      texts are not UTF-8\n",
	.letters = "c:fu",
	.longs = longs,
	.option = option,
	.run = run,
	.own_size = sizeof(struct dump),
	.least_arguments = 1,
};
