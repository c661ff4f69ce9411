/*
 * relay_settings - the parameters about relayhost: checked, and what several of
 * them mean together.
 */
#ifndef VDELIVER_RELAY_SETTINGS_H
#define VDELIVER_RELAY_SETTINGS_H

#include "base/err.h"
#include "base/macros.h"
#include "vdeliver/settings.h"

/*
 * Sets s->relay_level. ST_TEMP: a value that is wrong, or a parameter that is
 * set and not supported though mail would go out otherwise than it says.
 * Without relayhost only what is ours is looked at.
 */
enum st relay_settings_check(struct settings *s, struct err *e) MUST_CHECK;

#endif
