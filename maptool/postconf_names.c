/* postconf_names - names that are valid because something refers to them. */

#include "maptool/postconf_names.h"

#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/log.h"
#include "conf/expand.h"
#include "conf/machine.h"
#include "maptool/postconf_dbms.h"

#define VALUE_MAX (64 * 1024 * 1024)

/* Nobody can set these. */
static const char *const read_only[] = { "process_id", "process_name",
	"service_name" };

/* What the queue manager reads for each transport. */
static const struct {
	const char *suffix, *def;
} transport_params[] = {
	{ "_delivery_slot_cost", "$default_delivery_slot_cost" },
	{ "_delivery_slot_discount", "$default_delivery_slot_discount" },
	{ "_delivery_slot_loan", "$default_delivery_slot_loan" },
	{ "_destination_concurrency_failed_cohort_limit",
	    "$default_destination_concurrency_failed_cohort_limit" },
	{ "_destination_concurrency_limit",
	    "$default_destination_concurrency_limit" },
	{ "_destination_concurrency_negative_feedback",
	    "$default_destination_concurrency_negative_feedback" },
	{ "_destination_concurrency_positive_feedback",
	    "$default_destination_concurrency_positive_feedback" },
	{ "_destination_rate_delay", "$default_destination_rate_delay" },
	{ "_destination_recipient_limit",
	    "$default_destination_recipient_limit" },
	{ "_extra_recipient_limit", "$default_extra_recipient_limit" },
	{ "_initial_destination_concurrency",
	    "$initial_destination_concurrency" },
	{ "_minimum_delivery_slots", "$default_minimum_delivery_slots" },
	{ "_recipient_limit", "$default_recipient_limit" },
	{ "_recipient_refill_delay", "$default_recipient_refill_delay" },
	{ "_recipient_refill_limit", "$default_recipient_refill_limit" },
	{ "_transport_rate_delay", "$default_transport_rate_delay" },
};

/* Which commands of master.cf have parameters by the service's name. */
static const struct {
	const char *command;
	bool transport; /* all of transport_params */
	bool timed;     /* SERVICE_time_limit */
} commands[] = {
	{ "error", true, false },
	{ "lmtp", true, false },
	{ "local", true, false },
	{ "pipe", true, true },
	{ "smtp", true, false },
	{ "spawn", false, true },
	{ "virtual", true, false },
};

/* A few, as local_destination_recipient_limit, have a row with a default. */
static void add_service(struct pc_names *n, struct str service,
    const char *suffix, const char *def)
{
	char *name =
	    arena_printf(&n->arena, "%.*s%s", STR_ARG(service), suffix);
	const struct param *p = param_find(name);

	if (p != NULL)
		def = p->def;
	hash_put(n->service, str_c(name), (void *)(uintptr_t)def);
}

static void add_services(struct pc_names *n, const struct master_entry *it)
{
	size_t i, k;

	for (i = 0; i < NELEM(commands); i++) {
		if (!str_eqc(it->field[MF_COMMAND], commands[i].command))
			continue;
		for (k = 0; k < NELEM(transport_params); k++)
			if (commands[i].transport)
				add_service(n, it->field[MF_SERVICE],
				    transport_params[k].suffix,
				    transport_params[k].def);
		if (commands[i].timed)
			add_service(n, it->field[MF_SERVICE], "_time_limit",
			    "$command_time_limit");
	}
}

static bool has_option(const struct master_entry *it, struct str name)
{
	master_options(o, it)
		if (str_eq(o->name, name))
			return true;
	return false;
}

/*
 * Does name have a value: in main.cf, by default, in the entry that refers to
 * it, or, when main.cf does, in any entry?
 */
static bool is_defined(const struct pc_names *n,
    const struct master_entry *scope, struct str name)
{
	AUTO_BUF key = BUF_MAX(VALUE_MAX);

	buf_add(&key, name);
	if (conf_raw(n->conf, buf_c(&key)) != NULL ||
	    param_find(buf_c(&key)) != NULL ||
	    hash_get(n->service, name) != NULL)
		return true;
	if (scope != NULL)
		return has_option(scope, name);
	list_foreach(p, &n->master.entries)
		if (has_option(CONTAINER_OF(p, struct master_entry, link),
			name))
			return true;
	return false;
}

static bool is_read_only(const char *name)
{
	size_t i;

	for (i = 0; i < NELEM(read_only); i++)
		if (strcmp(name, read_only[i]) == 0)
			return true;
	return false;
}

/* The key of a name that one entry refers to, for n->local. */
static struct str local_key(const struct master_entry *it, struct str name,
    struct buf *key)
{
	buf_setf(key, "%p %.*s", (const void *)it, STR_ARG(name));
	return buf_str(key);
}

void pc_refer(struct pc_names *n, const struct master_entry *scope,
    struct str name)
{
	AUTO_BUF key = BUF_MAX(VALUE_MAX);

