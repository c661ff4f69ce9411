/* pattern - rules of regexp: and pcre:, read and asked in order. */

#include "map/pattern.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/num.h"
#include "base/xalloc.h"
#include "map/rhs.h"
#include "map/rules.h"
#include "map/template.h"

#define WHY_MAX   500
#define VALUE_MAX ((size_t)1 << 26)

enum op {
	OP_RULE,
	OP_IF,
	OP_ENDIF
};

struct regex {
	void *re; /* NULL: there is no second one */
	bool negated;
};

struct rule {
	struct rule *next;
	struct rule *outer; /* while reading: the if around this if */
	struct rule *endif; /* of an if; NULL: the end of the file */
	enum op op;
	size_t line;
	struct regex first, second;
	size_t groups; /* highest $number plus one */
	struct str value;
	bool literal; /* value comes from files: no $ in it */
};

struct pattern {
	const struct pattern_engine *engine;
	struct rules rules;
	struct rule *first, **end;
	struct rule *open_if; /* while reading: the innermost */
};

static void PRINTF(2, 3) warn(const struct pattern *p, const char *fmt, ...)
{
	char line[LOG_LINE_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	log_warn("%s map %s, line %zu: %s", p->engine->type, p->rules.name,
	    p->rules.line, line);
}

/* --- reading a rule ------------------------------------------------------ */

/* A pattern as written, not compiled. */
struct written {
	struct str text;
	unsigned options;
	bool negated;
};

/* Cut "pattern/" off *s behind its delimiter; '\' protects a character. */
static bool cut_delimited(struct str *s, char delimiter, struct str *text)
{
	size_t i;

	for (i = 0; i < s->n && s->p[i] != delimiter; i++)
		if (s->p[i] == '\\')
			i++;
	if (i >= s->n)
		return false;
	*text = str_head(*s, i);
	*s = str_skip(*s, i + 1);
	return true;
}

static bool cut_flags(const struct pattern *p, struct str *s, struct written *w)
{
	const struct pattern_flag *f;

	w->options = p->engine->options;
	while (s->n != 0 && !str_isspace(*s->p)) {
		if (p->engine->two && *s->p == '!')
			break;
		for (f = p->engine->flags; f->letter != '\0'; f++)
			if (f->letter == *s->p)
				break;
		if (f->letter == '\0') {
			warn(p,
			    "unknown regexp option \"%c\": skipping this "
			    "rule",
			    *s->p);
			return false;
		}
		if (f->bit == 0)
			warn(p, "ignoring obsolete regexp option \"%c\"",
			    *s->p);
		w->options ^= f->bit;
		*s = str_skip(*s, 1);
	}
	return true;
}

static bool cut_pattern(const struct pattern *p, struct str *s,
    struct written *w)
{
	char delimiter;

	w->negated = false;
	while (s->n != 0 && *s->p == '!') {
		w->negated = !w->negated;
		*s = str_trim_left(str_skip(*s, 1));
	}
	if (s->n == 0) {
		warn(p, "no regexp: skipping this rule");
		return false;
	}
	delimiter = *s->p;
	*s = str_skip(*s, 1);
	if (!cut_delimited(s, delimiter, &w->text)) {
		warn(p, "no closing regexp delimiter \"%c\": %s this rule",
		    delimiter, p->engine->no_delimiter);
		return false;
	}
	return cut_flags(p, s, w);
}

/* The highest group that value names, plus one; false: it is no template. */
static bool count_groups(const struct pattern *p, struct str value, size_t *n)
{
	struct str rest = value, part;
	enum template_part kind;
	uint64_t i;

	*n = 0;
	while ((kind = template_next(&rest, value, &part)) != TEMPLATE_END) {
		if (kind == TEMPLATE_TEXT)
			continue;
		if (kind == TEMPLATE_BAD)
			return false;
		if (part.n > strspn(part.p, "0123456789")) {
			warn(p, "non-numeric replacement index \"%.*s\"",
			    STR_ARG(part));
			return false;
		}
		if (!num_u64(part, PATTERN_GROUPS - 1, &i) || i == 0) {
			warn(p, "%s replacement index \"%.*s\"",
			    p->engine->bad_index, STR_ARG(part));
			return false;
		}
		if (i + 1 > *n)
			*n = (size_t)i + 1;
	}
	return true;
}

static bool compile(const struct pattern *p, const struct written *w,
    struct regex *x, size_t *groups)
{
	AUTO_BUF why = BUF_MAX(WHY_MAX);

	x->negated = w->negated;
	x->re = p->engine->compile(w->text, w->options, groups, &why);
	if (x->re == NULL)
		warn(p, "%s", buf_c(&why));
	return x->re != NULL;
}

/* Keep r in the table. */
static void add(struct map *m, const struct rule *r)
{
	struct pattern *p = m->state;
	struct rule *kept = arena_alloc(&m->arena, sizeof(*kept));

	*kept = *r;
	kept->line = p->rules.line;
	kept->value = arena_str(&m->arena, r->value);
	*p->end = kept;
	p->end = &kept->next;
	if (kept->op == OP_IF) {
		kept->outer = p->open_if;
		p->open_if = kept;
	} else if (kept->op == OP_ENDIF) {
		p->open_if->endif = kept;
		p->open_if = p->open_if->outer;
	}
}

static bool check_groups(const struct map *m, const struct written *w,
    size_t groups)
{
	const struct pattern *p = m->state;

	if (groups == 0)
		return true;
	if (w->negated)
		warn(p,
		    "$number found in negative match replacement text: "
		    "skipping this rule");
	else if ((m->flags & MAP_NO_REGSUB) != 0)
		warn(p,
		    "regular expression substitution is not allowed: "
		    "skipping this rule");
	else
		return true;
	return false;
}

static void compile_rule(struct map *m, struct rule *r,
    const struct written *first, const struct written *second)
{
	struct pattern *p = m->state;
	size_t has, ignored;

	if (!compile(p, first, &r->first, &has))
		return;
	if (r->groups > has + 1) {
		warn(p,
		    "out of range replacement index \"%zu\": skipping "
		    "this rule",
		    r->groups - 1);
		p->engine->free(r->first.re);
		return;
	}
	if (second->text.p != NULL &&
	    !compile(p, second, &r->second, &ignored)) {
		p->engine->free(r->first.re);
		return;
	}
	add(m, r);
}

/* The value: files' content, or a template whose groups are counted. */
static bool read_value(struct map *m, struct rule *r, struct buf *content)
{
	struct pattern *p = m->state;
	struct err e;

	if (r->value.n == 0)
		warn(p, "no replacement text: using empty string");
	if ((m->flags & MAP_RHS_FILES) == 0) {
		if (count_groups(p, r->value, &r->groups))
			return true;
		warn(p, "bad replacement syntax: skipping this rule");
		return false;
	}
	r->literal = true;
	if (rhs_read(r->value, content, &e) != ST_OK) {
		warn(p, "%s: skipping this rule", e.text);
		return false;
	}
	r->value = buf_str(content);
	return true;
}

static void read_rule(struct map *m, struct str s)
{
	struct pattern *p = m->state;
	AUTO_BUF content = BUF_MAX(VALUE_MAX);
	struct written first, second = { .text = STR_NONE };
	struct rule r = { .op = OP_RULE };

	if (!cut_pattern(p, &s, &first))
		return;
	if (s.n != 0 && *s.p == '!' && !cut_pattern(p, &s, &second))
		return;
	r.value = str_trim_left(s);
	if (read_value(m, &r, &content) && check_groups(m, &first, r.groups))
		compile_rule(m, &r, &first, &second);
}

static void read_if(struct map *m, struct str s)
{
	struct pattern *p = m->state;
	struct rule r = { .op = OP_IF };
	struct written w;
	size_t ignored;

	s = str_trim_left(s);
	if (!cut_pattern(p, &s, &w))
		return;
	s = str_trim_left(s);
	if (s.n != 0) {
		warn(p, "ignoring extra text after IF statement: \"%.*s\"",
		    STR_ARG(s));
		warn(p,
		    "do not prepend whitespace to statements between IF "
		    "and ENDIF");
	}
	if (compile(p, &w, &r.first, &ignored))
		add(m, &r);
}

static void read_endif(struct map *m, struct str s)
{
	struct pattern *p = m->state;

	if (p->open_if == NULL) {
		warn(p, "ignoring ENDIF without matching IF");
		return;
	}
	if (str_trim(s).n != 0)
		warn(p, "ignoring extra text after ENDIF");
	add(m, &(struct rule){ .op = OP_ENDIF });
}

static bool is_alnum(struct str s)
{
	char c = s.n != 0 ? str_lower(*s.p) : '\0';

	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Does s start with word, and the word end there? */
static bool starts_word(struct str s, struct str word)
{
	return str_istarts(s, word) && !is_alnum(str_skip(s, word.n));
}

static void read_line(struct map *m, struct str s)
{
	if (!is_alnum(s))
		read_rule(m, s);
	else if (starts_word(s, STR("if")))
		read_if(m, str_skip(s, 2));
	else if (starts_word(s, STR("endif")))
		read_endif(m, str_skip(s, 5));
	else
		warn(m->state, "ignoring unrecognized request");
}

enum st pattern_open(struct map *m, const struct pattern_engine *engine,
    struct err *e)
{
	struct pattern *p = arena_alloc(&m->arena, sizeof(*p));
	struct str line;
	const struct rule *r;

	m->state = p;
	p->engine = engine;
	p->end = &p->first;
	if (rules_open(&p->rules, m, e) != ST_OK)
		return ST_TEMP;
	while (rules_next(&p->rules, &line))
		read_line(m, line);
	for (r = p->open_if; r != NULL; r = r->outer) {
		p->rules.line = r->line;
		warn(p, "IF has no matching ENDIF");
	}
	rules_done(&p->rules);
	return ST_OK;
}

/* --- asking -------------------------------------------------------------- */

static bool holds(const struct pattern *p, const struct rule *r,
    const struct regex *x, struct str key, struct pattern_span *group)
{
	AUTO_BUF why = BUF_MAX(WHY_MAX);
	enum st st = p->engine->match(x->re, key, group, r->groups, &why);

	if (st == ST_TEMP) {
		log_warn("%s map %s, line %zu: %s", p->engine->type,
		    p->rules.name, r->line, buf_c(&why));
		return false;
	}
	return (st == ST_OK) != x->negated;
}

static void fill(struct buf *val, struct str text, struct str key,
    const struct pattern_span *group)
{
	struct str rest = text, part;
	enum template_part kind;
	uint64_t i;

	while ((kind = template_next(&rest, text, &part)) != TEMPLATE_END) {
		if (kind != TEMPLATE_NAME)
			buf_add(val, part);
		else if (num_u64(part, PATTERN_GROUPS - 1, &i) &&
		    group[i].from >= 0 && group[i].to >= group[i].from)
			buf_add(val,
			    (struct str){ key.p + group[i].from,
				(size_t)(group[i].to - group[i].from) });
	}
}

enum st pattern_get(struct map *m, struct str key, struct buf *val,
    struct err *e UNUSED)
{
	const struct pattern *p = m->state;
	struct pattern_span group[PATTERN_GROUPS], none[1];
	const struct rule *r;

	for (r = p->first; r != NULL; r = r->next) {
		if (r->op == OP_ENDIF)
			continue;
		if (r->op == OP_IF) {
			if (!holds(p, r, &r->first, key, none)) {
				r = r->endif;
				if (r == NULL)
					break;
			}
			continue;
		}
		if (!holds(p, r, &r->first, key, group) ||
		    (r->second.re != NULL &&
			!holds(p, &(struct rule){ .line = r->line }, &r->second,
			    key, none)))
			continue;
		if (r->literal)
			buf_set(val, r->value);
		else
			fill(val, r->value, key, group);
		return ST_OK;
	}
	return ST_NONE;
}

bool pattern_changed(struct map *m)
{
	return rules_changed(&((struct pattern *)m->state)->rules);
}

void pattern_close(struct map *m)
{
	const struct pattern *p = m->state;
	const struct rule *r;

	for (r = p->first; r != NULL; r = r->next) {
		if (r->first.re != NULL)
			p->engine->free(r->first.re);
		if (r->second.re != NULL)
			p->engine->free(r->second.re);
	}
}
