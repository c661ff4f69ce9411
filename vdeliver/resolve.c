/* resolve - classes, aliases → final recipients. Runs in: router. */

#include "vdeliver/resolve.h"

#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/num.h"
#include "mail/address.h"
#include "vdeliver/access.h"
#include "vdeliver/permission.h"
#include "vdeliver/rules.h"

struct resolve_address {
	struct resolve_address *next;
	struct resolve_address *parent; /* the alias that gave it */
	struct str address;
	unsigned depth;
	bool told;    /* its class, to who watches */
	bool settled; /* an alias of itself: not expanded again */
};

struct resolve_memo {
	struct resolve_memo *next;
	enum question question;
	struct str key;
	struct answer answer;
};

/* How working on one address goes on. */
enum step {
	STEP_ASK,  /* a question is open */
	STEP_NEXT, /* this address is dealt with */
	STEP_FAIL, /* reply says why; the whole resolution ends */
};

void resolve_init(struct resolve *r, const struct settings *set,
    const struct access *access, struct arena *a, struct str rcpt)
{
	memset(r, 0, sizeof(*r));
	r->set = set;
	r->access = access;
	r->arena = a;
	r->rcpt = r->given = address_external(rcpt, a);
	r->end = &r->finals;
	r->todo = arena_alloc(a, sizeof(*r->todo));
	r->todo->address = arena_str(a, rcpt);
}

void resolve_answer(struct resolve *r, const struct answer *a)
{
	struct resolve_memo *m = arena_alloc(r->arena, sizeof(*m));

	m->question = r->question;
	m->key = r->key;
	m->answer.st = a->st;
	m->answer.value = arena_str(r->arena, a->value);
	m->answer.ext = arena_str(r->arena, a->ext);
	m->answer.dsn = arena_strz(r->arena, str_c(a->dsn));
	m->answer.text = arena_strz(r->arena, str_c(a->text));
	m->next = r->memo;
	r->memo = m;
}

static void show(const struct resolve *r, enum resolve_note note,
    struct str address, struct str text, const struct final *f)
{
	struct resolve_sight s = { note, address, text, f };

	if (r->watch != NULL)
		r->watch(&s, r->watch_arg);
}

/* The answer when it is known, else NULL and the question is open. */
static const struct answer *ask(struct resolve *r, enum question q,
    struct str key, uint32_t flags)
{
	struct resolve_memo *m;

	for (m = r->memo; m != NULL; m = m->next)
		if (m->question == q && str_eq(m->key, key))
			return &m->answer;
	r->question = q;
	r->key = key;
	r->flags = flags;
	return NULL;
}

static enum step table_error(struct resolve *r, const struct answer *a)
{
	log_warn("%s", a->text);
	if (strcmp(a->dsn, "4.3.5") == 0) {
		reply_set(&r->reply, 451, "4.3.5",
		    "Server configuration error");
		return STEP_FAIL;
	}
	reply_set(&r->reply, 451, "4.3.0", "<%.*s>: Temporary lookup failure",
	    STR_ARG(r->given));
	return STEP_FAIL;
}

static enum step config_error(struct resolve *r)
{
	reply_set(&r->reply, 451, "4.3.5",
	    "<%.*s>: Recipient address "
	    "rejected: mail system configuration error",
	    STR_ARG(r->given));
	return STEP_FAIL;
}

static enum step unknown_user(struct resolve *r, int64_t code,
    const char *table)
{
	const char *dsn = code / 100 == 4 ? "4.1.1" : "5.1.1";

	if (r->set->show_user_unknown_table_name)
		reply_set(&r->reply, (unsigned)code, dsn,
		    "<%.*s>: Recipient "
		    "address rejected: User unknown in %s table",
		    STR_ARG(r->given), table);
	else
		reply_set(&r->reply, (unsigned)code, dsn,
		    "<%.*s>: Recipient "
		    "address rejected: User unknown",
		    STR_ARG(r->given));
	return STEP_FAIL;
}

/* Yes, no, or STEP_ASK/STEP_FAIL in *step. */
static bool in_list(struct resolve *r, enum question q, struct str domain,
    enum step *step)
{
	const struct answer *a = ask(r, q, domain, 0);

