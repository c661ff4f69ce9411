/* relay_reply - what replies of relayhost mean. Runs in: relay. */

#include "vdeliver/relay_reply.h"

#include <stdio.h>

/* "550 5.1.1 no such user", in one line. */
const char *relay_reply_line(const struct smtp_reply *r, char line[300])
{
	char *p;

	snprintf(line, 300, "%d %.*s", r->code, (int)r->text.n,
	    r->text.n != 0 ? r->text.p : "");
	for (p = line; *p != '\0'; p++)
		if (*p == '\n')
			*p = ' ';
	return line;
}

/* The server's enhanced code when it goes with the class, else X.0.0. */
void relay_reply_dsn(const struct smtp_reply *r, char class, char dsn[10])
{
	smtp_reply_dsn(r, dsn);
	if (dsn[0] != class)
		snprintf(dsn, 10, "%c.0.0", class);
}

enum st relay_outcome(const struct smtp_reply *r, const char *host,
    const char *command, struct err *e)
{
	bool never = r->code / 100 == 5;
	char dsn[10], line[300];

	relay_reply_dsn(r, never ? '5' : '4', dsn);
	err_temp(e, dsn, "host %s said: %s (in reply to %s command)", host,
	    relay_reply_line(r, line), command);
	return never ? ST_PERM : ST_TEMP;
}

/* The code for our client: it tells the outcome, and 421 would be the end of
 * its session with us. 0: the enhanced code says enough. */
unsigned relay_reply_code(const struct smtp_reply *r)
{
	return r->code / 100 == 5 || (r->code / 100 == 4 && r->code != 421)
	    ? (unsigned)r->code
	    : 0;
}
