/* source - lines of a postmap input. */

#include "map/source.h"

#include "base/log.h"
#include "base/utf8.h"

static void warn(const char *text, void *arg)
{
	const struct source *s = arg;

	log_warn("%s: %s", s->name, text);
}

void source_init(struct source *s, const char *name, struct str text, bool utf8)
{
	*s = (struct source){ .name = name, .suffix = "", .utf8 = utf8 };
	lines_init(&s->lines, text, warn, s);
}

void source_clear(struct source *s)
{
	if (s != NULL)
		lines_clear(&s->lines);
}

/* Where the key ends: the first blank outside quotes; false: unbalanced. */
static bool key_end(struct str line, size_t *end)
{
	bool quoted = false;
	size_t i;

	*end = line.n;
	for (i = 0; i < line.n; i++) {
		if (line.p[i] == '\\' && i + 1 < line.n)
			i++;
		else if (line.p[i] == '"')
			quoted = !quoted;
		else if (!quoted && str_isspace(line.p[i]) && *end == line.n)
			*end = i;
		if (*end != line.n)
			break;
	}
	return !quoted;
}

bool source_next(struct source *s, struct str *key, struct str *val)
{
	struct str line;
	size_t end;

	while (lines_next(&s->lines, &line, &s->line)) {
		line = str_trim_right(line);
		if (s->utf8 && !utf8_valid(line)) {
			log_warn("%s, line %zu: non-UTF-8 input \"%.*s\" -- "
				 "ignoring this line",
			    s->name, s->line, STR_ARG(line));
			continue;
		}
		if (!key_end(line, &end)) {
			log_warn("%s, line %zu: unbalanced '\"' in '%.*s' -- "
				 "ignoring this line",
			    s->name, s->line, STR_ARG(line));
			continue;
		}
		*key = str_head(line, end);
		*val = str_trim(str_skip(line, end));
		if (key->n == 0 || val->n == 0) {
			log_warn("%s, line %zu: expected format: key "
				 "whitespace value%s",
			    s->name, s->line, s->suffix);
			continue;
		}
		if (key->p[key->n - 1] == ':')
			log_warn("%s, line %zu: record is in \"key: value\" "
				 "format; is this an alias file?",
			    s->name, s->line);
		return true;
	}
	return false;
}
