/*
 * throttle - how many connections each client address has.
 */
#ifndef VDELIVER_THROTTLE_H
#define VDELIVER_THROTTLE_H

#include <stdbool.h>

#include "base/macros.h"
#include "vdeliver/settings.h"

struct throttle;

struct throttle *throttle_new(const struct settings *set) MUST_CHECK;
/*
 * One more connection from addr: false when it has as many as
 * smtpd_client_connection_count_limit allows (0: no limit; exempt clients,
 * those in mynetworks, are counted and never refused).
 */
bool throttle_enter(struct throttle *t, const char *addr, bool exempt)
    MUST_CHECK;
void throttle_leave(struct throttle *t, const char *addr);

#endif
