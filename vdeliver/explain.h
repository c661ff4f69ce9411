/*
 * explain - what would become of mail for an address, step by step.
 * Runs in: the command.
 *
 * It asks the router's own code (resolve.h) and the lookup's own (lookup.h),
 * and prints what these find.
 */
#ifndef VDELIVER_EXPLAIN_H
#define VDELIVER_EXPLAIN_H

#include <stdbool.h>
#include <stdio.h>

#include "base/macros.h"
#include "vdeliver/settings.h"

/*
 * Explain the RCPT argument rcpt, and the MAIL argument sender when it is not
 * NULL. True: the message would be taken.
 */
bool explain_run(const struct settings *set, const char *rcpt,
    const char *sender, FILE *out) MUST_CHECK;

#endif
