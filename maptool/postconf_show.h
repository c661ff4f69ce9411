/*
 * postconf_show - postconf's output for main.cf: names and values.
 */
#ifndef MAPTOOL_POSTCONF_SHOW_H
#define MAPTOOL_POSTCONF_SHOW_H

#include "base/buf.h"
#include "base/str.h"
#include "maptool/postconf.h"
#include "maptool/postconf_names.h"

/*
 * Print what the options want. pc->conf has main.cf and the -o values in it,
 * unless -d is on; n has learnt from it. Returns the exit status.
 */
int pc_show(const struct postconf *pc, const struct pc_names *n);

/*
 * Add name and value to out as one line, as -h, -H, -j and -f say; runs of
 * blanks become one.
 */
void pc_format(const struct postconf *pc, const char *name, struct str value,
    struct buf *out);

#endif