	*step = STEP_NEXT;
	if (a == NULL)
		*step = STEP_ASK;
	else if (a->st == ST_TEMP)
		*step = table_error(r, a);
	return a != NULL && a->st == ST_OK;
}

/* user@[127.0.0.1]: one of our own addresses, in brackets. */
static bool is_own_literal(const struct resolve *r, struct str domain)
{
	char addr[64];

	if (domain.n < 3 || domain.n - 2 >= sizeof(addr) || *domain.p != '[' ||
	    domain.p[domain.n - 1] != ']')
		return false;
	domain = str_head(str_skip(domain, 1), domain.n - 2);
	if (str_istarts(domain, STR("IPv6:")))
		domain = str_skip(domain, 5);
	memcpy(addr, domain.p, domain.n);
	addr[domain.n] = '\0';
	return access_is_own(r->access, addr);
}

/* local, alias, mailbox, outside: the first list that has the domain. */
enum class {
	CLASS_LOCAL,
	CLASS_ALIAS,
	CLASS_MAILBOX,
	CLASS_OUTSIDE
};

static enum step classify(struct resolve *r, struct str address,
    enum class *class)
{
	static const enum question lists[] = { Q_MYDESTINATION, Q_ALIAS_DOMAINS,
		Q_MAILBOX_DOMAINS };
	struct str domain = address_domain(address);
	enum step step;
	bool in = false;
	size_t i;

	if (is_own_literal(r, domain)) {
		*class = CLASS_LOCAL;
		return STEP_NEXT;
	}
	for (i = 0; i < NELEM(lists) && !in; i++) {
		in = in_list(r, lists[i], domain, &step);
		if (step != STEP_NEXT)
			return step;
	}
	*class = in ? (enum class)(i - 1) : CLASS_OUTSIDE;
	return STEP_NEXT;
}

/* Is address among those that led to at (at itself included)? */
static bool is_ancestor(const struct resolve_address *at, struct str address)
{
	for (; at != NULL; at = at->parent)
		if (str_ieq(at->address, address))
			return true;
	return false;
}

static enum step alias_trouble(struct resolve *r, const char *what)
{
	log_warn("unreasonable virtual_alias_maps %s for %.*s -- message not "
		 "accepted, try again later",
	    what, STR_ARG(r->rcpt));
	reply_set(&r->reply, 451, "4.6.0", "Alias expansion error");
	return STEP_FAIL;
}

static void push(struct resolve *r, struct resolve_address *parent,
    struct str address, bool settled)
{
	struct resolve_address *n = arena_alloc(r->arena, sizeof(*n)), **at;

	n->address = address;
	n->parent = parent;
	n->depth = parent->depth + 1;
	n->settled = settled;
	show(r, NOTE_TARGET, parent->address, address, NULL);
	for (at = &r->todo; *at != NULL; at = &(*at)->next)
		continue;
	*at = n;
}

/* user@domain + "+ext" → user+ext@domain; "@domain" takes user's local part. */
static struct str alias_target(struct resolve *r, struct str from,
    struct str target, struct str ext)
{
	struct str local = str_head(from, (size_t)str_rfind(from, '@'));
	struct str t_local, t_domain;
	ptrdiff_t at = str_rfind(target, '@');

	t_local = str_head(target, at < 0 ? target.n : (size_t)at);
	t_domain = at < 0 ? STR_NONE : str_skip(target, (size_t)at);
	if (t_local.n == 0) {
		if (ext.n != 0)
			local = str_head(local, local.n - ext.n);
		t_local = local;
	}
	if (ext.n == 0 ||
	    strstr(r->set->propagate_unmatched_extensions, "virtual") == NULL)
		ext = STR_NONE;
	return str_c(arena_printf(r->arena, "%.*s%.*s%.*s", STR_ARG(t_local),
	    STR_ARG(ext), STR_ARG(t_domain)));
}

