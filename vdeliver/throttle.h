/*
 * throttle - how many connections each client has, and what it did within
 * anvil_rate_time_unit. Addresses with the same prefix are one client:
 * smtpd_client_ipv4_prefix_length, smtpd_client_ipv6_prefix_length.
 */
#ifndef VDELIVER_THROTTLE_H
#define VDELIVER_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "vdeliver/settings.h"

struct throttle;

enum throttle_event {
	THROTTLE_CONNECT,
	THROTTLE_MAIL,
	THROTTLE_RCPT,
	THROTTLE_TLS,
	THROTTLE_EVENTS,
};

struct throttle *throttle_new(const struct settings *set) MUST_CHECK;
void throttle_free(struct throttle *t);
/*
 * One more connection from addr: false when it has as many as
 * smtpd_client_connection_count_limit allows (0: no limit; exempt clients
 * are counted and never refused).
 */
bool throttle_enter(struct throttle *t, const char *addr, bool exempt)
    MUST_CHECK;
void throttle_leave(struct throttle *t, const char *addr);
/*
 * Count an event. Returns 0 when it is within its limit (or has none), else
 * the how manieth it is.
 */
int64_t throttle_event(struct throttle *t, const char *addr,
    enum throttle_event event) MUST_CHECK;
/* "Connection", "Message delivery request", ... for the log. */
const char *throttle_name(enum throttle_event event);

#endif
