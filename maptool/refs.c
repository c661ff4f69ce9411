/* refs - tables in the values of main.cf and master.cf. */

#include "maptool/refs.h"

#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "conf/lines.h"
#include "maptool/rows.h"

#define VALUE_MAX ((size_t)1 << 20)

struct finder {
	struct refs *refs;
	struct conf *conf;
	const char *default_type;
	struct str param; /* whose value it is */
	bool builtin;
};

bool refs_is_cache(struct str param)
{
	return str_ends(param, STR("_cache_database")) ||
	    str_ends(param, STR("_cache_map")) ||
	    str_eqc(param, "address_verify_map");
}

static bool is_aliases(struct str param)
{
	return str_eqc(param, "alias_maps") || str_eqc(param, "alias_database");
}

static struct ref *find(const struct refs *r, const char *spec)
{
	list_foreach(p, &r->list) {
		struct ref *it = CONTAINER_OF(p, struct ref, link);

		if (str_eqc(str_c(spec), it->spec))
			return it;
	}
	return NULL;
}

static void note(struct finder *f, struct str type, struct str name)
{
	struct arena *a = &f->refs->arena;
	const char *spec =
	    arena_printf(a, "%.*s:%.*s", STR_ARG(type), STR_ARG(name));
	struct ref *it = find(f->refs, spec);

	if (it == NULL) {
		it = arena_alloc(a, sizeof(*it));
		*it = (struct ref){ .spec = spec,
			.type = arena_strz(a, type),
			.name = arena_strz(a, name),
			.param = arena_strz(a, f->param),
			.cache = true,
			.builtin = true };
		list_add_tail(&f->refs->list, &it->link);
	}
	it->aliases = it->aliases || is_aliases(f->param);
	it->cache = it->cache && refs_is_cache(f->param);
	it->builtin = it->builtin && f->builtin;
}

static void note_value(struct finder *f, struct str value)
{
	bool bare = str_ends(f->param, STR("_maps")) || is_aliases(f->param);
	struct str word, type, name;
	bool has_type;

	/* These only repeat what others name. */
	if (str_eqc(f->param, "proxy_read_maps") ||
	    str_eqc(f->param, "proxy_write_maps"))
		return;
	while (str_word(&value, ", \t\r\n{}", &word)) {
		while (str_starts(word, STR("proxy:")))
			word = str_skip(word, 6);
		name = word;
		has_type = str_cut(&name, ':', &type);
		if (!has_type && bare && word.p[0] == '/') {
			type = str_c(f->default_type);
			name = word;
		}
		/* "hash:/etc/" is the start of one, in a user's own
		 * parameter. */
		if (name.n != 0 && name.p[name.n - 1] != '/' &&
		    rows_suffix(type) != NULL)
			note(f, type, name);
	}
}

static bool in_main(const char *name, const char *value UNUSED, void *arg)
{
	struct finder *f = arg;
	const char *expanded;
	struct err e;

	f->param = str_c(name);
	f->builtin = false;
	if (conf_str(f->conf, name, &expanded, &e) == ST_OK)
		note_value(f, str_c(expanded));
	return true;
}

/* What holds without main.cf saying so: alias_maps = hash:/etc/aliases. */
static void in_defaults(struct finder *f)
{
	const char *expanded;
	const struct param *rows;
	struct err e;
	size_t n, i;

	rows = param_rows(&n);
	for (i = 0; i < n; i++) {
		if (conf_raw(f->conf, rows[i].name) != NULL)
			continue;
		f->param = str_c(rows[i].name);
		f->builtin = true;
		if (conf_str(f->conf, rows[i].name, &expanded, &e) == ST_OK)
			note_value(f, str_c(expanded));
	}
}

/* "-o name=value", "-o { name = value, value }": a name is before each "=". */
static void in_service(struct finder *f, struct str line)
{
	AUTO_BUF expanded = BUF_MAX(VALUE_MAX);
	struct str rest, part;
	struct err e;
	ptrdiff_t n;

	if (conf_expand(f->conf, line, &expanded, &e) != ST_OK)
		return;
	rest = buf_str(&expanded);
	f->param = STR_NONE;
	while (rest.n != 0) {
		str_cut(&rest, '=', &part);
		note_value(f, part);
		part = str_trim_right(part);
		for (n = (ptrdiff_t)part.n; n > 0; n--)
			if (strchr(" \t{", part.p[n - 1]) != NULL)
				break;
		f->param = str_skip(part, (size_t)n);
		if (str_starts(f->param, STR("-o")))
			f->param = str_skip(f->param, 2);
	}
}

static enum st in_master(struct finder *f, const char *dir, struct err *e)
{
	AUTO_BUF path = BUF_MAX(8192);
	AUTO_BUF text = BUF_MAX(16 * VALUE_MAX);
	struct lines l;
	struct str line;
	size_t number;

	buf_addf(&path, "%s/master.cf", dir);
	if (access(buf_c(&path), F_OK) != 0)
		return ST_OK;
	if (io_read_file(buf_c(&path), &text, e) != ST_OK)
		return ST_TEMP;
	f->builtin = false;
	lines_init(&l, buf_str(&text), NULL, NULL);
	while (lines_next(&l, &line, &number))
		in_service(f, line);
	lines_clear(&l);
	return ST_OK;
}

enum st refs_find(struct refs *r, struct conf *c, const char *dir,
    struct err *e)
{
	struct finder f = { .refs = r, .conf = c };

	*r = (struct refs){ .arena = { NULL, 0 } };
	list_init(&r->list);
	if (conf_str(c, "default_database_type", &f.default_type, e) != ST_OK)
		return ST_TEMP;
	conf_each(c, in_main, &f);
	in_defaults(&f);
	return in_master(&f, dir, e);
}

void refs_clear(struct refs *r)
{
	if (r != NULL)
		arena_clear(&r->arena);
}
