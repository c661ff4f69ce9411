/* rc_parse - records, users and options, each option by its row. */

#include "fetcher/rc_parse.h"

#include <string.h>

#include "base/num.h"
#include "fetcher/rc_lex.h"

struct parse {
	struct config *c;
	struct rc_lex lex;
	const char *name;
	struct record *rec; /* under construction */
	struct user *user;
	bool user_opts;      /* user options have begun */
	bool explicit_users; /* user NAME was said */
	struct err *e;
	struct err late; /* a server option after user options */
	bool is_late;
};

static struct str tok(const struct parse *p)
{
	return buf_str(&p->lex.text);
}

static enum st syntax_error(struct parse *p)
{
	if (p->lex.text.full)
		return err_temp(p->e, "", "%s:%zu: word of more than %d octets",
		    p->name, p->lex.token_line, RC_WORD_MAX);
	if (p->lex.token == RC_BAD)
		return err_temp(p->e, "", "%s:%zu: quote is not closed",
		    p->name, p->lex.token_line);
	return err_temp(p->e, "", "%s:%zu: syntax error at %.*s", p->name,
	    p->lex.token_line,
	    STR_ARG(p->lex.token == RC_END ? STR("end of input") : tok(p)));
}

static enum rc_token next(struct parse *p)
{
	return rc_lex_next(&p->lex, false);
}

static bool is_word(const struct parse *p, const char *word)
{
	return p->lex.token == RC_WORD && str_eqc(tok(p), word);
}

/*
 * Words of our own are keywords where an option may stand; fetchmail took them
 * for strings, and so they are where only a string makes sense.
 */
static bool is_new(struct str s)
{
	static const enum option_id ours[] = { OPT_AUTHFAILMAIL,
		OPT_NOMAILSTATUS, OPT_PASSWORDEVAL, OPT_PASSWORDFILE, OPT_TLS,
		OPT_MOVE, OPT_TRACK, OPT_RETRIEVEERROR, OPT_PARALLEL,
		OPT_PARALLELPERHOST };
	const struct option_row *row = option_find(s);
	size_t i;

	for (i = 0; i < NELEM(ours); i++)
		if (row != NULL && row->id == ours[i])
			return true;
	return false;
}

static bool is_keyword(struct str s)
{
	static const char *const others[] = { "poll", "server", "skip",
		"defaults", "set", "no", "here", "there", "is", "to" };
	size_t i;

	for (i = 0; i < NELEM(others); i++)
		if (str_eqc(s, others[i]))
			return true;
	return option_find(s) != NULL;
}

/* A string: a quoted one, or a word that is no keyword. literal: any word. */
static bool string(struct parse *p, bool literal)
{
	enum rc_token t = rc_lex_next(&p->lex, literal);

	if (t == RC_EQUALS) {
		t = rc_lex_next(&p->lex, true);
		literal = true;
	}
	return t == RC_QUOTED ||
	    (t == RC_WORD &&
		(literal || !is_keyword(tok(p)) || is_new(tok(p))));
}

static void set_path(struct parse *p, struct options *o, enum option_id id,
    struct str text)
{
	struct arena *a = &p->c->arena;

	if (text.n != 0 && *text.p != '/' && !str_eqc(text, "-") &&
	    p->c->rc_dir != NULL)
		text = str_c(
		    arena_printf(a, "%s/%.*s", p->c->rc_dir, STR_ARG(text)));
	options_set_text(o, id, text, a);
}

static enum st number(struct parse *p, int64_t *v)
{
	if (next(p) == RC_EQUALS)
		next(p);
	if (p->lex.token != RC_NUMBER ||
	    !num_i64(tok(p), INT32_MIN, INT32_MAX, v))
		return syntax_error(p);
	return ST_OK;
}

/* "remote=local", "local", "*": as many as there are. The token after them is
 * current then. */
static enum st map_list(struct parse *p, struct options *o)
{
	struct arena *a = &p->c->arena;
	struct str first;
	size_t n = 0;
	enum rc_token t = rc_lex_next(&p->lex, true);

