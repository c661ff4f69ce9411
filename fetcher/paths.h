/*
 * paths - where the rc, the ids and the lock are, and what they must be like.
 */
#ifndef FETCHER_PATHS_H
#define FETCHER_PATHS_H

#include "base/err.h"
#include "base/macros.h"

struct paths {
	char rc[4096], ids[4096], pid[4096], netrc[4096];
};

/* By FETCHMAILHOME, HOME_ETC, HOME or the passwd entry. ST_TEMP: FETCHMAILHOME
 * is no directory (exit 23). */
enum st paths_find(struct paths *p, struct err *e) MUST_CHECK;

/*
 * A regular file, mode within 0710, ours; a missing one is ST_NONE. ST_TEMP:
 * "File F must ..." as fetchmail says it.
 */
enum st paths_check(const char *file, struct err *e) MUST_CHECK;
/* The same of an open file. */
enum st paths_check_open(int fd, const char *file, struct err *e) MUST_CHECK;

#endif
