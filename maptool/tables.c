/* tables - options of postmap and postalias, and which of them goes on. */

#include "maptool/tables.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "map/redirect.h"
#include "maptool/guard.h"

static void set_mode(struct tables *t, char mode, const char *key)
{
	if (t->mode == 'b' || t->mode == 'i') {
		t->mode = mode;
		t->key = key;
		return;
	}
	if (mode == 'i')
		return;
	log_fatal(mode == 's' ? "specify only one of -s or -q or -d"
			      : "specify only one of -s -q or -d");
}

/* Letters that only set a flag. */
static const struct {
	char letter;
	unsigned set, clear;
} flag_options[] = {
	{ 'F', MAP_RHS_FILES, 0 },
	{ 'n', MAP_TRY0, MAP_TRY1 },
	{ 'N', MAP_TRY1, MAP_TRY0 },
	{ 'r', MAP_DUP_REPLACE, MAP_DUP_IGNORE },
	{ 'w', MAP_DUP_IGNORE, MAP_DUP_REPLACE },
};

/* Letters and words that only say yes. */
static const struct {
	int letter;
	size_t place; /* of a bool in struct tables */
} yes_options[] = {
	{ 'f', offsetof(struct tables, no_fold) },
	{ 'j', offsetof(struct tables, json) },
	{ 'o', offsetof(struct tables, keep_owner) },
	{ 'p', offsetof(struct tables, no_mode) },
	{ 'u', offsetof(struct tables, no_utf8) },
	{ 'U', offsetof(struct tables, keep_utf8) },
	{ 'v', offsetof(struct tables, verbose) },
	{ WORD_ATOMIC, offsetof(struct tables, atomic) },
	{ WORD_QUOTED_KEYS, offsetof(struct tables, quoted) },
};

static const struct {
	char letter;
	enum tables_keys keys;
} key_options[] = {
	{ 'b', KEYS_BODY },
	{ 'h', KEYS_HEADERS },
	{ 'm', KEYS_PARTS },
};

bool tables_flag(struct tables *t, int c)
{
	size_t i;

	for (i = 0; i < NELEM(flag_options); i++)
		if (flag_options[i].letter == c) {
			t->flags &= ~flag_options[i].clear;
			t->flags |= flag_options[i].set;
			return true;
		}
	return false;
}

static bool simple_option(struct tables *t, int c)
{
	size_t i;

	if (tables_flag(t, c))
		return true;
	for (i = 0; i < NELEM(yes_options); i++)
		if (yes_options[i].letter == c) {
			*(bool *)((char *)t + yes_options[i].place) = true;
			return true;
		}
	for (i = 0; i < NELEM(key_options); i++)
		if (key_options[i].letter == c) {
			t->keys |= key_options[i].keys;
			return true;
		}
	return false;
}

static void one_option(struct tables *t, int c)
{
	switch (c) {
	case 'c':
		t->dir = optarg;
		break;
	case 'd':
	case 'q':
		set_mode(t, (char)c, optarg);
		break;
	case 'i':
	case 's':
		set_mode(t, (char)c, NULL);
		break;
	default:
		log_fatal("usage: %s", t->tool->usage);
	}
}

/* Options that go together with some others only. */
static void check_options(struct tables *t)
{
	if (t->keys != 0 && (t->mode != 'q' || strcmp(t->key, "-") != 0))
		log_fatal("specify -b -h or -m only with \"-q -\"");
	if (t->keys == KEYS_PARTS) {
		log_warn("ignoring -m option without -b or -h");
		t->keys = 0;
	}
	if (t->json && t->mode != 'q' && t->mode != 's')
		log_fatal("specify -j only with -q or -s");
	if (t->atomic && t->mode != 'i' && t->mode != 'd')
		log_fatal("specify --atomic only with -i or -d");
}

static void parse(struct tables *t, int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, t->tool->letters, t->tool->words,
		    NULL)) != -1)
		if (!simple_option(t, c))
			one_option(t, c);
	check_options(t);
	t->maps = argv + optind;
	t->n = argc - optind;
	if (t->n == 0 && t->mode == 's')
		exit(1);
	if (t->n == 0)
		log_fatal("usage: %s", t->tool->usage);
}

void tables_tell(const struct tables *t, const char *fmt, ...)
{
	AUTO_BUF line = BUF_MAX(LOG_LINE_MAX);
	char *text = NULL;
	va_list ap;

	if (!t->verbose)
		return;
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) >= 0)
		buf_addc(&line, text);
	va_end(ap);
	free(text);
	log_info("%s", buf_c(&line));
}

const char *tables_dir(const struct tables *t)
{
	const char *env = getenv("MAIL_CONFIG");

	if (t->dir != NULL)
		return t->dir;
	return env != NULL ? env : "/etc/postfix";
}

enum st tables_load(struct tables *t, struct err *e)
{
	const char *dir = tables_dir(t);
	bool own_name = strcmp(log_get_tag(), "maptool") == 0;
	AUTO_BUF path = BUF_MAX(4096);
	bool utf8;

	buf_addf(&path, "%s/main.cf", dir);
	if (own_name && access(buf_c(&path), F_OK) != 0)
		t->conf = conf_defaults(dir);
	else if (conf_load(&t->conf, dir, e) != ST_OK)
		return ST_TEMP;
	if (conf_str(t->conf, "default_database_type", &t->default_type, e) !=
		ST_OK ||
	    conf_bool(t->conf, "smtputf8_enable", &utf8, e) != ST_OK ||
	    redirect_configure(t->conf, e) != ST_OK)
		return ST_TEMP;
	/* A message may hold anything. */
	if (utf8 && !t->no_utf8 && (t->keys == 0 || t->keep_utf8))
		t->flags |= MAP_UTF8;
	if (!t->no_fold)
		t->flags |= MAP_FOLD;
	return ST_OK;
}

void tables_config(struct tables *t)
{
	struct err e;

	if (tables_load(t, &e) != ST_OK)
		log_fatal("%s", e.text);
}

/* Standard input may take any time. */
#define NO_LIMIT (-1)

typedef int mode_fn(const struct tables *t);

static const struct mode {
	char mode;
	mode_fn *run;
	bool changes; /* a table that is there, by its library */
} modes[] = {
	{ 'b', tables_make, false },
	{ 'i', tables_make, true },
	{ 'q', tables_query, false },
	{ 'd', tables_delete, true },
	{ 's', tables_list, false },
};

struct run {
	const struct tables *t;
	mode_fn *fn;
};

static int run_and_flush(int out UNUSED, void *arg)
{
	const struct run *r = arg;
	int status = r->fn(r->t);

	if (fflush(stdout) != 0)
		log_fatal("write to standard output: %m");
	return status;
}

static int run_mode(const struct tables *t)
{
	const struct mode *m = modes;
	struct run r = { t, NULL };
	struct err e;
	int status;

	while (m->mode != t->mode)
		m++;
	r.fn = m->run;
	if (!m->changes)
		return run_and_flush(-1, &r);
	if (guard_run(run_and_flush, &r, NO_LIMIT, &status, &e) != ST_OK)
		log_fatal("%s: the library that changes it %s: if it is "
			  "damaged, build it again from its source",
		    t->n == 1 ? t->maps[0] : "one of the tables", e.text);
	return status;
}

int tables_main(const struct tables_tool *tool, int argc, char **argv)
{
	struct tables t = { .tool = tool, .mode = 'b' };
	int status;

	parse(&t, argc, argv);
	tables_config(&t);
	status = run_mode(&t);
	conf_free(t.conf);
	return status;
}
