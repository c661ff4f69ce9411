/*
 * machine - the defaults that depend on the machine: host name, domain,
 * addresses of the interfaces.
 */
#ifndef COMMON_CONF_MACHINE_H
#define COMMON_CONF_MACHINE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "conf/conf.h"

/*
 * Add the default of a parameter whose row has none to out. It may depend on
 * others, which are read from c. ST_NONE: not such a parameter. ST_TEMP: they
 * are wrong.
 */
enum st machine_default(struct conf *c, const char *name, struct buf *out,
    struct err *e) MUST_CHECK;

#endif