	if (scope != NULL)
		hash_put(n->local, local_key(scope, name, &key), n);
	hash_put(scope != NULL ? n->by_master : n->referenced, name, n);
}

/* A text whose references are noted. */
struct scan {
	struct pc_names *n;
	const struct master_entry *scope; /* NULL: it stands in main.cf */
	const char *file; /* for "undefined parameter"; NULL: no warning */
};

static void note(struct str name, void *arg)
{
	const struct scan *s = arg;

	pc_refer(s->n, s->scope, name);
	if (s->file != NULL && !is_defined(s->n, s->scope, name))
		log_warn("%s/%s: undefined parameter: %.*s", s->n->dir, s->file,
		    STR_ARG(name));
}

static bool is_raw(const char *name)
{
	const struct param *p = param_find(name);

	return p != NULL && p->type == PARAM_RAW;
}

static void scan(const struct scan *s, const char *name, struct str value)
{
	struct err e;

	if (!is_raw(name) &&
	    expand_names(value, note, (void *)(uintptr_t)s, &e) != ST_OK)
		log_warn("%s", e.text);
}

/* As dict_eval() of the original says it, of a value in main.cf. */
static NORETURN void cannot_expand(const struct pc_names *n, const char *name,
    const struct err *e)
{
	log_warn("%s", e->text);
	log_fatal("%smacro processing error",
	    conf_raw(n->conf, name) != NULL ? "dictionary mail_dict: " : "");
}

static const char classes_name[] = "smtpd_restriction_classes";

/* What main.cf says: the original knows no defaults here. */
static const char *main_value(struct str name, void *arg)
{
	struct pc_names *n = arg;

	return conf_raw(n->conf, arena_strz(&n->arena, name));
}

/* Each word of smtpd_restriction_classes is the name of a parameter. */
static void scan_classes(const struct scan *s, struct str text)
{
	AUTO_BUF classes = BUF_MAX(VALUE_MAX);
	struct str rest, word;
	struct err e;

	if (expand(text, main_value, s->n, &classes, &e) != ST_OK)
		cannot_expand(s->n, classes_name, &e);
	rest = buf_str(&classes);
	while (str_word(&rest, ", \t\r\n", &word))
		note(word, (void *)(uintptr_t)s);
}

/*
 * The names in a value of main.cf. A used parameter must also be one that can
 * be expanded.
 */
static bool scan_main(const char *name, const char *value, void *arg)
{
	struct pc_names *n = arg;
	struct scan s = { n, NULL, "main.cf" };
	AUTO_BUF out = BUF_MAX(VALUE_MAX);
	struct err e;

	if (is_read_only(name)) {
		log_warn("%s/main.cf: read-only parameter assignment: %s=%s",
		    n->dir, name, value);
		return true;
	}
	scan(&s, name, str_c(value));
	if (param_find(name) == NULL || is_raw(name))
		return true;
	if (conf_expand(n->conf, str_c(value), &out, &e) == ST_OK)
		return true;
	log_warn("%s", e.text);
	log_fatal("macro processing error");
}

/* Whose -o values come first. */
struct local {
	struct pc_names *n;
	const struct master_entry *it;
};

static const char *local_value(struct str name, void *arg)
{
	const struct local *l = arg;
	const char *value = NULL;

	master_options(o, l->it)
		if (str_eq(o->name, name))
			value = arena_strz(&l->n->arena, o->value);
	return value != NULL
	    ? value
	    : conf_text(l->n->conf, arena_strz(&l->n->arena, name));
}

enum st pc_expand_option(struct pc_names *n, const struct master_entry *it,
    struct str text, struct buf *out, struct err *e)
{
	struct local l = { n, it };

	return expand(text, local_value, &l, out, e);
}

/* The same of a parameter in master.cf. */
static void scan_option(const struct scan *s, struct master_arg *o)
{
	/* The arena's text ends somewhere behind the name. */
	const char *name = arena_strz(&s->n->arena, o->name);
	AUTO_BUF out = BUF_MAX(VALUE_MAX);
	struct err e;

	if (is_read_only(name)) {
		log_warn("%s/master.cf: read-only parameter assignment: "
			 "%s=%.*s",
		    s->n->dir, name, STR_ARG(o->value));
		o->read_only = true;
		return;
	}
	scan(s, name, o->value);
	if (strcmp(name, classes_name) == 0)
		scan_classes(s, o->value);
	if (param_find(name) == NULL || is_raw(name) ||
	    pc_expand_option(s->n, s->scope, o->value, &out, &e) == ST_OK)
		return;
	log_warn("%s", e.text);
	log_fatal("macro processing error");
}

static void scan_master(struct pc_names *n)
{
	struct scan s = { n, NULL, "master.cf" };

	list_foreach(p, &n->master.entries) {
		s.scope = CONTAINER_OF(p, struct master_entry, link);
		master_options(o, s.scope)
			scan_option(&s, o);
	}
}

