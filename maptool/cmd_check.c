/* cmd_check - what is wrong with a source, without building anything. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/io.h"
#include "base/log.h"
#include "map/source.h"
#include "map/types.h"
#include "maptool/alias.h"
#include "maptool/native.h"

#define SOURCE_MAX ((size_t)1 << 32)
#define LINE_BYTES ((size_t)1 << 26)
#define KEY_MAX    70000
#define BOM        "\xef\xbb\xbf"

/* Where a key came first. */
struct first {
	size_t line;
	struct str val;
};

struct check {
	const struct native *n;
	const char *name;
	struct hash *keys; /* folded key: struct first */
	struct arena arena;
	size_t found;
};

static void say(struct check *c, size_t line, const char *fmt, ...)
    PRINTF(3, 4);
static void say(struct check *c, size_t line, const char *fmt, ...)
{
	char part[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(part, sizeof(part), fmt, ap);
	va_end(ap);
	c->found++;
	if (line != 0)
		printf("%s, line %zu: %s\n", c->name, line, part);
	else
		printf("%s: %s\n", c->name, part);
}

/* Warnings of the readers are findings, too. */
static void take_warning(enum log_level level UNUSED, const char *tag UNUSED,
    const char *line, void *arg)
{
	struct check *c = arg;
	struct str text = str_c(line);

	if (str_starts(text, STR("warning: ")))
		text = str_skip(text, 9);
	c->found++;
	printf("%.*s\n", STR_ARG(text));
}

/* --- physical lines ------------------------------------------------------ */

/* "name@domain", nothing that goes on with a list. */
static bool looks_like_key(struct str word)
{
	ptrdiff_t at = str_find(word, '@');

	return at >= 0 && (size_t)at + 1 < word.n && word.p[0] != '"' &&
	    word.p[0] != '|' && word.p[0] != '<' && str_find(word, ',') < 0 &&
	    str_find(word, ':') < 0;
}

/* A line that goes on with the one before it, but reads as a record. */
static void check_more(struct check *c, size_t number, struct str line,
    bool list)
{
	struct str rest = str_trim(line), word;

	if (list || !str_word(&rest, " \t", &word) || !looks_like_key(word))
		return;
	rest = str_trim(rest);
	if (rest.n == 0 || rest.p[0] == ',' || str_find(rest, ' ') >= 0)
		return;
	say(c, number,
	    "goes on with the line before it, but looks like a key of its "
	    "own: \"%.*s\"; remove the blanks at its start",
	    STR_ARG(word));
}

struct bytes {
	size_t crlf, crlf_first, cr_inside, nul;
};

static void look_at_bytes(struct bytes *b, size_t number, struct str line)
{
	struct str text = line;
	bool ended = text.n != 0 && text.p[text.n - 1] == '\n';

	text.n -= ended;
	if (ended && text.n != 0 && text.p[text.n - 1] == '\r') {
		if (b->crlf++ == 0)
			b->crlf_first = number;
		text.n--;
	}
	if (b->cr_inside == 0 && str_find(str_trim_right(text), '\r') >= 0)
		b->cr_inside = number;
	if (b->nul == 0 && str_find(text, '\0') >= 0)
		b->nul = number;
}

static void report_bytes(struct check *c, const struct bytes *b)
{
	if (b->crlf != 0)
		say(c, b->crlf_first,
		    "lines end in CR LF, this and %zu more: in a line that is "
		    "continued the CR stays",
		    b->crlf - 1);
	if (b->cr_inside != 0)
		say(c, b->cr_inside,
		    "a carriage return that ends no line becomes part of the "
		    "record");
	if (b->nul != 0)
		say(c, b->nul,
		    "a NUL byte: nothing after it in this line counts");
}

static void check_lines(struct check *c, struct str text)
{
	struct bytes b = { 0, 0, 0, 0 };
	struct str line;
	size_t number = 0;
	bool list = false; /* the line before ends in a comma */

	if (str_starts(text, STR(BOM)))
		say(c, 1,
		    "a UTF-8 byte order mark becomes part of the first key");
	while (line_cut(&text, &line)) {
		enum line_kind kind = line_kind(line);

		look_at_bytes(&b, ++number, line);
		if (kind == LINE_SKIP)
			continue;
		if (kind == LINE_MORE)
			check_more(c, number, line, list);
		list = str_ends(str_trim(line), STR(","));
	}
	report_bytes(c, &b);
}

/* --- records ------------------------------------------------------------- */

static bool has_upper(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (str_lower(s.p[i]) != s.p[i])
			return true;
	return false;
}

/* Blanks that are no blanks to who reads the file. */
static bool has_odd_blank(struct str s)
{
	static const char *const odd[] = { "\xc2\xa0", "\xe2\x80\x8b",
		"\xe2\x80\xaf", "\xe2\x81\xa0", "\xe3\x80\x80",
		"\xef\xbb\xbf" };
	size_t i;

	for (i = 0; i < NELEM(odd); i++)
		if (str_search(s, str_c(odd[i])) >= 0)
			return true;
	return false;
}

/* A quoted local part may have blanks: "a b"@example.com. */
static struct str without_quoted(struct str key)
{
	ptrdiff_t at = str_rfind(key, '@');

	if (key.n != 0 && key.p[0] == '"' && at > 1 && key.p[at - 1] == '"')
		return str_skip(key, (size_t)at);
	return key;
}

/* Why no lookup comes with such a key; NULL: one may. */
static const char *never_matches(const struct check *c, struct str key)
{
	struct str open = without_quoted(key);
	size_t i;

	if (c->n->t.no_fold && has_upper(key))
		return "has upper case letters, and lookups are folded to "
		       "lower case";
	if (key.n > 1 && key.p[key.n - 1] == '.')
		return "ends in a dot, and domains are looked up without";
	if (key.n > 1 && key.p[key.n - 1] == '@')
		return "ends in \"@\"";
	if (key.n > 1 && key.p[0] == '<' && key.p[key.n - 1] == '>')
		return "stands in angle brackets";
	if (has_odd_blank(key) && !str_starts(key, STR(BOM)))
		return "has a blank that looks like none, or none that looks "
		       "like one (Unicode)";
	for (i = 0; i < open.n; i++)
		if (str_isspace(open.p[i]))
			return "has a blank";
	return NULL;
}

static void check_key(struct check *c, size_t line, struct str key,
    struct str val)
{
	AUTO_BUF folded = BUF_MAX(KEY_MAX);
	const struct map shape = { .ops = &map_hash_ops,
		.flags = c->n->t.flags };
	const char *why = c->n->aliases ? NULL : never_matches(c, key);
	struct first *first;

	if (why != NULL)
		say(c, line, "the key \"%.*s\" can never match: it %s",
		    STR_ARG(key), why);
	if (!map_fold_key(&shape, key, &folded)) {
		say(c, line, "the key has more than %d bytes", KEY_MAX);
		return;
	}
	first = hash_get(c->keys, buf_str(&folded));
	if (first != NULL) {
		say(c, line, "duplicate entry: \"%s\", already on line %zu%s",
		    buf_c(&folded), first->line,
		    str_cmp(first->val, val) == 0 ? " with the same value"
						  : ", whose value counts");
		return;
	}
	first = arena_alloc(&c->arena, sizeof(*first));
	*first = (struct first){ line, arena_str(&c->arena, val) };
	hash_put(c->keys, buf_str(&folded), first);
}

static void check_value(struct check *c, size_t line, struct str val)
{
	ptrdiff_t hash = str_search(val, STR(" #"));

	if (hash >= 0)
		say(c, line,
		    "\"%.*s\" is part of the value: a comment needs a line of "
		    "its own",
		    STR_ARG(str_skip(val, (size_t)hash + 1)));
}

static void check_records(struct check *c, struct str text)
{
	struct source s;
	struct str key, val;

	source_init(&s, c->name, text, (c->n->t.flags & MAP_UTF8) != 0);
	while (source_next(&s, &key, &val)) {
		check_key(c, s.line, key, val);
		check_value(c, s.line, val);
	}
	source_clear(&s);
}

static void lines_warn(const char *text, void *arg)
{
	say(arg, 0, "%s", text);
}

static void check_aliases(struct check *c, struct str text)
{
	AUTO_BUF key = BUF_MAX(LINE_BYTES);
	AUTO_BUF val = BUF_MAX(LINE_BYTES);
	struct lines l;
	struct str line;
	size_t number;

	lines_init(&l, text, lines_warn, c);
	while (lines_next(&l, &line, &number)) {
		const char *why;

		line = str_trim_right(line);
		if (line.n == 0)
			continue;
		why = alias_parse(line, &key, &val);
		if (why != NULL)
			say(c, number, "%s", why);
		else
			check_key(c, number, buf_str(&key), buf_str(&val));
	}
	lines_clear(&l);
}

/* --- the command --------------------------------------------------------- */

/* Rules are read by their own type, which warns of each that is wrong. */
static enum st check_rules(const struct native *n, const char *spec,
    struct err *e)
{
	struct map *m;

	if (map_open(&m, str_c(spec), n->t.default_type, n->t.flags, e) !=
	    ST_OK)
		return ST_TEMP;
	map_close(m);
	return ST_OK;
}

static bool is_rules(const char *spec)
{
	struct str rest = str_c(spec), type;
	const struct map_ops *ops;

	if (!native_is_spec(spec) || !str_cut(&rest, ':', &type))
		return false;
	ops = map_type(type);
	return ops != NULL && ops->pattern;
}

static enum st check_file(struct check *c, const char *arg, struct err *e)
{
	AUTO_BUF text = BUF_MAX(SOURCE_MAX);

	if (is_rules(arg))
		return check_rules(c->n, arg, e);
	c->name = native_is_spec(arg) ? strchr(arg, ':') + 1 : arg;
	if (io_read_file(c->name, &text, e) != ST_OK)
		return ST_TEMP;
	check_lines(c, buf_str(&text));
	c->keys = hash_new();
	if (c->n->aliases)
		check_aliases(c, buf_str(&text));
	else
		check_records(c, buf_str(&text));
	hash_free(c->keys, NULL);
	arena_clear(&c->arena);
	return ST_OK;
}

static int run(struct native *n, int argc, char **argv, void *own UNUSED)
{
	struct check c = { .n = n };
	int status = NATIVE_YES, i;
	struct err e;
	enum st st;

	for (i = 0; i < argc; i++) {
		log_to_stderr(false);
		log_to_sink(take_warning, &c);
		st = check_file(&c, argv[i], &e);
		log_to_sink(NULL, NULL);
		log_to_stderr(true);
		if (st != ST_OK)
			status = native_error("%s", e.text);
	}
	return status == NATIVE_YES && c.found != 0 ? NATIVE_NO : status;
}

const struct native_cmd cmd_check = {
	.name = "check",
	.args = "[-afu] [-c dir] [type:]file...",
	.idea = "what is wrong with a source, without building",
	.help = "regexp:, pcre: and cidr: files are read as rules, all others "
		"as lines.\n"
		"  -a      an alias file\n"
		"  -c dir  configuration\n"
		"  -f      keys will not be folded\n"
		"  -u      texts are not UTF-8\n",
	.letters = "ac:fu",
	.run = run,
	.least_arguments = 1,
};
