/*
 * master_cf - which inet services of a Postfix master.cf run smtpd.
 */
#ifndef VDELIVER_MASTER_CF_H
#define VDELIVER_MASTER_CF_H

#include "base/buf.h"
#include "vdeliver/settings.h"

/*
 * Add "inet:HOST:PORT" items for the inet smtpd services of CONFIG_DIR/
 * master.cf, with the hosts of inet_interfaces where a service names none;
 * "inet:127.0.0.1:2525" when there is no such file or service. master(5).
 */
void master_cf_listen(const struct settings *set, struct buf *out);

#endif
