/*
 * native - the commands that only maptool has: maptool COMMAND ARGUMENT...
 *
 * One file cmd_NAME.c and one row for each. Exit status: 0 done, or all is
 * well; 1 not found, different, out of date, damaged; 2 an error.
 */
#ifndef MAPTOOL_NATIVE_H
#define MAPTOOL_NATIVE_H

#include <getopt.h>
#include <stdbool.h>

#include "base/macros.h"
#include "base/str.h"
#include "maptool/tables.h"

enum {
	NATIVE_YES = 0,
	NATIVE_NO = 1,
	NATIVE_ERROR = 2,
};

struct native {
	struct tables t; /* configuration and what a build needs */
	bool aliases;    /* -a: sources are alias files */
};

struct native_cmd {
	const char *name;
	const char *args; /* for usage lines */
	const char *idea; /* one line of maptool --help */
	const char *help; /* options, a line each */
	const char *letters;
	/* Long ones may be NULL. val is a letter or one of the command's own
	 * numbers, from 256 on. */
	const struct option *longs;
	/* An option; false: not one of the command's own. May be NULL. */
	bool (*option)(int c, const char *arg, void *own);
	/* The rest of argv; main.cf was read. */
	int (*run)(struct native *n, int argc, char **argv, void *own);
	size_t own_size;     /* of own, which is zeroed first */
	int least_arguments; /* fewer: usage */
	bool no_config;      /* main.cf is not read */
};

extern const struct native_cmd cmd_build, cmd_check, cmd_convert, cmd_diff,
    cmd_dump, cmd_migrate, cmd_query, cmd_verify;

/* The command of this name, NULL when there is none. */
const struct native_cmd *native_find(const char *name);
/* A line for each, for maptool --help. */
void native_list(void);
/* argv[0] is the command's name. */
int native_main(const struct native_cmd *cmd, int argc, char **argv);

/* What build does for one table: the exit status. */
int build_table(const struct native *n, const char *spec, bool aliases);
/* What convert does: the exit status, after an error was logged. */
int convert_table(const struct native *n, const char *from, const char *to);
/* Log it as an error; the exit status for that. */
int native_error(const char *fmt, ...) PRINTF(1, 2);
/* Is it "type:name"? A name of a file may hold a colon after a slash. */
bool native_is_spec(const char *text);

#endif
