/* explain - one address from RCPT to the last reply. Runs in: the command. */

#include "vdeliver/explain.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/io.h"
#include "mail/address.h"
#include "map/addr_find.h"
#include "map/source.h"
#include "vdeliver/access.h"
#include "vdeliver/job.h"
#include "vdeliver/lookup.h"
#include "vdeliver/resolve.h"
#include "vdeliver/rules.h"
#include "vdeliver/tryout.h"

#define VALUE_MAX  60000
#define SOURCE_MAX ((size_t)256 << 20)
#define SEEN_MAX   20000

struct explain {
	const struct settings *set;
	struct lookup *lookup;
	struct access *access;
	FILE *out;
	const char *param; /* of the question under way */
	bool answered;     /* its table was named */
};

/* --- tables -------------------------------------------------------------- */

/* The file that a table was made from, or is; NULL: none that has lines. */
static const char *source_of(const char *table, struct arena *a)
{
	static const char *const types[] = { "hash:", "btree:", "lmdb:", "cdb:",
		"texthash:" };
	size_t i;

	for (i = 0; i < NELEM(types); i++)
		if (str_starts(str_c(table), str_c(types[i])))
			return arena_strz(a,
			    str_skip(str_c(table), strlen(types[i])));
	return NULL;
}

/* The line of key in a table's source, 0: nobody knows. */
static size_t line_of(const char *table, struct str key)
{
	AUTO_ARENA a = { 0 };
	AUTO_BUF text = BUF_MAX(SOURCE_MAX);
	const char *path = source_of(table, &a);
	struct source s;
	struct str k, v;
	size_t line = 0;

	if (path == NULL || io_read_file(path, &text, NULL) != ST_OK)
		return 0;
	source_init(&s, path, buf_str(&text), false);
	while (line == 0 && source_next(&s, &k, &v))
		if (str_ieq(k, key))
			line = s.line;
	source_clear(&s);
	return line;
}

/* One table was asked for one form of the address. */
static void on_table(const struct maps_step *step, void *arg)
{
	struct explain *x = arg;
	size_t line;

	if (step->st != ST_OK)
		return;
	x->answered = true;
	fprintf(x->out, "  %s: %s", x->param, step->table);
	line = line_of(step->table, step->key);
	if (line != 0)
		fprintf(x->out, ", line %zu", line);
	fprintf(x->out, ": \"%.*s\" is \"%.*s\"\n", STR_ARG(step->key),
	    STR_ARG(step->val));
}

static void ask(struct explain *x, struct resolve *r)
{
	AUTO_BUF val = BUF_MAX(VALUE_MAX);
	struct maps *maps = lookup_maps(x->lookup, r->question);
	struct err e = { "", "" };
	struct answer a = { .dsn = e.dsn, .text = e.text };

	x->param = lookup_param(r->question);
	x->answered = false;
	if (maps != NULL)
		maps_watch(maps, on_table, x);
	a.st = lookup_answer(x->lookup, r->question, r->flags, r->key, &val,
	    &a.ext, &e);
	if (a.st == ST_OK)
		a.value = buf_str(&val);
	if (a.st == ST_TEMP)
		fprintf(x->out, "  %s: no answer: %s\n", x->param, e.text);
	else if (maps == NULL)
		fprintf(x->out, "  %s: %.*s is %s\n", x->param, STR_ARG(r->key),
		    a.st == ST_OK ? "there" : "not there");
	else if (!x->answered)
		fprintf(x->out, "  %s: nothing for %.*s\n", x->param,
		    STR_ARG(r->key));
	if (a.ext.n != 0)
		fprintf(x->out, "  the extension \"%.*s\" is left over\n",
		    STR_ARG(a.ext));
	resolve_answer(r, &a);
}

/* As the session would say it. */
static void say_reply(const struct explain *x, const char *to, unsigned code,
    const char *dsn, const char *text)
{
	bool soft = x->set->soft_bounce && code / 100 == 5;

	fprintf(x->out, "reply to %s: %u %s%s %s\n", to,
	    soft ? code - 100 : code, soft ? "4" : "", soft ? dsn + 1 : dsn,
	    text);
}

/* --- the way ------------------------------------------------------------- */

static void on_sight(const struct resolve_sight *s, void *arg)
{
	struct explain *x = arg;
	ptrdiff_t at;

	switch (s->note) {
	case NOTE_CLASS:
		fprintf(x->out, "  class of %.*s: %.*s\n", STR_ARG(s->address),
		    STR_ARG(s->text));
		at = addr_split(address_local(s->address),
		    x->set->recipient_delimiter);
		if (at >= 0)
			fprintf(x->out, "  extension: \"%.*s\"\n",
			    STR_ARG(str_skip(address_local(s->address),
				(size_t)at)));
		break;
	case NOTE_TARGET:
		fprintf(x->out, "  alias: %.*s goes to %.*s\n",
		    STR_ARG(s->address), STR_ARG(s->text));
		break;
	case NOTE_ITSELF:
		fprintf(x->out, "  %.*s is its own alias: looked up no more\n",
		    STR_ARG(s->address));
		break;
	case NOTE_MAILBOX:
		fprintf(x->out, "  mailbox: uid %u, gid %u\n", s->final->uid,
		    s->final->gid);
		break;
	}
}

