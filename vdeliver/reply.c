/* reply - codes that go with enhanced status codes. Runs in: router. */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "vdeliver/resolve.h"

unsigned reply_code(const char *dsn)
{
	static const struct {
		const char *dsn;
		unsigned code;
	} rows[] = {
		{ "5.1.1", 550 },
		{ "5.2.2", 552 },
		{ "5.3.4", 552 },
		{ "4.2.2", 452 },
		{ "4.3.1", 452 },
		{ "4.5.3", 452 },
	};
	size_t i;

	for (i = 0; i < NELEM(rows); i++)
		if (strcmp(rows[i].dsn, dsn) == 0)
			return rows[i].code;
	return dsn[0] == '5' ? 554 : dsn[0] == '2' ? 250 : 451;
}

void reply_set(struct reply *to, unsigned code, const char *dsn,
    const char *fmt, ...)
{
	va_list ap;

	to->code = code;
	snprintf(to->dsn, sizeof(to->dsn), "%s", dsn);
	va_start(ap, fmt);
	vsnprintf(to->text, sizeof(to->text), fmt, ap);
	va_end(ap);
}
