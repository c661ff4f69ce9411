/* native - find a command, read its options, run it. */

#include "maptool/native.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xalloc.h"

#define HELP 1000

static const struct native_cmd *const commands[] = {
	&cmd_build,
	&cmd_check,
	&cmd_convert,
	&cmd_diff,
	&cmd_dump,
	&cmd_migrate,
	&cmd_query,
	&cmd_verify,
};

const struct native_cmd *native_find(const char *name)
{
	size_t i;

	for (i = 0; i < NELEM(commands); i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

void native_list(void)
{
	size_t i;

	for (i = 0; i < NELEM(commands); i++)
		printf("       maptool %-10s %s\n", commands[i]->name,
		    commands[i]->idea);
}

int native_error(const char *fmt, ...)
{
	char text[LOG_LINE_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_error("%s", text);
	return NATIVE_ERROR;
}

bool native_is_spec(const char *text)
{
	const char *colon = strchr(text, ':'), *slash = strchr(text, '/');

	return colon != NULL && (slash == NULL || colon < slash);
}

static void usage(const struct native_cmd *cmd, FILE *to)
{
	fprintf(to, "usage: maptool %s %s\n", cmd->name, cmd->args);
}

static const struct {
	int letter;
	size_t at; /* of a bool in struct native */
} switches[] = {
	{ 'a', offsetof(struct native, aliases) },
	{ 'f', offsetof(struct native, t.no_fold) },
	{ 'o', offsetof(struct native, t.keep_owner) },
	{ 'p', offsetof(struct native, t.no_mode) },
	{ 'u', offsetof(struct native, t.no_utf8) },
};

/* -c, and how a source is read; each command names those that it takes. */
static bool common_option(struct native *n, int c)
{
	size_t i;

	if (c == 'c') {
		n->t.dir = optarg;
		return true;
	}
	for (i = 0; i < NELEM(switches); i++)
		if (switches[i].letter == c) {
			*(bool *)((char *)n + switches[i].at) = true;
			return true;
		}
	return tables_flag(&n->t, c);
}

/* Where the long ones of every command begin. */
static const struct option help_option = { "help", no_argument, NULL, HELP };
#define LONGS_MAX 20

static void all_longs(const struct native_cmd *cmd, struct option *all)
{
	const struct option *it = cmd->longs;
	size_t n = 0;

	all[n++] = help_option;
	while (it != NULL && it->name != NULL && n < LONGS_MAX - 1)
		all[n++] = *it++;
	all[n] = (struct option){ NULL, 0, NULL, 0 };
}

/* -1: go on; else the exit status. */
static int read_options(const struct native_cmd *cmd, struct native *n,
    void *own, int argc, char **argv)
{
	struct option longs[LONGS_MAX];
	int c;

	all_longs(cmd, longs);
	optind = 0; /* from the start, also in a second call */
	while ((c = getopt_long(argc, argv, cmd->letters, longs, NULL)) != -1) {
		if (c == HELP) {
			usage(cmd, stdout);
			printf("\n%s\n\n%s", cmd->idea, cmd->help);
			return NATIVE_YES;
		}
		if (cmd->option != NULL && c != '?' &&
		    cmd->option(c, optarg, own))
			continue;
		if (c != '?' && common_option(n, c))
			continue;
		usage(cmd, stderr);
		return NATIVE_ERROR;
	}
	if (argc - optind >= cmd->least_arguments)
		return -1;
	usage(cmd, stderr);
	return NATIVE_ERROR;
}

int native_main(const struct native_cmd *cmd, int argc, char **argv)
{
	struct native n = { .t = { .tool = tables_postmap, .mode = 'b' } };
	void *own = xcalloc(1, cmd->own_size + 1);
	int status = read_options(cmd, &n, own, argc, argv);
	struct err e;

	if (n.aliases)
		n.t.tool = tables_postalias;
	if (status < 0 && !cmd->no_config && tables_load(&n.t, &e) != ST_OK)
		status = native_error("%s", e.text);
	if (status < 0)
		status = cmd->run(&n, argc - optind, argv + optind, own);
	if (fflush(stdout) != 0 && status != NATIVE_ERROR)
		status = native_error("write to standard output: %m");
	conf_free(n.t.conf);
	free(own);
	return status;
}
