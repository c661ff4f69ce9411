/* postconf_edit - change main.cf, all or nothing. */

#include "maptool/postconf_edit.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "conf/lines.h"
#include "conf/main_cf.h"
#include "maptool/postconf_file.h"

enum edit_mode pc_edit_mode(const struct postconf *pc)
{
	return pc_has(pc, 'e') ? EDIT_SET
	    : pc_has(pc, 'X')  ? EDIT_DROP
			       : EDIT_COMMENT;
}

static int by_name(const void *a, const void *b)
{
	const struct edit *x = a, *y = b;

	return str_cmp(x->name, y->name);
}

static struct edit *find(struct edit *edits, size_t count, struct str line)
{
	struct edit key = { .name = line };
	size_t n = 0;

	while (n < line.n && line.p[n] != '=' && !str_isspace(line.p[n]))
		n++;
	key.name.n = n;
	return count == 0
	    ? NULL
	    : bsearch(&key, edits, count, sizeof(*edits), by_name);
}

static void put_entry(const struct edit *it, struct buf *out)
{
	buf_addf(out, "%.*s = %.*s\n", STR_ARG(it->name), STR_ARG(it->value));
}

void edit_text(struct str text, enum edit_mode mode, struct edit *edits,
    size_t count, struct buf *out)
{
	struct edit *it = NULL; /* whose entry we are in */
	struct str line;
	size_t i;

	while (line_cut(&text, &line)) {
		enum line_kind kind = line_kind(line);

		if (kind == LINE_START) {
			it = find(edits, count, line);
			if (it != NULL)
				it->seen++;
			if (it != NULL && mode == EDIT_SET)
				put_entry(it, out);
		}
		if (kind != LINE_SKIP && it != NULL && mode != EDIT_COMMENT)
			continue;
		if (kind != LINE_SKIP && it != NULL)
			buf_addch(out, '#');
		buf_add(out, line);
	}
	for (i = 0; i < count && mode == EDIT_SET; i++) {
		if (edits[i].seen != 0)
			continue;
		if (out->n != 0 && out->p[out->n - 1] != '\n')
			buf_addch(out, '\n');
		put_entry(&edits[i], out);
	}
}

/* Take one operand to pieces; all of them are checked before a file is open. */
static void read_operand(char *text, enum edit_mode mode, struct edit *it)
{
	struct str s = str_c(text), trimmed = str_trim(s);
	struct err e;

	if (str_find(s, '\n') >= 0)
		log_fatal("-e, -X, or -# accepts no multi-line input");
	if (trimmed.n != 0 && trimmed.p[0] == '#')
		log_fatal("-e, -X, or -# accepts no comment input");
	if (mode != EDIT_SET) {
		if (trimmed.n == 0)
			log_fatal("-X or -# requires non-blank parameter "
				  "names");
		if (str_find(s, '=') >= 0)
			log_fatal("-X or -# requires parameter names without "
				  "value");
		it->name = trimmed;
		return;
	}
	if (main_cf_split(s, &it->name, &it->value, &e) != ST_OK)
		log_fatal("%s: \"%.*s\"", e.text, STR_ARG(trimmed));
}

/* Put *it among the edits; a name that is there already gets its new value. */
static void add_edit(struct edit *edits, size_t *count, enum edit_mode mode,
    const struct edit *it)
{
	size_t i;

	for (i = 0; i < *count && !str_eq(edits[i].name, it->name); i++)
		continue;
	if (i < *count && mode == EDIT_SET)
		log_warn("ignoring earlier request: '%.*s = %.*s'",
		    STR_ARG(edits[i].name), STR_ARG(edits[i].value));
	edits[i] = *it;
	*count += i == *count;
}

static struct edit *read_operands(const struct postconf *pc,
    enum edit_mode mode, size_t *count)
{
	struct edit *edits;
	size_t n = 0, i;

	while (pc->names[n] != NULL)
		n++;
	if (n == 0 && mode == EDIT_SET)
		log_fatal("-e requires name=value argument");
	if (n == 0)
		log_fatal("missing service argument");
	edits = xcalloc(n, sizeof(*edits));
	*count = 0;
	for (i = 0; i < n; i++) {
		struct edit it = { .seen = 0 };

		read_operand(pc->names[i], mode, &it);
		add_edit(edits, count, mode, &it);
	}
	qsort(edits, *count, sizeof(*edits), by_name);
	return edits;
}

int pc_edit(const struct postconf *pc)
{
	enum edit_mode mode = pc_edit_mode(pc);
	AUTO_BUF text = BUF_MAX(PC_FILE_MAX);
	AUTO_BUF out = BUF_MAX(PC_FILE_MAX + 65536);
	struct edit *edits;
	struct pc_file f;
	size_t count, i;

	edits = read_operands(pc, mode, &count);
	pc_verbose(pc, "editing", "main.cf");
	pc_file_open(&f, pc->dir, "main.cf", &text);
	edit_text(buf_str(&text), mode, edits, count, &out);
	for (i = 0; i < count; i++)
		if (edits[i].seen > 1)
			log_warn("%s: multiple entries for \"%.*s\"", f.path,
			    STR_ARG(edits[i].name));
	pc_file_replace(&f, &out);
	free(edits);
	return 0;
}
