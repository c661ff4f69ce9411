/* postconf_names - names that are valid because something refers to them. */

#include "maptool/postconf_names.h"

#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/log.h"
#include "conf/expand.h"
#include "maptool/postconf_dbms.h"

#define VALUE_MAX (1024 * 1024)

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

/* Does name have a value somewhere: in main.cf, by default, in master.cf? */
static bool is_defined(const struct pc_names *n, struct str name)
{
	AUTO_BUF key = BUF_MAX(VALUE_MAX);

	buf_add(&key, name);
	if (conf_raw(n->conf, buf_c(&key)) != NULL ||
	    param_find(buf_c(&key)) != NULL ||
	    hash_get(n->service, name) != NULL)
		return true;
	list_foreach(p, &n->master.entries) {
		struct master_entry *it =
		    CONTAINER_OF(p, struct master_entry, link);

		master_options(o, it) if (str_eq(o->name, name)) return true;
	}
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

/* A text whose references are noted. */
struct scan {
	struct pc_names *n;
	struct hash *into; /* where to note the names */
	const char *file;  /* for "undefined parameter"; NULL: no warning */
};

static void note(struct str name, void *arg)
{
	const struct scan *s = arg;

	hash_put(s->into, name, s->n);
	if (s->file != NULL && !is_defined(s->n, name))
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

/*
 * The names in a value of main.cf. A used parameter must also be one that can
 * be expanded; as in "$name", so that a loop is told as the original does.
 */
static bool scan_main(const char *name, const char *value, void *arg)
{
	struct pc_names *n = arg;
	struct scan s = { n, n->referenced, "main.cf" };
	AUTO_BUF text = BUF_MAX(VALUE_MAX);
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
	buf_addf(&text, "${%s}", name);
	if (conf_expand(n->conf, buf_str(&text), &out, &e) == ST_OK)
		return true;
	log_warn("%s", e.text);
	log_fatal("macro processing error");
}

/* The same of a parameter in master.cf. */
static void scan_option(const struct scan *s, struct master_arg *o)
{
	/* The arena's text ends somewhere behind the name. */
	const char *name = arena_strz(&s->n->arena, o->name);

	if (is_read_only(name)) {
		log_warn("%s/master.cf: read-only parameter assignment: "
			 "%s=%.*s",
		    s->n->dir, name, STR_ARG(o->value));
		o->read_only = true;
		return;
	}
	scan(s, name, o->value);
}

static void scan_master(struct pc_names *n)
{
	struct scan s = { n, n->referenced, "master.cf" };

	list_foreach(p, &n->master.entries) {
		struct master_entry *it =
		    CONTAINER_OF(p, struct master_entry, link);

		master_options(o, it) scan_option(&s, o);
	}
}

/* Each word of smtpd_restriction_classes is the name of a parameter. */
static void scan_restriction_classes(struct pc_names *n)
{
	struct scan s = { n, n->referenced, "main.cf" };
	struct str rest, word;
	const char *classes;
	struct err e;

	if (conf_str(n->conf, "smtpd_restriction_classes", &classes, &e) !=
	    ST_OK)
		return;
	rest = str_c(classes);
	while (str_word(&rest, ", \t\r\n", &word))
		note(word, &s);
}

void pc_names_read(struct pc_names *n, const char *dir, bool must)
{
	struct err e;
	enum st st;

	*n = (struct pc_names){ .dir = dir };
	n->service = hash_new();
	n->referenced = hash_new();
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
	struct scan s = { .n = n, .into = n->referenced };
	const struct param *rows;
	size_t count, i;

	n->conf = c;
	if (!main)
		return;
	rows = param_rows(&count);
	for (i = 0; i < count; i++)
		if (rows[i].def != NULL)
			scan(&s, rows[i].name, str_c(rows[i].def));
	scan_master(n);
	conf_each(c, scan_main, n);
	for (i = 0; i < NELEM(read_only); i++)
		conf_unset(c, read_only[i]);
	scan_restriction_classes(n);
	pc_dbms_names(n);
}

void pc_names_clear(struct pc_names *n)
{
	hash_free(n->service, NULL);
	hash_free(n->referenced, NULL);
	master_cf_clear(&n->master);
	arena_clear(&n->arena);
}

bool pc_is_user(const struct pc_names *n, const char *name)
{
	return param_find(name) == NULL &&
	    pc_service_default(n, name) == NULL &&
	    conf_raw(n->conf, name) != NULL &&
	    hash_get(n->referenced, str_c(name)) != NULL;
}

const char *pc_service_default(const struct pc_names *n, const char *name)
{
	return hash_get(n->service, str_c(name));
}

static bool warn_main(const char *name, const char *value, void *arg)
{
	const struct pc_names *n = arg;

	if (param_find(name) == NULL && pc_service_default(n, name) == NULL &&
	    hash_get(n->referenced, str_c(name)) == NULL)
		log_warn("%s/main.cf: unused parameter: %s=%s", n->dir, name,
		    value);
	return true;
}

void pc_warn_unused_main(const struct pc_names *n)
{
	conf_each(n->conf, warn_main, (void *)(uintptr_t)n);
}

void pc_warn_unused_master(const struct pc_names *n)
{
	list_foreach(p, &n->master.entries) {
		struct master_entry *it =
		    CONTAINER_OF(p, struct master_entry, link);

		master_options(o, it)
		{
			AUTO_BUF name = BUF_MAX(VALUE_MAX);

			buf_add(&name, o->name);
			if (!o->read_only && param_find(buf_c(&name)) == NULL &&
			    hash_get(n->service, o->name) == NULL &&
			    hash_get(n->referenced, o->name) == NULL)
				log_warn("%s/master.cf: unused parameter: "
					 "%.*s=%.*s",
				    n->dir, STR_ARG(o->name),
				    STR_ARG(o->value));
		}
	}
}
