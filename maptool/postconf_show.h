/*
 * postconf_show - postconf's output: values, defaults, table and lock types.
 */
#ifndef MAPTOOL_POSTCONF_SHOW_H
#define MAPTOOL_POSTCONF_SHOW_H

#include "base/buf.h"
#include "base/str.h"
#include "maptool/postconf.h"

/*
 * Print what the options want, then warnings of main.cf. pc->conf has main.cf
 * and the -o values in it, unless -d is on. Returns the exit status.
 */
int pc_show(struct postconf *pc);
/* -l and -m */
int pc_show_locks(void);
int pc_show_types(void);

/*
 * Add name and value to out as one line, as -h, -H and -f say; runs of blanks
 * become one.
 */
void pc_format(const struct postconf *pc, const char *name, struct str value,
    struct buf *out);

#endif
