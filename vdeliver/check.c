/* check - mistakes of a main.cf and their remedies. Runs in: the command. */

#include "vdeliver/check.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/log.h"
#include "map/list.h"
#include "map/map.h"
#include "map/match_list.h"
#include "vdeliver/check_state.h"
#include "vdeliver/identity.h"
#include "vdeliver/listeners.h"
#include "vdeliver/settings.h"

void check_say(struct check *c, enum check_kind kind, const char *remedy,
    const char *fmt, ...)
{
	static const char *const names[] = { "wrong", "doubtful", "note" };
	va_list ap;

	fprintf(c->out, "%s: ", names[kind]);
	va_start(ap, fmt);
	vfprintf(c->out, fmt, ap);
	va_end(ap);
	fprintf(c->out, "\n    %s\n", remedy);
	if (kind == CHECK_WRONG)
		c->wrong++;
	else if (kind == CHECK_DOUBT)
		c->doubtful++;
}

const char *check_value(struct check *c, const char *param)
{
	const char *v;
	struct err e;

	if (conf_str(c->conf, param, &v, &e) != ST_TEMP)
		return v;
	check_say(c, CHECK_WRONG, "correct the value", "%s", e.text);
	c->fatal = true;
	return "";
}

/* --- domains ------------------------------------------------------------- */

struct domains {
	const char *param;
	struct match_list *local; /* mydestination */
	size_t n;
};

static void check_domain(struct check *c, struct domains *d, struct str name)
{
	struct err e;

	if (match_list_get(d->local, name, &e) != ST_OK || ++d->n > CHECK_MANY)
		return;
	check_say(c, CHECK_WRONG,
	    "mydestination wins and no mailbox is found: take it out of "
	    "mydestination",
	    "do not list domain %.*s in BOTH mydestination and %s",
	    STR_ARG(name), d->param);
}

/* The keys of a table that are domains. */
static void domain_key(struct check *c, const char *table, struct str key,
    struct str value, void *arg)
{
	(void)table;
	(void)value;
	if (str_find(key, '@') < 0)
		check_domain(c, arg, key);
}

static void check_domains(struct check *c)
{
	static const char *const params[] = { "virtual_mailbox_domains",
		"virtual_alias_domains" };
	struct domains d = { .local = match_list_open("mydestination",
				 str_c(check_value(c, "mydestination")),
				 MATCH_DOMAIN, MAP_FOLD) };
	struct str list, item;
	size_t i;

	for (i = 0; i < NELEM(params); i++) {
		d.param = params[i];
		list = str_c(check_value(c, d.param));
		while (list_item(&list, &item))
			if (str_find(item, ':') < 0 &&
			    str_find(item, '/') < 0 && *item.p != '!')
				check_domain(c, &d, item);
		check_records(c, d.param, domain_key, &d);
	}
	match_list_close(d.local);
}

/* --- values -------------------------------------------------------------- */

static int64_t number(struct check *c, const char *param)
{
	int64_t v = 0;
	struct err e;

	if (conf_int(c->conf, param, &v, &e) == ST_OK)
		return v;
	check_say(c, CHECK_WRONG, "correct the value", "%s", e.text);
	c->fatal = true;
	return -1;
}

static void check_limits(struct check *c)
{
	int64_t box = number(c, "virtual_mailbox_limit");
	int64_t message = number(c, "message_size_limit");

	if (box <= 0 || message < 0 || (message != 0 && message <= box))
		return;
	c->fatal = true;
	check_say(c, CHECK_WRONG,
	    "raise virtual_mailbox_limit, or set it to 0: no limit",
	    message == 0 ? "virtual_mailbox_limit = %lld is a limit, and "
			   "message_size_limit = %lld is none"
			 : "virtual_mailbox_limit = %lld is smaller than "
			   "message_size_limit = %lld",
	    (long long)box, (long long)message);
}

/* Without these nobody gets mail. */
static void check_needed(struct check *c)
{
	static const struct {
		const char *param, *remedy;
	} rows[] = {
		{ "virtual_mailbox_domains",
		    "name the domains that have mailboxes here" },
		{ "virtual_mailbox_maps",
		    "give a table from address to mailbox" },
		{ "virtual_uid_maps", "give a table, or static:UID" },
		{ "virtual_gid_maps", "give a table, or static:GID" },
	};
	size_t i;

	for (i = 0; i < NELEM(rows); i++)
		if (str_trim(str_c(check_value(c, rows[i].param))).n == 0)
			check_say(c, CHECK_WRONG, rows[i].remedy,
			    "%s is empty: no mailbox is found", rows[i].param);
}

static void not_done(const char *param, const char *instead, void *arg)
{
	check_say(arg, CHECK_DOUBT,
	    "take it out, or leave that work to a Postfix before vdeliver",
	    "%s is not supported: %s", param, instead);
}

/* What a start would say that was not found above. Warnings are findings of
 * check_unsupported() already. */
static void check_start(struct check *c)
{
	struct settings set;
	struct identity id;
	struct err e;
	bool good;

	if (c->fatal)
		return;
	log_to_stderr(false);
	good = settings_load(&set, c->dir, &e) == ST_OK;
	log_to_stderr(true);
	if (good) {
		good = identity_find(&id, &set, &e) == ST_OK &&
		    listeners_check(&set, &e) == ST_OK;
		identity_clear(&id);
	}
	if (!good)
		check_say(c, CHECK_WRONG, "vdeliver does not start like this",
		    "%s", e.text);
	settings_clear(&set);
}

static void check_unsupported(struct check *c)
{
	settings_unsupported(c->conf, not_done, c);
}

static void check_main_cf(struct check *c)
{
	const char *path = arena_printf(&c->arena, "%s/main.cf", c->dir);
	struct stat sb;

	if (stat(path, &sb) == 0 && (sb.st_mode & S_IWOTH) != 0)
		check_say(c, CHECK_WRONG,
		    arena_printf(&c->arena, "chmod o-w %s", path),
		    "%s can be written by everybody", path);
}

static void (*const checks[])(struct check *c) = {
	check_main_cf,
	check_needed,
	check_limits,
	check_domains,
	check_base,
	check_tables,
	check_paths,
	check_owners,
	check_confine,
	check_unsupported,
	check_dovecot,
	check_start,
};

bool check_run(const char *dir, const char *dovecot, FILE *out)
{
	struct check c = { .dir = dir, .dovecot = dovecot, .out = out };
	struct err e;
	size_t i;

	if (conf_load(&c.conf, dir, &e) != ST_OK) {
		check_say(&c, CHECK_WRONG, "vdeliver does not start like this",
		    "%s", e.text);
		return false;
	}
	for (i = 0; i < NELEM(checks); i++)
		checks[i](&c);
	if (c.wrong + c.doubtful == 0)
		fprintf(out, "nothing wrong was found\n");
	conf_free(c.conf);
	arena_clear(&c.arena);
	return c.wrong == 0;
}
