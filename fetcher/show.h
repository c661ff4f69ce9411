/*
 * show - what would be done, instead of doing it: --version, --configdump,
 * --check-config. Each prints and returns the exit status.
 */
#ifndef FETCHER_SHOW_H
#define FETCHER_SHOW_H

#include "fetcher/cli.h"
#include "fetcher/config.h"

struct show {
	struct config *config;
	const struct cli *cli;
	const char *rc, *idfile;
};

int show_version(const struct show *s);
int show_dump(const struct show *s);
/*
 * The settings with secrets masked, and "warning: ..." with a remedy for each
 * classic mistake. PS_SYNTAX when they cannot be used.
 */
int show_check(const struct show *s);

/* --explain-tls: the same for what happens about TLS. */
int show_explain_tls(const struct show *s) MUST_CHECK;
/* --quote: the first line of standard input as the rc language has it. */
int show_quote(void) MUST_CHECK;

/* What polling these accounts would do, in words: --dry-run. */
void show_plan(const struct account *first);

/*
 * The nth warning about an account, from 0; NULL: no more. Pure, for
 * show_check() and tests. mistake_count() is beyond the last n; those that do
 * not apply are "".
 */
const char *mistake(const struct account *a, size_t n);
size_t mistake_count(void);

#endif
