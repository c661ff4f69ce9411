/*
 * instance - what a second fetcher does while another one runs: quit it, wake
 * it, or give up. A daemon is awakened by a call without options, or with files
 * alone (-f -i -L --pidfile) that it was started with, as whole paths.
 */
#ifndef FETCHER_INSTANCE_H
#define FETCHER_INSTANCE_H

#include "base/macros.h"
#include "fetcher/cli.h"

/*
 * Look at the pid file. -1: nobody else runs (any more), go on. Else the exit
 * status; what there is to say was said.
 */
int instance_check(const struct cli *cli, const char *pidfile) MUST_CHECK;

#endif
