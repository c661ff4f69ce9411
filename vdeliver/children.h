/*
 * children - how each kind of process is made: fork, become who it shall be,
 * give up what it must not have, run.
 */
#ifndef VDELIVER_CHILDREN_H
#define VDELIVER_CHILDREN_H

#include <stdint.h>
#include <sys/types.h>

#include "base/macros.h"
#include "vdeliver/front.h"
#include "vdeliver/front_tls.h"
#include "vdeliver/identity.h"
#include "vdeliver/settings.h"

struct children_env {
	const struct settings *set;
	const struct identity *id;
	int log_writer;        /* every child's way to the logger */
	int log_reader;        /* the logger's end */
	int log_file;          /* -1: syslog */
	struct front_tls *tls; /* all but fronts free it at once; NULL: none */
};

/* Each forks and returns the child's pid, or -1 with errno. Descriptors that
 * are given stay the caller's. All others are closed in the child. */
pid_t child_logger(const struct children_env *env) MUST_CHECK;
pid_t child_router(const struct children_env *env, int monitor) MUST_CHECK;
pid_t child_lookup(const struct children_env *env, int router) MUST_CHECK;
pid_t child_front(const struct children_env *env,
    const struct front_start *start) MUST_CHECK;
pid_t child_worker(const struct children_env *env, uint32_t uid, uint32_t gid,
    int router) MUST_CHECK;
pid_t child_relay(const struct children_env *env, int router) MUST_CHECK;

#endif
