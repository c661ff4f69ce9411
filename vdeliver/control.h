/*
 * control - the pid file of a running vdeliver, and what to tell it.
 */
#ifndef VDELIVER_CONTROL_H
#define VDELIVER_CONTROL_H

#include <sys/types.h>

#include "base/err.h"
#include "base/macros.h"
#include "vdeliver/settings.h"

/*
 * Hold the lock of this configuration directory: RUN_DIRECTORY/NAME.pid, NAME
 * made from the directory, locked as long as *fd is open. ST_TEMP: another
 * vdeliver runs with it ("... runs already, pid 123"), or no such file can be
 * made. Where all is read-only and vdeliver_run_directory is not set, a warning,
 * and *fd is -1.
 */
enum st control_hold(const struct settings *set, int *fd, struct err *e)
    MUST_CHECK;
/* The pid is known only after the move to the background; -1 is fine. */
enum st control_write_pid(int fd, struct err *e) MUST_CHECK;
/* Remove the file; the lock goes with the descriptor. */
void control_release(const struct settings *set, int fd);

/* The pid of the vdeliver that runs; ST_NONE: none does. */
enum st control_find(const struct settings *set, pid_t *pid, struct err *e)
    MUST_CHECK;
/* SIGTERM, and wait until it has gone, at most 35 s. */
enum st control_stop(const struct settings *set, pid_t pid, struct err *e)
    MUST_CHECK;

#endif
