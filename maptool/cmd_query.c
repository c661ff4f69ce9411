/* cmd_query - an address by the keys that a delivery tries. */

#include <stdio.h>
#include <unistd.h>

#include "map/addr_find.h"
#include "map/maps.h"
#include "maptool/guard.h"
#include "maptool/native.h"

#define TIMEOUT_MS 60000
#define LIST_MAX   ((size_t)1 << 20)
#define VALUE_MAX  ((size_t)1 << 26)

enum {
	EXPLAIN = 256,
	LOCAL,
};

struct query {
	bool explain, local;

	/* For the child. */
	struct native *n;
	const char *address, *delimiters;
	struct buf list;
	struct buf last; /* the key that was told of */
};

static void tell(const struct maps_step *step, void *arg)
{
	struct query *q = arg;

	if (q->last.n == 0 || str_cmp(buf_str(&q->last), step->key) != 0)
		printf("key %.*s\n", STR_ARG(step->key));
	buf_set(&q->last, step->key);
	printf("  %s: ", step->table);
	if (step->passed_over)
		puts("not asked for a part of an address");
	else if (step->st == ST_OK)
		printf("found: %.*s\n", STR_ARG(step->val));
	else
		puts(step->st == ST_NONE ? "not found" : "cannot tell");
}

static int ask(int out UNUSED, void *arg)
{
	struct query *q = arg;
	struct addr_find how = { q->delimiters, q->local };
	AUTO_BUF val = BUF_MAX(VALUE_MAX);
	struct maps *maps = maps_open("query", buf_str(&q->list),
	    q->n->t.default_type, q->n->t.flags);
	struct str ext = STR_NONE;
	struct err e;
	enum st st;

	if (q->explain)
		maps_watch(maps, tell, q);
	st = addr_find(maps, &how, str_c(q->address), &val, &ext, &e);
	maps_close(maps);
	if (st == ST_TEMP || st == ST_PERM)
		return native_error("%s", e.text);
	if (q->explain && st == ST_NONE)
		puts("no answer");
	if (q->explain && ext.n != 0)
		printf("extension %.*s\n", STR_ARG(ext));
	if (st == ST_OK)
		printf("%s%.*s\n", q->explain ? "answer " : "",
		    STR_ARG(buf_str(&val)));
	return st == ST_OK ? NATIVE_YES : NATIVE_NO;
}

static int run(struct native *n, int argc, char **argv, void *own)
{
	struct query *q = own;
	struct err e;
	int status, i;

	q->n = n;
	q->address = argv[0];
	q->list = BUF_MAX(LIST_MAX);
	q->last = BUF_MAX(LIST_MAX);
	if (conf_str(n->t.conf, "recipient_delimiter", &q->delimiters, &e) !=
	    ST_OK)
		return native_error("%s", e.text);
	for (i = 1; i < argc; i++)
		if (conf_expand(n->t.conf, str_c(argv[i]), &q->list, &e) !=
			ST_OK ||
		    !buf_addch(&q->list, ' '))
			return native_error("%s: %s", argv[i], e.text);
	/* A library may not survive a damaged table. */
	if (guard_run(ask, q, TIMEOUT_MS, &status, &e) != ST_OK)
		status = native_error("the lookup %s: is a table damaged? See "
				      "maptool verify",
		    e.text);
	buf_clear(&q->list);
	buf_clear(&q->last);
	return status;
}

static bool option(int c, const char *arg UNUSED, void *own)
{
	struct query *q = own;

	if (c == EXPLAIN)
		q->explain = true;
	else if (c == LOCAL)
		q->local = true;
	else
		return false;
	return true;
}

static const struct option longs[] = {
	{ "explain", no_argument, NULL, EXPLAIN },
	{ "local", no_argument, NULL, LOCAL },
	{ NULL, 0, NULL, 0 },
};

const struct native_cmd cmd_query = {
	.name = "query",
	.args = "[-fu] [--explain] [--local] [-c dir] address [type:]name...",
	.idea = "look an address up by the keys that a delivery tries",
	.help = "Keys are user+ext@domain, user@domain, @domain, each asked in "
		"all tables.\n"
		"Each table may be a list, and $name stands for main.cf's.\n"
		"  --explain  show each key and what each table says\n"
		"  --local    the domain is ours: user+ext and user, too\n"
		"  -c dir     configuration\n"
		"  -f         do not fold keys\n"
		"  -u         texts are not UTF-8\n",
	.letters = "c:fu",
	.longs = longs,
	.option = option,
	.run = run,
	.own_size = sizeof(struct query),
	.least_arguments = 2,
};