	for (;; n++) {
		if (t != RC_QUOTED &&
		    (t != RC_WORD || (n != 0 && is_keyword(tok(p)))))
			break;
		first = arena_str(a, tok(p));
		t = next(p);
		if (t == RC_EQUALS) {
			t = rc_lex_next(&p->lex, true);
			if (t != RC_QUOTED && t != RC_WORD)
				return syntax_error(p);
			options_add(o, OPT_IS, tok(p), first, 0, a);
			t = next(p);
		} else {
			options_add(o, OPT_IS, first, STR_NONE, 0, a);
		}
	}
	return n != 0 ? ST_OK : syntax_error(p);
}

static enum st string_list(struct parse *p, struct options *o,
    enum option_id id)
{
	size_t n = 0;
	enum rc_token t = next(p);

	for (; t == RC_QUOTED ||
	     (t == RC_WORD &&
		 (!is_keyword(tok(p)) || (n == 0 && is_new(tok(p)))));
	     t = next(p), n++)
		options_add(o, id, tok(p), STR_NONE, 0, &p->c->arena);
	return n != 0 ? ST_OK : syntax_error(p);
}

static enum st number_list(struct parse *p, struct options *o,
    enum option_id id)
{
	int64_t v;
	size_t n = 0;

	for (next(p); p->lex.token == RC_NUMBER; next(p), n++) {
		if (!num_i64(tok(p), INT32_MIN, INT32_MAX, &v))
			return syntax_error(p);
		options_add(o, id, tok(p), STR_NONE, v, &p->c->arena);
	}
	return n != 0 ? ST_OK : syntax_error(p);
}

static enum st envelope(struct parse *p, struct options *o)
{
	int64_t skip = 0;

	if (next(p) == RC_NUMBER) {
		if (!num_i64(tok(p), 0, INT32_MAX, &skip))
			return syntax_error(p);
		next(p);
	}
	if (p->lex.token != RC_QUOTED && p->lex.token != RC_WORD)
		return syntax_error(p);
	options_set_text(o, OPT_ENVELOPE, tok(p), &p->c->arena);
	options_set_num(o, OPT_ENVELOPE, skip);
	next(p);
	return ST_OK;
}

static enum st named(struct parse *p, struct options *o,
    const struct option_row *row)
{
	int64_t v;

	next(p);
	if (p->lex.token != RC_WORD && p->lex.token != RC_QUOTED)
		return syntax_error(p);
	v = option_word(row->type, tok(p));
	if (v < 0)
		return syntax_error(p);
	options_set_num(o, row->id, v);
	next(p);
	return ST_OK;
}

/* What takes a number as well as a name. */
static bool takes_number(enum option_id id)
{
	return id == OPT_SERVICE || id == OPT_AUTHFAILMAIL;
}

static enum st text_option(struct parse *p, struct options *o,
    const struct option_row *row)
{
	bool literal = row->id == OPT_PASSWORD;

	if (!string(p, literal) &&
	    !(takes_number(row->id) && p->lex.token == RC_NUMBER))
		return syntax_error(p);
	if (row->type == TYPE_PATH)
		set_path(p, o, row->id, tok(p));
	else
		options_set_text(o, row->id, tok(p), &p->c->arena);
	next(p);
	return ST_OK;
}

/* "keep", or "keep N days". */
static enum st keep_days(struct parse *p, struct options *o)
{
	int64_t days;

	if (p->lex.token != RC_NUMBER)
		return ST_OK;
	if (!num_i64(tok(p), 1, 100000, &days))
		return syntax_error(p);
	if (next(p) != RC_WORD || (!is_word(p, "days") && !is_word(p, "day")))
		return syntax_error(p);
	options_set_num(o, OPT_KEEP, days + 1);
	next(p);
	return ST_OK;
}

