/*
 * settings_lists - what is made of parameters that are lists of clients or of
 * commands, before any process looks at them.
 */
#ifndef VDELIVER_SETTINGS_LISTS_H
#define VDELIVER_SETTINGS_LISTS_H

#include "base/err.h"
#include "base/macros.h"
#include "vdeliver/settings.h"

/* mynetworks, where it is not set. ST_TEMP: Postfix's fatal text. */
enum st settings_networks(struct settings *s, struct err *e) MUST_CHECK;
/*
 * Lists whose default is mynetworks; rewrite_tables and foreign. An item that
 * is not known gets a warning. ST_TEMP: a table of smtpd_forbidden_commands
 * that is not in memory (match_list.h): who asks it can open no file.
 */
enum st settings_lists(struct settings *s, struct err *e) MUST_CHECK;
void settings_lists_clear(struct settings *s);

#endif
