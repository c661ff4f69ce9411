/* redirect - hash: and btree: stand for other types. */

#include "map/redirect.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"

#define TYPE_MAX 64

/* Which type, and the parameter that has the one to take instead. */
static const struct {
	const char *type, *param;
} rows[] = {
	{ "hash", "default_database_type" },
	{ "btree", "default_cache_db_type" },
};

static struct {
	char to[NELEM(rows)][TYPE_MAX]; /* "": itself */
	bool tell;
} set;

static const struct {
	const char *name;
	bool on;
} levels[] = {
	{ "disable", false }, { "enable-redirect", true },
	{ "enable-reindex", true }, /* who builds tables is no concern here */
};

static enum st find_level(struct conf *c, bool *on, struct err *e)
{
	const char *level;
	size_t i;

	if (conf_str(c, "non_bdb_migration_level", &level, e) != ST_OK)
		return ST_TEMP;
	for (i = 0; i < NELEM(levels); i++)
		if (strcmp(levels[i].name, level) == 0) {
			*on = levels[i].on;
			return ST_OK;
		}
	return err_temp(e, "",
	    "bad parameter value: non_bdb_migration_level = %s; need disable, "
	    "enable-redirect or enable-reindex",
	    level);
}

static bool of_berkeley_db(const char *type)
{
	size_t i;

	for (i = 0; i < NELEM(rows); i++)
		if (strcmp(type, rows[i].type) == 0)
			return true;
	return false;
}

static enum st read_types(struct conf *c, struct err *e)
{
	const char *v;
	size_t i;

	if (conf_str(c, "non_bdb_custom_mapping", &v, e) != ST_OK)
		return ST_TEMP;
	if (*v != '\0')
		return err_temp(e, "",
		    "non_bdb_custom_mapping is not supported: name the types "
		    "of tables in main.cf");
	for (i = 0; i < NELEM(rows); i++) {
		if (conf_str(c, rows[i].param, &v, e) != ST_OK)
			return ST_TEMP;
		if (strlen(v) >= TYPE_MAX)
			return err_temp(e, "", "bad parameter value: %s = %s",
			    rows[i].param, v);
		if (!of_berkeley_db(v))
			snprintf(set.to[i], TYPE_MAX, "%s", v);
	}
	return conf_bool(c, "non_bdb_migration_log_redirect", &set.tell, e);
}

enum st redirect_configure(struct conf *c, struct err *e)
{
	bool on = false;

	memset(&set, 0, sizeof(set));
	if (find_level(c, &on, e) != ST_OK)
		return ST_TEMP;
	return on ? read_types(c, e) : ST_OK;
}

struct str redirect_spec(struct str spec, struct arena *a)
{
	struct str name = spec, type, to;
	size_t i;

	if (!str_cut(&name, ':', &type))
		return spec;
	for (i = 0; i < NELEM(rows); i++) {
		if (!str_eqc(type, rows[i].type) || set.to[i][0] == '\0' ||
		    str_eqc(type, set.to[i]))
			continue;
		to =
		    str_c(arena_printf(a, "%s:%.*s", set.to[i], STR_ARG(name)));
		if (set.tell)
			log_info("redirecting %.*s to %.*s", STR_ARG(spec),
			    STR_ARG(to));
		return to;
	}
	return spec;
}
