/*
 * sandbox - give up what a process does not need. Linux: seccomp for system
 * calls, Landlock for files.
 */
#ifndef COMMON_PRIV_SANDBOX_H
#define COMMON_PRIV_SANDBOX_H

#include <stdbool.h>

#include "base/err.h"
#include "base/macros.h"

/*
 * Allow only what a network-facing event loop needs: no open, no exec, no fork,
 * no connect, no bind. Anything else kills the process (and the kernel logs
 * it). Under sanitizers this does nothing. ST_TEMP: the kernel has no seccomp.
 */
enum st sandbox_front(struct err *e) MUST_CHECK;
/* The same for one that talks to servers: it may connect as well. */
enum st sandbox_relay(struct err *e) MUST_CHECK;

/*
 * From now on this thread, and those that it starts, reach no file but what
 * lies beneath the directory base; descriptors that are open stay. No new
 * privileges must be on (drop_to() does that). ST_NONE: the kernel has no
 * Landlock, or one that would forbid to rename between directories (before ABI
 * 2, Linux 5.19). ST_TEMP: it failed.
 */
enum st sandbox_store(int base, struct err *e) MUST_CHECK;
/* Can it? */
bool sandbox_has_store(void);

#endif
