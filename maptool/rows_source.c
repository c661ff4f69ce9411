/* rows_source - the records that a source's table would have. */

#include <stdint.h>

#include "base/base64.h"
#include "base/io.h"
#include "base/log.h"
#include "base/utf8.h"
#include "map/rhs.h"
#include "map/source.h"
#include "map/types.h"
#include "maptool/alias.h"
#include "maptool/rows_read.h"

#define SOURCE_MAX ((size_t)1 << 32)
#define VALUE_MAX  ((size_t)1 << 26)
#define KEY_MAX    70000

/* The key as it is stored. */
static void add(struct rows *r, const struct tables *t, struct source *s,
    struct str key, struct str val)
{
	AUTO_BUF folded = BUF_MAX(KEY_MAX);
	const struct map shape = { .ops = &map_hash_ops, .flags = t->flags };

	if (map_fold_key(&shape, key, &folded))
		rows_add(r, buf_str(&folded), val, s->line);
	else
		log_warn("%s, line %zu: key of more than %d bytes", s->name,
		    s->line, KEY_MAX);
}

static void read_records(struct rows *r, const struct tables *t,
    const char *path, struct str text)
{
	AUTO_BUF content = BUF_MAX(VALUE_MAX);
	AUTO_BUF value = BUF_MAX(2 * VALUE_MAX);
	struct source s;
	struct str key, val;
	struct err e;

	source_init(&s, path, text, (t->flags & MAP_UTF8) != 0);
	while (source_next(&s, &key, &val)) {
		if ((t->flags & MAP_RHS_FILES) != 0) {
			buf_reset(&value);
			if (rhs_read(val, &content, &e) != ST_OK ||
			    !base64_encode(&value, buf_str(&content)))
				continue;
			val = buf_str(&value);
		}
		add(r, t, &s, key, val);
	}
	source_clear(&s);
}

static void warn(const char *text, void *name)
{
	log_warn("%s: %s", (const char *)name, text);
}

static void read_aliases(struct rows *r, const struct tables *t,
    const char *path, struct str text)
{
	AUTO_BUF key = BUF_MAX(VALUE_MAX);
	AUTO_BUF val = BUF_MAX(VALUE_MAX);
	struct source s = { .name = path };
	struct str line;

	lines_init(&s.lines, text, warn, (void *)(uintptr_t)path);
	while (lines_next(&s.lines, &line, &s.line)) {
		const char *why;

		line = str_trim_right(line);
		if (line.n == 0)
			continue;
		why = (t->flags & MAP_UTF8) != 0 && !utf8_valid(line)
		    ? "no UTF-8"
		    : alias_parse(line, &key, &val);
		if (why != NULL)
			log_warn("%s, line %zu: %s", path, s.line, why);
		else
			add(r, t, &s, buf_str(&key), buf_str(&val));
	}
	lines_clear(&s.lines);
}

enum st rows_read_source(struct rows *r, const char *path,
    const struct rows_how *how, struct err *e)
{
	AUTO_BUF text = BUF_MAX(SOURCE_MAX);

	if (io_read_file(path, &text, e) != ST_OK)
		return ST_TEMP;
	if (how->aliases)
		read_aliases(r, how->t, path, buf_str(&text));
	else
		read_records(r, how->t, path, buf_str(&text));
	return ST_OK;
}
