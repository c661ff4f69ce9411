/*
 * show - print the parameters that vdeliver uses, as postconf(1) would.
 * Runs in: the command.
 */
#ifndef VDELIVER_SHOW_H
#define VDELIVER_SHOW_H

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"
#include "base/macros.h"

enum show_flags {
	SHOW_SET = 1 << 0,      /* -n: what main.cf sets */
	SHOW_DEFAULTS = 1 << 1, /* -d: the defaults */
	SHOW_EXPANDED = 1 << 2, /* -x: with $name replaced */
};

/*
 * Lines "name = value" to out, sorted by name, runs of blanks as one. With
 * SHOW_SET, what DIR/main.cf sets and nothing here uses is a warning each:
 * "DIR/main.cf: unused parameter: name=value". A name that a used one refers
 * to is used, too; values are not checked otherwise.
 *
 * ST_TEMP: main.cf cannot be read, or a value cannot be expanded.
 */
enum st show_run(const char *dir, unsigned flags, FILE *out, struct err *e)
    MUST_CHECK;

#endif
