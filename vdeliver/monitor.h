/*
 * monitor - the only process with root's rights: binds, forks, restarts. It
 * reads neither mail nor the network.
 */
#ifndef VDELIVER_MONITOR_H
#define VDELIVER_MONITOR_H

#include "base/err.h"
#include "base/macros.h"
#include "vdeliver/settings.h"

struct monitor_start {
	const char *config_dir;
	bool foreground;
	int ready; /* write a byte here once it runs; -1: nobody waits */
	int lock;  /* the pid file, held and written; removed in the end */
};

/* Start everything from set and stay; the exit status of the program. */
int monitor_run(const struct monitor_start *start, struct settings *set)
    MUST_CHECK;

#endif
