/*
 * sandbox - give up system calls that a process does not need. Linux: seccomp.
 */
#ifndef COMMON_PRIV_SANDBOX_H
#define COMMON_PRIV_SANDBOX_H

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

#endif
