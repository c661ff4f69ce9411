/*
 * master_show - postconf -M, -F and -P: print entries, fields and parameters
 * of master.cf.
 */
#ifndef MAPTOOL_MASTER_SHOW_H
#define MAPTOOL_MASTER_SHOW_H

#include "maptool/master_request.h"
#include "maptool/postconf.h"
#include "maptool/postconf_names.h"

/*
 * Print what the operands mean, or everything; then warnings of master.cf.
 * n has learnt the names. Exits with 1 after a "fatal: ...".
 */
int pc_show_master(const struct postconf *pc, struct pc_names *n,
    const struct master_mode *what);

#endif
