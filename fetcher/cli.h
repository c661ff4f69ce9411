/*
 * cli - the command line: options by their rows, and the few that the rc
 * language does not have.
 */
#ifndef FETCHER_CLI_H
#define FETCHER_CLI_H

#include <stdbool.h>

#include "base/arena.h"
#include "fetcher/options.h"

struct cli {
	struct options opts;
	const char *rc; /* -f, NULL: by rule */
	bool check, version, quit, quit_only, nodetach;
	bool configdump;
	bool json, bad_form; /* configdump as JSON */
	bool check_config; /* read the settings, say what is odd, do nothing */
	bool explain_tls;  /* say what happens about TLS, do nothing */
	bool quote;        /* a line of standard input for an rc file */
	bool dry_run;      /* check, and say what would be done */
	/* -s -v -V --configdump wake a daemon all the same. */
	int verbose;
	bool silent;
	bool blocks_wakeup; /* something else than these and names_files */
	bool names_files;   /* -f -i -L --pidfile: see instance.h */
	char **argv;        /* all of it, ended by NULL */
	char **servers;     /* names on the command line */
	int n;
};

/*
 * Parse; prints its own messages. Returns -1 when all is well, else the exit
 * status (0 for --help).
 */
int cli_parse(struct cli *c, int argc, char **argv, struct arena *a);

#endif
