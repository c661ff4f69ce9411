/* missing - a table's file is not there, but that of another type is. */

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "map/types.h"

/* The types with files of their own, and how these end. */
static const struct {
	const char *type, *suffix;
} files[] = {
	{ "hash", ".db" },
	{ "btree", ".db" },
	{ "lmdb", ".lmdb" },
	{ "cdb", ".cdb" },
};

static bool is_there(const struct map *m, const char *suffix)
{
	AUTO_BUF path = BUF_MAX(4096);

	buf_addf(&path, "%.*s%s", STR_ARG(m->name), suffix);
	return access(buf_c(&path), F_OK) == 0 || errno != ENOENT;
}

static const char *suffix_of(const struct map *m)
{
	size_t i;

	for (i = 0; i < NELEM(files); i++)
		if (str_eqc(str_c(m->ops->type), files[i].type))
			return files[i].suffix;
	return NULL;
}

void map_explain_missing(const struct map *m, struct err *e)
{
	const char *suffix = m->ops != NULL ? suffix_of(m) : NULL;
	size_t n = strlen(e->text), i;

	if (suffix == NULL || is_there(m, suffix))
		return;
	for (i = 0; i < NELEM(files); i++)
		if (strcmp(files[i].suffix, suffix) != 0 &&
		    is_there(m, files[i].suffix)) {
			snprintf(e->text + n, sizeof(e->text) - n,
			    "; but %.*s%s is there: is %s:%.*s meant?",
			    STR_ARG(m->name), files[i].suffix, files[i].type,
			    STR_ARG(m->name));
			return;
		}
}
