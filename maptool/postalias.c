/* postalias - tables from alias files; newaliases does it for all of them. */

#include <stdint.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "conf/lines.h"
#include "map/list.h"
#include "maptool/alias.h"
#include "maptool/postmap.h"
#include "maptool/progress.h"
#include "maptool/tables.h"

#define LINE_MAX_BYTES ((size_t)1 << 26)

static void warn(const char *text, void *name)
{
	log_warn("%s: %s", (const char *)name, text);
}

static void read_line(const struct tables *t, struct map_build *b,
    struct str line, const char *place)
{
	AUTO_BUF key = BUF_MAX(LINE_MAX_BYTES);
	AUTO_BUF val = BUF_MAX(LINE_MAX_BYTES);
	AUTO_BUF quoted = BUF_MAX(2 * LINE_MAX_BYTES);
	struct str name;
	const char *why;

	if ((t->flags & MAP_UTF8) != 0 && !utf8_valid(line)) {
		log_warn("%s: non-UTF-8 input \"%.*s\" -- ignoring this line",
		    place, STR_ARG(line));
		return;
	}
	why = alias_parse(line, &key, &val);
	if (why != NULL) {
		log_warn("%s: %s", place, why);
		return;
	}
	name = buf_str(&key);
	if (t->quoted && alias_quote_key(name, &quoted))
		name = buf_str(&quoted);
	tables_put(b, name, buf_str(&val));
}

/*
 * What sendmail and NIS look for: the file is complete ("@"), who made it and
 * when. The latter two never end in a NUL.
 */
static void put_marks(const struct tables *t, struct map_build *b)
{
	AUTO_BUF now = BUF_MAX(30);
	const char *host;
	struct err e;

	buf_addf(&now, "%010jd", (intmax_t)clock_seconds());
	if (conf_str(t->conf, "myhostname", &host, &e) != ST_OK ||
	    map_build_set(b, STR("@"), STR("@"), MAP_BUILD_STYLE, &e) !=
		ST_OK ||
	    map_build_set(b, STR("YP_LAST_MODIFIED"), buf_str(&now),
		MAP_BUILD_BARE, &e) != ST_OK ||
	    map_build_set(b, STR("YP_MASTER_NAME"), str_c(host), MAP_BUILD_BARE,
		&e) != ST_OK) {
		map_build_discard(b);
		log_fatal("%s", e.text);
	}
}

static void read_aliases(const struct tables *t, struct map_build *b,
    const char *name, struct str text)
{
	struct lines l;
	struct str line;
	size_t number;

	lines_init(&l, text, warn, (void *)(uintptr_t)name);
	while (lines_next(&l, &line, &number)) {
		AUTO_BUF place = BUF_MAX(5000);

		progress_at(number, l.rest.n);
		buf_addf(&place, "%s, line %zu", name, number);
		line = str_trim_right(line);
		if (line.n != 0)
			read_line(t, b, line, buf_c(&place));
	}
	lines_clear(&l);
	put_marks(t, b);
}

static const struct option words[] = {
	{ "atomic", no_argument, NULL, WORD_ATOMIC },
	{ "quoted-alias-keys", no_argument, NULL, WORD_QUOTED_KEYS },
	{ NULL, 0, NULL, 0 },
};

static const struct tables_tool postalias = {
	.letters = "+c:d:fijnNopq:rsuvw",
	.words = words,
	.usage = "postalias [-Nfinoprsuvw] [-c config_dir] [-d key] [-q key] "
		 "[map_type:]file...",
	.separator = ":\t",
	.read = read_aliases,
	.other_key = alias_quote_key,
};

int postalias_main(int argc, char **argv)
{
	return tables_main(&postalias, argc, argv);
}

/* Options are sendmail's, and mean nothing here. */
int newaliases_main(int argc UNUSED, char **argv UNUSED)
{
	struct tables t = { .tool = &postalias, .mode = 'b' };
	const char *list;
	struct str rest, item;
	struct err e;

	tables_config(&t);
	if (conf_str(t.conf, "alias_database", &list, &e) != ST_OK)
		log_fatal("%s", e.text);
	rest = str_c(list);
	while (list_item(&rest, &item)) {
		char *map = xstrndup(item);

		t.maps = &map;
		t.n = 1;
		tables_make(&t);
		free(map);
	}
	conf_free(t.conf);
	return 0;
}

const struct tables_tool *const tables_postalias = &postalias;
