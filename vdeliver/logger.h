/*
 * logger - the process that owns syslog and maillog_file.
 */
#ifndef VDELIVER_LOGGER_H
#define VDELIVER_LOGGER_H

#include <sys/types.h>

#include "base/err.h"
#include "base/macros.h"
#include "vdeliver/settings.h"

/* How long a line waits for a logger that is behind. */
#define LOGGER_PATIENCE_MS 10000

/*
 * Send log lines of this process (tag included) to the logger at fd, which is
 * before the reply that tells of the same thing. When the logger is behind, a
 * line, and with it the reply, waits; after patience_ms without room lines are
 * dropped and counted, without a further wait, and when there is room again a
 * warning says how many.
 */
void logger_attach(int fd, int patience_ms);

/* Is syslog_facility one, is maillog_file_permissions 0600, 0640 or 0644? */
enum st logger_check_settings(const struct settings *set, struct err *e)
    MUST_CHECK;

/*
 * Open maillog_file as who writes it (created with maillog_file_permissions,
 * given to uid:gid), or -1 when there is none and syslog is used. ST_TEMP: the reason.
 */
enum st logger_open_file(const struct settings *set, uid_t uid, gid_t gid,
    int *file, struct err *e) MUST_CHECK;

/* The number of a syslog facility; false: there is none of that name. */
bool logger_facility(const char *name, int *facility) MUST_CHECK;

/* Write what comes in from fd to file, or to syslog when file is -1. */
void logger_run(const struct settings *set, int fd, int file) NORETURN;

#endif