/* The option's argument, by its type. The token after it is current then. */
static enum st argument(struct parse *p, struct options *o,
    const struct option_row *row)
{
	int64_t v;

	switch (row->type) {
	case TYPE_FLAG:
		options_set_num(o, row->id, 1);
		next(p);
		return row->id == OPT_KEEP ? keep_days(p, o) : ST_OK;
	case TYPE_NUM:
		if (number(p, &v) != ST_OK)
			return ST_TEMP;
		options_set_num(o, row->id, v);
		next(p);
		return ST_OK;
	case TYPE_STR:
	case TYPE_PATH:
		return text_option(p, o, row);
	case TYPE_LIST:
		return string_list(p, o, row->id);
	case TYPE_NUMS:
		return number_list(p, o, row->id);
	case TYPE_MAP:
		return map_list(p, o);
	case TYPE_ENVEL:
		return envelope(p, o);
	case TYPE_PROTO:
	case TYPE_AUTH:
	case TYPE_BADH:
	case TYPE_TLS:
	case TYPE_TRACK:
	case TYPE_RETR:
		break;
	}
	return named(p, o, row);
}

/* "no keep", "nokeep"; "no envelope" is the only one that is no flag. */
static enum st negated(struct parse *p, const struct option_row **row)
{
	struct str rest = str_skip(tok(p), 2);

	*row = NULL;
	if (is_word(p, "no")) {
		if (next(p) != RC_WORD)
			return syntax_error(p);
		*row = option_find(tok(p));
	} else if (str_starts(tok(p), STR("no"))) {
		*row = option_find(rest);
	}
	if (*row != NULL && (*row)->type != TYPE_FLAG &&
	    (*row)->id != OPT_ENVELOPE)
		*row = NULL;
	return *row != NULL ? ST_OK : ST_NONE;
}

static struct user *add_user(struct parse *p)
{
	struct user *u = arena_alloc(&p->c->arena, sizeof(*u)), **end;

	for (end = &p->rec->users; *end != NULL; end = &(*end)->next)
		continue;
	*end = u;
	p->user = u;
	return u;
}

/* "user NAME [there]", "user LOCAL... here" */
static enum st user_head(struct parse *p)
{
	struct options locals = { 0 };
	const struct option_item *i;
	struct user *u;

	/* Options of an unnamed user cannot be followed by a named one. */
	if (p->user != NULL && !p->explicit_users)
		return syntax_error(p);
	p->explicit_users = true;
	p->user_opts = true;
	if (map_list(p, &locals) != ST_OK)
		return ST_TEMP;
	u = add_user(p);
	i = opt_list(&locals, OPT_IS);
	if (is_word(p, "here")) {
		options_merge(&u->opts, &locals, true, &p->c->arena);
		next(p);
		return ST_OK;
	}
	if (i->next != NULL || i->remote[0] != '\0')
		return syntax_error(p);
	u->remote = i->text;
	if (is_word(p, "there"))
		next(p);
	return ST_OK;
}

static struct user *need_user(struct parse *p)
{
	p->user_opts = true;
	return p->user != NULL ? p->user : add_user(p);
}

/* "is LOCAL... [here]", "is NAME there" */
static enum st is_option(struct parse *p, struct user *u)
{
	struct options locals = { 0 };
	const struct option_item *i;

	if (map_list(p, &locals) != ST_OK)
		return ST_TEMP;
	i = opt_list(&locals, OPT_IS);
	if (is_word(p, "there")) {
		if (i->next != NULL)
			return syntax_error(p);
		u->remote = i->text;
		next(p);
		return ST_OK;
	}
	options_merge(&u->opts, &locals, true, &p->c->arena);
	if (is_word(p, "here"))
		next(p);
	return ST_OK;
}

/* The file is read on, as fetchmail does it: more may be wrong. */
static void server_option_late(struct parse *p)
{
	enum st st UNUSED;

	if (!p->is_late)
		st = err_temp(&p->late, "",
		    "%s:%zu: server option after user options "
		    "at %.*s",
		    p->name, p->lex.token_line, STR_ARG(tok(p)));
	p->is_late = true;
}

