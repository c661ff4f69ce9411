/*
 * postconf_facts - what postconf tells of the build: types of tables and locks,
 * TLS, logins.
 */
#ifndef MAPTOOL_POSTCONF_FACTS_H
#define MAPTOOL_POSTCONF_FACTS_H

#include "maptool/postconf.h"

/*
 * Print what -a, -A, -l, -m or -T asks for and set *rc to the exit status;
 * -b and -t exit with a "fatal: ...". False: none of them is on.
 */
bool pc_show_facts(const struct postconf *pc, int *rc);

#endif