static void resolve(struct explain *x, struct resolve *r)
{
	r->watch = on_sight;
	r->watch_arg = x;
	while (resolve_step(r))
		ask(x, r);
	fputs("  ", x->out);
	say_reply(x, "RCPT", r->reply.code, r->reply.dsn, r->reply.text);
}

/* --- the mailboxes ------------------------------------------------------- */

static enum st try_final(struct explain *x, const struct final *f,
    struct err *e)
{
	const char *base = x->set->virtual_mailbox_base;
	AUTO_BUF seen = BUF_MAX(SEEN_MAX);
	struct str rest, line;
	enum st st = tryout_run(x->set, f, &seen, e);

	fprintf(x->out, "mailbox %s%s%.*s (%s), as uid %u, gid %u:\n", base,
	    base[strlen(base) - 1] == '/' ? "" : "/", STR_ARG(f->path),
	    target_is_mbox(f->path) ? "mbox" : "Maildir", f->uid, f->gid);
	rest = buf_str(&seen);
	while (rest.n != 0) {
		str_cut(&rest, '\n', &line);
		fprintf(x->out, "  %.*s\n", STR_ARG(line));
	}
	if (st == ST_TEMP || st == ST_PERM)
		fprintf(x->out, "  %s %s\n", e->dsn, e->text);
	return st;
}

/* All or nothing: the worst of them. */
static bool try_all(struct explain *x, const struct resolve *r)
{
	enum st worst = ST_OK, st;
	struct err e, why = { "", "" };
	const struct final *f;
	bool tried = true;

	for (f = r->finals; f != NULL; f = f->next) {
		if (f->outside) {
			fprintf(x->out, "other host %.*s: by relayhost %s\n",
			    STR_ARG(f->address), x->set->relayhost);
			tried = false;
			continue;
		}
		st = try_final(x, f, &e);
		if (st == ST_NONE) {
			tried = false;
		} else if (st_worse(worst, st) != worst) {
			worst = st;
			why = e;
		}
	}
	if (worst != ST_OK)
		say_reply(x, "the message", reply_code(why.dsn), why.dsn,
		    why.text);
	else
		say_reply(x, "the message", 250, "2.0.0",
		    tried ? "Ok" : "Ok, as far as could be tried");
	return worst == ST_OK;
}

/* --- the envelope -------------------------------------------------------- */

static bool take_sender(struct explain *x, const char *text, struct arena *a)
{
	struct address_rules rules;
	struct address addr;
	struct err e;

	rules_address(x->set, &rules);
	if (address_parse(&addr, &rules, str_c(text), a, &e) != ST_OK) {
		fprintf(x->out,
		    "reply to MAIL: 501 5.1.7 Bad sender address syntax (%s)\n",
		    e.text);
		return false;
	}
	fprintf(x->out, "reply to MAIL: 250 2.1.0 Ok\nReturn-Path: <%.*s>\n",
	    STR_ARG(address_external(addr.address, a)));
	return true;
}

static bool follow(struct explain *x, const struct address *addr, bool trusted,
    struct resolve *r, struct arena *a)
{
	fprintf(x->out, "%.*s, from a client %s:\n",
	    STR_ARG(address_external(addr->address, a)),
	    trusted ? "in mynetworks" : "anywhere");
	resolve_init(r, x->set, x->access, a, addr->address);
	r->trusted = trusted;
	r->routed = addr->routed;
	resolve(x, r);
	return r->reply.code == 250;
}

static bool take_rcpt(struct explain *x, const char *text, struct arena *a)
{
	struct address_rules rules;
	struct address addr;
	struct resolve r;
	struct err e = { "", "" };

	rules_address(x->set, &rules);
	if (address_parse(&addr, &rules, str_c(text), a, &e) != ST_OK ||
	    addr.address.n == 0) {
		fprintf(x->out,
		    "reply to RCPT: 501 5.1.3 Bad recipient address syntax"
		    "%s%s%s\n",
		    e.text[0] != '\0' ? " (" : "", e.text,
		    e.text[0] != '\0' ? ")" : "");
		return false;
	}
	if (follow(x, &addr, false, &r, a))
		return try_all(x, &r);
	/* A matter of who asks. */
	return str_ends(str_c(r.reply.dsn), STR(".7.1")) &&
	    follow(x, &addr, true, &r, a) && try_all(x, &r);
}

bool explain_run(const struct settings *set, const char *rcpt,
    const char *sender, FILE *out)
{
	AUTO_ARENA a = { 0 };
	struct explain x = { .set = set, .out = out };
	bool good;

	x.lookup = lookup_open(set);
	x.access = access_new(set);
	good = (sender == NULL || take_sender(&x, sender, &a)) &&
	    take_rcpt(&x, rcpt, &a);
	lookup_close(x.lookup);
	access_free(x.access);
	return good;
}
