/*
 * master_cf - which inet services of a Postfix master.cf run smtpd.
 */
#ifndef VDELIVER_MASTER_CF_H
#define VDELIVER_MASTER_CF_H

#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "vdeliver/settings.h"

/*
 * Add "inet:HOST:PORT" items for the inet smtpd services of CONFIG_DIR/
 * master.cf, with the hosts of inet_interfaces where a service names none, and
 * "smtps:" before those with -o smtpd_tls_wrappermode=yes; other -o are warned
 * of. "inet:127.0.0.1:2525" when there is no such file or service. ST_TEMP: it
 * cannot be read or understood. master(5).
 */
enum st master_cf_listen(const struct settings *set, struct buf *out,
    struct err *e) MUST_CHECK;

#endif
