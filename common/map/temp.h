/*
 * temp - a file beside another one, which takes its place when it is whole.
 *
 * The name is ".NAME.new.PID", so that no pattern for tables takes it for one.
 * While it is in use it is locked (flock); what dead processes left of it is
 * removed by the next who makes one.
 */
#ifndef COMMON_MAP_TEMP_H
#define COMMON_MAP_TEMP_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/macros.h"

struct temp {
	char *path; /* NULL: none */
	int fd;     /* -1: none */
};

#define TEMP_NONE ((struct temp){ NULL, -1 })

/*
 * Make an empty file, mode 0600, beside target. False with errno set, and t
 * is TEMP_NONE.
 */
bool temp_make(struct temp *t, const char *target) MUST_CHECK;
/* Copy into it, which is empty, all of an open file. False with errno. */
bool temp_fill(struct temp *t, int from) MUST_CHECK;
/*
 * Give it mode and (when we are root; (uid_t)-1: as it is) owner, sync it,
 * rename it over target, sync the directory; t is TEMP_NONE then, whatever
 * happened. False with errno set: *what says which step failed ("flush").
 */
struct temp_as {
	mode_t mode;
	uid_t uid;
	gid_t gid;
};
bool temp_place(struct temp *t, const char *target, const struct temp_as *as,
    const char **what) MUST_CHECK;
/* Remove it. TEMP_NONE is fine. */
void temp_discard(struct temp *t);

#endif
