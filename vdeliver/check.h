/*
 * check - the classic mistakes of a main.cf, each with its remedy.
 * Runs in: the command.
 */
#ifndef VDELIVER_CHECK_H
#define VDELIVER_CHECK_H

#include <stdbool.h>
#include <stdio.h>

#include "base/macros.h"

/*
 * Look DIR/main.cf, its tables and the mail store over, and the configuration
 * of Dovecot: dovecot, or with NULL /etc/dovecot/dovecot.conf if it is there.
 * Findings go to out, two lines each. True: nothing that breaks delivery or
 * lets others interfere with it.
 */
bool check_run(const char *dir, const char *dovecot, FILE *out) MUST_CHECK;

#endif
