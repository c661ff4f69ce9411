/*
 * status - the exit states of fetchmail(1), "EXIT CODES".
 */
#ifndef FETCHER_STATUS_H
#define FETCHER_STATUS_H

enum status {
	PS_SUCCESS = 0,
	PS_NOMAIL = 1,
	PS_SOCKET = 2,
	PS_AUTHFAIL = 3,
	PS_PROTOCOL = 4,
	PS_SYNTAX = 5,
	PS_IOERR = 6,
	PS_ERROR = 7,
	PS_EXCLUDE = 8,
	PS_LOCKBUSY = 9,
	PS_SMTP = 10,
	PS_DNS = 11,
	PS_BSMTP = 12,
	PS_MAXFETCH = 13,
	PS_SERVBUSY = 14,
	PS_UNDEFINED = 23,
};

/* "SOCKET" for PS_SOCKET; NULL for those without a name. */
const char *status_name(enum status s);

#endif
