/*
 * lookup - a process that has the tables open and answers one question at a
 * time. It ends, before it answers, when a table has changed: the monitor
 * starts another one, which opens them anew.
 */
#ifndef VDELIVER_LOOKUP_H
#define VDELIVER_LOOKUP_H

#include "base/macros.h"
#include "vdeliver/settings.h"

struct lookup;

/* Open all tables and lists: while still root, as smtpd does. */
struct lookup *lookup_open(const struct settings *set) MUST_CHECK;
/* Answer questions from router until it closes. */
void lookup_run(struct lookup *l, int router) NORETURN;

#endif
