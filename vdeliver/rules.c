/* rules - the configuration as common/mail wants it. Runs in: front, router. */

#include "vdeliver/rules.h"

void rules_address(const struct settings *set, struct address_rules *rules)
{
	*rules = (struct address_rules){
		.myorigin = set->myorigin,
		.mydomain = set->mydomain,
		.append_at_myorigin = set->append_at_myorigin,
		.append_dot_mydomain = set->append_dot_mydomain,
		.swap_bangpath = set->swap_bangpath,
		.allow_percent_hack = set->allow_percent_hack,
		.strict_rfc821 = set->strict_rfc821_envelopes,
	};
}