/* The original computes an unset mynetworks, whatever is to be shown. */
static void check_networks(struct pc_names *n)
{
	static const char *const needed[] = { "mynetworks_style",
		"inet_interfaces", "inet_protocols" };
	AUTO_BUF out = BUF_MAX(VALUE_MAX);
	const char *value;
	struct err e;
	size_t i;

	if (conf_raw(n->conf, "mynetworks") != NULL)
		return;
	for (i = 0; i < NELEM(needed); i++)
		if (conf_str(n->conf, needed[i], &value, &e) != ST_OK)
			cannot_expand(n, needed[i], &e);
	if (machine_default(n->conf, "mynetworks", &out, &e) != ST_OK)
		log_fatal("%s", e.text);
}

void pc_names_read(struct pc_names *n, const char *dir, bool must)
{
	struct err e;
	enum st st;

	*n = (struct pc_names){ .dir = dir };
	n->service = hash_new();
	n->referenced = hash_new();
	n->by_master = hash_new();
	n->local = hash_new();
	st = master_cf_read(&n->master, dir, &e);
	if (st == ST_NONE && !must)
		log_warn("%s", e.text);
	else if (st != ST_OK)
		log_fatal("%s", e.text);
	list_foreach(p, &n->master.entries)
		add_services(n, CONTAINER_OF(p, struct master_entry, link));
}

void pc_names_learn(struct pc_names *n, struct conf *c, bool main)
{
	struct scan s = { .n = n };
	const struct param *rows;
	size_t count, i;

	n->conf = c;
	if (!main)
		return;
	check_networks(n);
	rows = param_rows(&count);
	for (i = 0; i < count; i++)
		if (rows[i].def != NULL)
			scan(&s, rows[i].name, str_c(rows[i].def));
	s.file = "main.cf";
	scan_classes(&s, str_c(conf_raw(c, classes_name)));
	scan_master(n);
	conf_each(c, scan_main, n);
	for (i = 0; i < NELEM(read_only); i++)
		conf_unset(c, read_only[i]);
	pc_dbms_names(n);
}

void pc_names_clear(struct pc_names *n)
{
	hash_free(n->service, NULL);
	hash_free(n->referenced, NULL);
	hash_free(n->by_master, NULL);
	hash_free(n->local, NULL);
	master_cf_clear(&n->master);
	arena_clear(&n->arena);
}

static bool is_referred(const struct pc_names *n, struct str name)
{
	return hash_get(n->referenced, name) != NULL ||
	    hash_get(n->by_master, name) != NULL;
}

bool pc_is_user(const struct pc_names *n, const char *name)
{
	return param_find(name) == NULL &&
	    pc_service_default(n, name) == NULL &&
	    conf_raw(n->conf, name) != NULL && is_referred(n, str_c(name));
}

const char *pc_service_default(const struct pc_names *n, const char *name)
{
	return hash_get(n->service, str_c(name));
}

static bool warn_main(const char *name, const char *value, void *arg)
{
	const struct pc_names *n = arg;

	if (param_find(name) == NULL && pc_service_default(n, name) == NULL &&
	    !is_referred(n, str_c(name)))
		log_warn("%s/main.cf: unused parameter: %s=%s", n->dir, name,
		    value);
	return true;
}

void pc_warn_unused_main(const struct pc_names *n)
{
	conf_each(n->conf, warn_main, (void *)(uintptr_t)n);
}

/* Does a later -o of the entry set the same? */
static bool is_overridden(const struct master_entry *it,
    const struct master_arg *o)
{
	const struct master_arg *later = o;

	while ((later = master_next_option(it, later)) != NULL)
		if (str_eq(later->name, o->name))
			return true;
	return false;
}

/* Does anything read this parameter of an entry? */
static bool is_used(const struct pc_names *n, const struct master_entry *it,
    const struct master_arg *o)
{
	AUTO_BUF name = BUF_MAX(VALUE_MAX);
	AUTO_BUF key = BUF_MAX(VALUE_MAX);

	buf_add(&name, o->name);
	return o->read_only || param_find(buf_c(&name)) != NULL ||
	    hash_get(n->service, o->name) != NULL ||
	    hash_get(n->referenced, o->name) != NULL ||
	    hash_get(n->local, local_key(it, o->name, &key)) != NULL;
}

void pc_warn_unused_master(const struct pc_names *n)
{
	list_foreach(p, &n->master.entries) {
		struct master_entry *it =
		    CONTAINER_OF(p, struct master_entry, link);

		master_options(o, it)
			if (!is_used(n, it, o) && !is_overridden(it, o))
				log_warn("%s/master.cf: unused parameter: "
					 "%.*s=%.*s",
				    n->dir, STR_ARG(o->name),
				    STR_ARG(o->value));
	}
}
