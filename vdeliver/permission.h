/*
 * permission - smtpd_relay_restrictions: may this client send to an address
 * that is not ours? The first item that knows decides. postconf(5).
 */
#ifndef VDELIVER_PERMISSION_H
#define VDELIVER_PERMISSION_H

#include <stdbool.h>

#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

/*
 * All items are known. Others that can only permit are skipped, with a warning
 * each; one that could refuse is ST_TEMP with its name, as is a list that
 * refuses nobody.
 */
enum st permission_check(const char *list, struct err *e) MUST_CHECK;

enum permission {
	PERMISSION_GIVEN,
	PERMISSION_UNKNOWN, /* mynetworks had to be asked, and could not be */
	PERMISSION_DENIED,  /* by reject_unauth_destination */
	PERMISSION_DEFERRED,
	PERMISSION_REJECT, /* by reject and defer, whatever the address is */
	PERMISSION_DEFER,
};

/* trusted: in mynetworks; unknown: that could not be found out. A list that
 * ends without a decision defers. */
enum permission permission_of(const char *list, bool trusted, bool unknown);

#endif
