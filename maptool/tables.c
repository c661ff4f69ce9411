/* tables - options of postmap and postalias, and which of them goes on. */

#include "maptool/tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

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

static bool flag_option(struct tables *t, int c)
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
	case 'f':
		t->no_fold = true;
		break;
	case 'o':
		t->keep_owner = true;
		break;
	case 'p':
		t->no_mode = true;
		break;
	case 'u':
		t->no_utf8 = true;
		break;
	case 'U': /* it only matters beside -b and -h */
	case 'v': /* there is nothing to tell */
		break;
	case 'b':
	case 'h':
	case 'm':
	case 'j':
		log_fatal("option -%c is not supported", c);
	default:
		log_fatal("usage: %s", t->tool->usage);
	}
}

static void parse(struct tables *t, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, t->tool->letters)) != -1)
		if (!flag_option(t, c))
			one_option(t, c);
	t->maps = argv + optind;
	t->n = argc - optind;
	if (t->n == 0 && t->mode == 's')
		exit(1);
	if (t->n == 0)
		log_fatal("usage: %s", t->tool->usage);
}

bool tables_flag(struct tables *t, int c)
{
	return flag_option(t, c);
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
	    conf_bool(t->conf, "smtputf8_enable", &utf8, e) != ST_OK)
		return ST_TEMP;
	if (utf8 && !t->no_utf8)
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

static const struct {
	char mode;
	int (*run)(const struct tables *t);
} modes[] = {
	{ 'b', tables_make },
	{ 'i', tables_make },
	{ 'q', tables_query },
	{ 'd', tables_delete },
	{ 's', tables_list },
};

int tables_main(const struct tables_tool *tool, int argc, char **argv)
{
	struct tables t = { .tool = tool, .mode = 'b' };
	int status = 1;
	size_t i;

	parse(&t, argc, argv);
	tables_config(&t);
	for (i = 0; i < NELEM(modes); i++)
		if (modes[i].mode == t.mode)
			status = modes[i].run(&t);
	if (fflush(stdout) != 0)
		log_fatal("write to standard output: %m");
	conf_free(t.conf);
	return status;
}
