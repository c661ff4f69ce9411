/*
 * postconf_file - replace main.cf or master.cf, all or nothing.
 *
 * The new file is written beside the old one as main.cf.tmp, which is also the
 * lock (flock) that Postfix' own postconf takes, and renamed over it. Mode,
 * owner and group stay. A symbolic link stays, its target is edited.
 */
#ifndef MAPTOOL_POSTCONF_FILE_H
#define MAPTOOL_POSTCONF_FILE_H

#include <sys/stat.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/str.h"

/* The longest file that is edited. */
#define PC_FILE_MAX (256 * 1024 * 1024)

struct pc_file {
	char *path, *tmp;
	int fd; /* of tmp, locked */
	struct stat old;
};

/* Lock DIR/NAME and add its text to text. Exits with 1 after "fatal: ...". */
void pc_file_open(struct pc_file *f, const char *dir, const char *name,
    struct buf *text);
/* Put out in its place, on disk when this returns, and unlock. Exits, too. */
void pc_file_replace(struct pc_file *f, const struct buf *out);
/* The old file stays: tidy up, say why and exit with 1. */
void pc_file_give_up(const struct pc_file *f, const char *fmt, ...)
    PRINTF(2, 3) NORETURN;

#endif