static enum step expand(struct resolve *r, struct resolve_address *at,
    const struct answer *a)
{
	struct address_rules rules;
	struct str *list, t;
	size_t n, i;
	bool itself;
	struct err e;

	rules_address(r->set, &rules);
	if (address_list(&rules, a->value, r->arena, &list, &n, &e) != ST_OK) {
		log_warn("virtual_alias_maps lookup of %.*s returns "
			 "non-address result \"%.*s\"",
		    STR_ARG(at->address), STR_ARG(a->value));
		reply_set(&r->reply, 451, "4.3.0",
		    "<%.*s>: Temporary lookup failure", STR_ARG(r->given));
		return STEP_FAIL;
	}
	if (at->depth + 1 > r->set->virtual_alias_recursion_limit)
		return alias_trouble(r, "map nesting");
	for (i = 0, itself = false; i < n; i++) {
		list[i] = alias_target(r, at->address, list[i], a->ext);
		itself |= str_ieq(list[i], at->address);
	}
	for (i = 0; i < n; i++) {
		t = list[i];
		if ((int64_t)t.n > r->set->virtual_alias_address_length_limit)
			return alias_trouble(r, "result length");
		if ((int64_t)++r->expanded >
		    r->set->virtual_alias_expansion_limit)
			return alias_trouble(r, "map expansion size");
		push(r, at, t, itself && is_ancestor(at, t));
	}
	return STEP_NEXT;
}

/* Where a bare user is a key, too. virtual(5), "TABLE SEARCH ORDER". */
static uint32_t key_flags(const struct resolve *r, struct str address,
    enum class class)
{
	return class == CLASS_LOCAL ||
		str_ieqc(address_domain(address), r->set->myorigin)
	    ? ASK_LOCAL
	    : 0;
}

/* A whole number that is an id, within min..2^32-2; 0 is none. */
static bool parse_id(struct str text, int64_t min, uint32_t *id)
{
	uint64_t v;

	if (!num_u64(text, UINT32_MAX - 1, &v) || v == 0 || (int64_t)v < min)
		return false;
	*id = (uint32_t)v;
	return true;
}

static enum step find_id(struct resolve *r, struct str address, uint32_t flags,
    bool gid, uint32_t *id)
{
	const char *map = gid ? "virtual_gid_maps" : "virtual_uid_maps";
	const struct answer *a = ask(r, gid ? Q_GID : Q_UID, address, flags);

	if (a == NULL)
		return STEP_ASK;
	if (a->st != ST_OK) {
		if (a->st == ST_TEMP)
			log_warn("%s", a->text);
		log_warn("recipient %.*s: not found in %s", STR_ARG(address),
		    map);
		return config_error(r);
	}
	if (!parse_id(a->value, gid ? 1 : r->set->virtual_minimum_uid, id)) {
		log_warn("recipient %.*s: bad %s %.*s in %s", STR_ARG(address),
		    gid ? "gid" : "uid", STR_ARG(a->value), map);
		return config_error(r);
	}
	return STEP_NEXT;
}

/* "/" + result holds no "/../"; what is left of it is relative to the base. */
static bool mailbox_path(struct str value, struct str *path)
{
	if (str_search(value, STR("/../")) >= 0 ||
	    str_starts(value, STR("../")))
		return false;
	while (str_starts(value, STR("/")))
		value = str_skip(value, 1);
	/* The base itself may be a Maildir. */
	*path = value.n != 0 ? value : STR("./");
	return true;
}

static const struct final *add_final(struct resolve *r, const struct final *f)
{
	struct final *out = arena_alloc(r->arena, sizeof(*out));

	*out = *f;
	*r->end = out;
	r->end = &out->next;
	return out;
}

static enum step no_mailbox(struct resolve *r, enum class class)
{
	if (class == CLASS_LOCAL)
		return unknown_user(r,
		    r->set->unknown_local_recipient_reject_code,
		    "local recipient");
	return unknown_user(r, r->set->unknown_virtual_mailbox_reject_code,
	    "virtual mailbox");
}

static enum step mailbox(struct resolve *r, struct str address,
    enum class class)
{
	uint32_t flags = key_flags(r, address, class);
	const struct answer *a = ask(r, Q_MAILBOX, address, flags);
	struct final f = { .address = address_external(address, r->arena) };
	enum step step;

	if (a == NULL)
		return STEP_ASK;
	if (a->st == ST_TEMP)
		return table_error(r, a);
	if (a->st == ST_NONE)
		return no_mailbox(r, class);
	if (!mailbox_path(a->value, &f.path)) {
		log_warn("recipient %.*s: bad mailbox path %.*s in "
			 "virtual_mailbox_maps",
		    STR_ARG(address), STR_ARG(a->value));
		return config_error(r);
	}
	step = find_id(r, address, flags, false, &f.uid);
	if (step == STEP_NEXT)
		step = find_id(r, address, flags, true, &f.gid);
	if (step == STEP_NEXT)
		show(r, NOTE_MAILBOX, address, f.path, add_final(r, &f));
	return step;
}