static enum st set_flag(struct parse *p, struct options *o,
    const struct option_row *row)
{
	options_set_num(o, row->id, 0);
	if (row->id == OPT_ENVELOPE)
		options_set_text(o, row->id, STR_NONE, &p->c->arena);
	next(p);
	return ST_OK;
}

/* One option of a record; ST_NONE: the token begins something else. */
static enum st record_option(struct parse *p)
{
	const struct option_row *row;
	struct options *o;
	bool no = false;

	if (p->lex.token != RC_WORD)
		return ST_NONE;
	row = option_find(tok(p));
	if (row == NULL) {
		enum st st = negated(p, &row);

		if (st != ST_OK)
			return st;
		no = true;
	}
	if (row->id == OPT_USER)
		return user_head(p);
	if (row->scope == SCOPE_G)
		return ST_NONE;
	if (row->scope == SCOPE_S && p->user_opts)
		server_option_late(p);
	o = row->scope == SCOPE_S ? &p->rec->opts : &need_user(p)->opts;
	if (no)
		return set_flag(p, o, row);
	if (row->id == OPT_IS)
		return is_option(p, p->user);
	return argument(p, o, row);
}

static enum st record_body(struct parse *p, struct record *r)
{
	enum st st;

	p->rec = r;
	p->user = NULL;
	p->user_opts = p->explicit_users = false;
	while ((st = record_option(p)) == ST_OK)
		continue;
	return st == ST_NONE ? ST_OK : st;
}

/* poll, server, skip */
static enum st record(struct parse *p, bool skip)
{
	struct record *r = arena_alloc(&p->c->arena, sizeof(*r));
	enum rc_token t = next(p);

	if (t != RC_QUOTED &&
	    (t != RC_WORD || (is_keyword(tok(p)) && !is_new(tok(p)))))
		return syntax_error(p);
	r->label = arena_strz(&p->c->arena, tok(p));
	r->skip = skip;
	*p->c->end = r;
	p->c->end = &r->next;
	next(p);
	return record_body(p, r);
}

static enum st defaults(struct parse *p)
{
	if (p->c->defaults != NULL || p->c->records != NULL)
		return err_temp(p->e, "",
		    "%s:%zu: defaults must come first, "
		    "and once",
		    p->name, p->lex.token_line);
	p->c->defaults = arena_alloc(&p->c->arena, sizeof(*p->c->defaults));
	next(p);
	return record_body(p, p->c->defaults);
}

static enum st global(struct parse *p)
{
	const struct option_row *row;
	bool no = false;

	if (next(p) != RC_WORD)
		return syntax_error(p);
	row = option_find(tok(p));
	if (row == NULL || (row->scope & SCOPE_G) == 0) {
		if (negated(p, &row) != ST_OK)
			return syntax_error(p);
		no = true;
	}
	if ((row->scope & SCOPE_G) == 0)
		return syntax_error(p);
	if (no)
		return set_flag(p, &p->c->global, row);
	return argument(p, &p->c->global, row);
}

static enum st statement(struct parse *p)
{
	if (is_word(p, "set"))
		return global(p);
	if (is_word(p, "defaults"))
		return defaults(p);
	if (is_word(p, "poll") || is_word(p, "server"))
		return record(p, false);
	if (is_word(p, "skip"))
		return record(p, true);
	return syntax_error(p);
}

enum st rc_parse(struct config *c, const char *name, struct str text,
    struct err *e)
{
	struct parse p = { .c = c, .name = name, .e = e };
	enum st st = ST_OK;

	rc_lex_init(&p.lex, text);
	next(&p);
	while (st == ST_OK && p.lex.token != RC_END)
		st = statement(&p);
	rc_lex_clear(&p.lex);
	if (!p.is_late)
		return st;
	if (st != ST_OK)
		c->also_wrong = arena_strz(&c->arena, str_c(e->text));
	*e = p.late;
	return ST_TEMP;
}
