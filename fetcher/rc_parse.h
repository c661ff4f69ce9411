/*
 * rc_parse - a fetchmailrc into records; fetchmail(1), "THE RUN CONTROL FILE".
 */
#ifndef FETCHER_RC_PARSE_H
#define FETCHER_RC_PARSE_H

#include "base/err.h"
#include "base/macros.h"
#include "fetcher/config.h"

/*
 * Parse text into c. name is the file as opened, for messages. ST_TEMP: the
 * first mistake, "FILE:LINE: syntax error at TOKEN" (without the program's
 * name); nothing must be polled then. After a server option that comes too late
 * there may be a second one: c->also_wrong.
 */
enum st rc_parse(struct config *c, const char *name, struct str text,
    struct err *e) MUST_CHECK;

#endif