static enum step outside(struct resolve *r, struct str address)
{
	struct final f = { .address = address_external(address, r->arena),
		.outside = true };

	if (r->set->relayhost[0] != '\0') {
		add_final(r, &f);
		return STEP_NEXT;
	}
	reply_set(&r->reply, 451, "4.3.5", "no relayhost for <%.*s>",
	    STR_ARG(f.address));
	return STEP_FAIL;
}

/* local_transport = virtual, with or without a next hop. */
static bool virtual_takes_local(const struct settings *set)
{
	struct str rest = str_c(set->local_transport), name;

	str_cut(&rest, ':', &name);
	return str_eqc(name, "virtual");
}

/* What no alias has: the class decides. */
static enum step deliver(struct resolve *r, struct str address,
    enum class class)
{
	switch (class) {
	case CLASS_LOCAL:
		if (!virtual_takes_local(r->set))
			return no_mailbox(r, class);
		return mailbox(r, address, class);
	case CLASS_ALIAS:
		return unknown_user(r,
		    r->set->unknown_virtual_alias_reject_code, "virtual alias");
	case CLASS_MAILBOX:
		return mailbox(r, address, class);
	case CLASS_OUTSIDE:
		break;
	}
	return outside(r, address);
}

static enum step relay_permission(struct resolve *r)
{
	static const struct {
		unsigned code;
		const char *dsn, *text;
	} refusals[] = {
		[PERMISSION_UNKNOWN] = { 451, "4.3.0",
		    "Temporary lookup failure" },
		[PERMISSION_DENIED] = { 554, "5.7.1", "Relay access denied" },
		[PERMISSION_DEFERRED] = { 454, "4.7.1", "Relay access denied" },
		[PERMISSION_REJECT] = { 554, "5.7.1",
		    "Recipient address rejected: Access denied" },
		[PERMISSION_DEFER] = { 450, "4.3.2",
		    "Recipient address rejected: Try again later" },
	};
	enum permission p = permission_of(r->set->smtpd_relay_restrictions,
	    r->trusted, r->trust_unknown);

	if (p == PERMISSION_GIVEN)
		return STEP_NEXT;
	reply_set(&r->reply, refusals[p].code, refusals[p].dsn, "<%.*s>: %s",
	    STR_ARG(r->given), refusals[p].text);
	return STEP_FAIL;
}

static void show_class(const struct resolve *r, struct resolve_address *at,
    enum class class)
{
	static const char *const names[] = { "local", "alias", "mailbox",
		"outside" };

	if (at->told)
		return;
	at->told = true;
	show(r, NOTE_CLASS, at->address, str_c(names[class]), NULL);
	if (at->settled)
		show(r, NOTE_ITSELF, at->address, STR_NONE, NULL);
}

static enum step work(struct resolve *r, struct resolve_address *at)
{
	const struct answer *a;
	enum class class;
	enum step step = classify(r, at->address, &class);

	if (step != STEP_NEXT)
		return step;
	show_class(r, at, class);
	if (at->parent == NULL && (class == CLASS_OUTSIDE || r->routed))
		step = relay_permission(r);
	if (step != STEP_NEXT || at->settled)
		return step == STEP_NEXT ? deliver(r, at->address, class)
					 : step;
	if (strstr(r->set->receive_override_options, "no_address_mappings") ==
	    NULL) {
		a = ask(r, Q_ALIAS, at->address,
		    key_flags(r, at->address, class));
		if (a == NULL)
			return STEP_ASK;
		if (a->st == ST_TEMP)
			return table_error(r, a);
		if (a->st == ST_OK)
			return expand(r, at, a);
	}
	return deliver(r, at->address, class);
}

bool resolve_step(struct resolve *r)
{
	enum step step;

	while (r->todo != NULL) {
		step = work(r, r->todo);
		if (step == STEP_ASK)
			return true;
		if (step == STEP_FAIL)
			return false;
		r->todo = r->todo->next;
		r->memo = NULL;
	}
	reply_set(&r->reply, 250, "2.1.5", "Ok");
	return false;
}
