/*
 * account - settled accounts: built-in values, defaults, record, command line.
 */
#ifndef FETCHER_ACCOUNT_H
#define FETCHER_ACCOUNT_H

#include "base/err.h"
#include "base/macros.h"
#include "fetcher/cli.h"
#include "fetcher/config.h"

/*
 * The accounts to poll, in the order of the file: those of the servers named
 * on the command line, else all that are not "skip". A name that no record has
 * is a new server. ST_TEMP: a setting that does not fit ("LABEL configuration
 * invalid, ..."), or one that is not carried out yet, by name.
 * ST_NONE: no server at all.
 */
enum st accounts_settle(struct config *c, const struct cli *cli,
    struct account **first, struct err *e) MUST_CHECK;

/*
 * All of them, "skip" or not, unchecked: for those who only show them; active
 * is what would be polled. ST_NONE: no server at all.
 */
enum st accounts_list(struct config *c, const struct cli *cli,
    struct account **first) MUST_CHECK;

/*
 * Can its protocol do what it asks for? ST_TEMP: not, in fetchmail's words. That
 * ends the poll of this account alone.
 */
enum st account_fits(const struct account *a, struct err *e) MUST_CHECK;

/* Say what is odd about those that are polled, and go on. */
void accounts_warn(const struct account *first, bool again_and_again);

/* Who calls: the first of FETCHMAILUSER, LOGNAME, USER that is our uid. */
const char *calling_user(void);

#endif
