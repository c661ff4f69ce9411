/*
 * rules - what common/mail needs to know of the configuration.
 */
#ifndef VDELIVER_RULES_H
#define VDELIVER_RULES_H

#include "mail/address.h"
#include "vdeliver/settings.h"

/* How bare and routed addresses are completed: myorigin and its friends. */
void rules_address(const struct settings *set, struct address_rules *rules);

#endif
