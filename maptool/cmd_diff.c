/* cmd_diff - how two tables differ, whatever their types. */

#include <stdio.h>

#include "maptool/native.h"
#include "maptool/rows.h"

static void print(const struct row *a, const struct row *b, void *arg UNUSED)
{
	if (b == NULL)
		printf("-%.*s\n", STR_ARG(a->key));
	else if (a == NULL)
		printf("+%.*s\n", STR_ARG(b->key));
	else
		printf("~%.*s %.*s -> %.*s\n", STR_ARG(a->key), STR_ARG(a->val),
		    STR_ARG(b->val));
}

/* Tables come first: they tell whether a source is an alias file. */
static enum st load(struct rows r[2], const struct native *n, char **argv,
    struct err *e)
{
	struct rows_how how = { .t = &n->t, .aliases = n->aliases };
	int i;

	for (i = 0; i < 2; i++) {
		if (!native_is_spec(argv[i]))
			continue;
		if (rows_load(&r[i], argv[i], &how, e) != ST_OK)
			return ST_TEMP;
		how.aliases = how.aliases || r[i].aliases;
	}
	for (i = 0; i < 2; i++)
		if (!native_is_spec(argv[i]) &&
		    rows_source(&r[i], argv[i], &how, e) != ST_OK)
			return ST_TEMP;
	return ST_OK;
}

static int run(struct native *n, int argc, char **argv, void *own UNUSED)
{
	struct rows r[2] = { { .n = 0 }, { .n = 0 } };
	struct err e;
	int status;

	if (argc != 2)
		return native_error("two tables are compared");
	if (load(r, n, argv, &e) != ST_OK)
		status = native_error("%s", e.text);
	else
		status = rows_compare(&r[0], &r[1], print, NULL) == 0
		    ? NATIVE_YES
		    : NATIVE_NO;
	rows_clear(&r[0]);
	rows_clear(&r[1]);
	return status;
}

const struct native_cmd cmd_diff = {
	.name = "diff",
	.args = "[-afru] [-c dir] [type:]a [type:]b",
	.idea = "how two tables, or a table and a source, differ",
	.help = "Prints -key (only in a), +key (only in b), ~key old -> new.\n"
		"What has no type: before it is a source.\n"
		"  -a      a source is an alias file (else: if the other is a "
		"table of aliases)\n"
		"  -c dir  configuration\n"
		"  -f      do not fold the keys of a source\n"
		"  -r      of duplicates in a source the last counts\n"
		"  -u      texts are not UTF-8\n",
	.letters = "ac:fru",
	.run = run,
	.least_arguments = 2,
};
