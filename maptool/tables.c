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
#include "maptool/shield.h"

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

static bool flag_option(struct tables *t, int c)
{
	size_t i;

	for (i = 0; i < NELEM(flag_options); i++)
		if (flag_options[i].letter == c) {
			t->flags &= ~flag_options[i].clear;
			t->flags |= flag_options[i].set;
			return true;
		}
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
		if (!flag_option(t, c))
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

void tables_config(struct tables *t)
{
	const char *env = getenv("MAIL_CONFIG");
	const char *dir = t->dir != NULL ? t->dir
	    : env != NULL                ? env
					 : "/etc/postfix";
	bool own_name = strcmp(log_get_tag(), "maptool") == 0;
	AUTO_BUF path = BUF_MAX(4096);
	bool utf8;
	struct err e;

	buf_addf(&path, "%s/main.cf", dir);
	if (own_name && access(buf_c(&path), F_OK) != 0)
		t->conf = conf_defaults(dir);
	else if (conf_load(&t->conf, dir, &e) != ST_OK)
		log_fatal("%s", e.text);
	if (conf_str(t->conf, "default_database_type", &t->default_type, &e) !=
		ST_OK ||
	    conf_bool(t->conf, "smtputf8_enable", &utf8, &e) != ST_OK)
		log_fatal("%s", e.text);
	if (redirect_configure(t->conf, &e) != ST_OK)
		log_fatal("%s", e.text);
	/* A message may hold anything. */
	if (utf8 && !t->no_utf8 && (t->keys == 0 || t->keep_utf8))
		t->flags |= MAP_UTF8;
	if (!t->no_fold)
		t->flags |= MAP_FOLD;
}

/* What a change of one table may cost; an endless loop costs more. */
#define CHANGE_CPU_SECONDS 3600

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

static int run_and_flush(const void *arg)
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

	while (m->mode != t->mode)
		m++;
	r.fn = m->run;
	return m->changes ? shield_run(run_and_flush, &r,
				t->n == 1 ? t->maps[0] : "one of the tables",
				CHANGE_CPU_SECONDS)
			  : run_and_flush(&r);
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
