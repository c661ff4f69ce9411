/* status - names of the exit states. */

#include "fetcher/status.h"

#include <stddef.h>

#include "base/macros.h"

const char *status_name(enum status s)
{
	static const char *const names[] = { "SUCCESS", "NOMAIL", "SOCKET",
		"AUTHFAIL", "PROTOCOL", "SYNTAX", "IOERR", "ERROR", "EXCLUDE",
		"LOCKBUSY", "SMTP", "DNS", "BSMTP", "MAXFETCH" };

	return (size_t)s < NELEM(names) ? names[s] : NULL;
}
