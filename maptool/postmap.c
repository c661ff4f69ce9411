/* postmap - tables from lines of "key value". */

#include "maptool/postmap.h"

#include "base/base64.h"
#include "base/log.h"
#include "map/rhs.h"
#include "map/source.h"
#include "maptool/progress.h"
#include "maptool/tables.h"

#define VALUE_MAX ((size_t)1 << 26)

/* -F: the value names files; what they hold is stored as base64. */
static bool encode_files(const struct source *s, struct str names,
    struct buf *value)
{
	AUTO_BUF content = BUF_MAX(VALUE_MAX);
	struct err e;

	buf_reset(value);
	if (rhs_read(names, &content, &e) == ST_OK)
		return base64_encode(value, buf_str(&content));
	log_warn("%s, line %zu: %s: skipping this entry", s->name, s->line,
	    e.text);
	return false;
}

static void read_records(const struct tables *t, struct map_build *b,
    const char *name, struct str text)
{
	AUTO_BUF value = BUF_MAX(2 * VALUE_MAX);
	struct source s;
	struct str key, val;

	source_init(&s, name, text, (t->flags & MAP_UTF8) != 0);
	while (source_next(&s, &key, &val)) {
		progress_at(s.line, s.lines.rest.n);
		if ((t->flags & MAP_RHS_FILES) != 0) {
			if (!encode_files(&s, val, &value))
				continue;
			val = buf_str(&value);
		}
		tables_put(b, key, val);
	}
	source_clear(&s);
}

static const struct option words[] = {
	{ "atomic", no_argument, NULL, WORD_ATOMIC },
	{ NULL, 0, NULL, 0 },
};

static const struct tables_tool postmap = {
	/* "+": what follows the first map is a map. */
	.letters = "+bc:d:fFhijmnNopq:rsuUvw",
	.words = words,
	.usage = "postmap [-bfFhimnNoprsuUvw] [-c config_dir] [-d key] "
		 "[-q key] [map_type:]file...",
	.separator = "\t",
	.read = read_records,
};

int postmap_main(int argc, char **argv)
{
	return tables_main(&postmap, argc, argv);
}

const struct tables_tool *const tables_postmap = &postmap;
