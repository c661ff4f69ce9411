/*
 * postconf_edit - postconf -e, -X and -#: change main.cf, all or nothing.
 *
 * The new file is written beside the old one as main.cf.tmp, which is also the
 * lock (flock) that Postfix' own postconf takes, and renamed over it. Mode,
 * owner and group stay. A symbolic link stays, its target is edited.
 */
#ifndef MAPTOOL_POSTCONF_EDIT_H
#define MAPTOOL_POSTCONF_EDIT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/str.h"
#include "maptool/postconf.h"

enum edit_mode {
	EDIT_SET,     /* -e: name = value */
	EDIT_DROP,    /* -X: no such entry */
	EDIT_COMMENT, /* -#: a '#' before each of its lines */
};

struct edit {
	struct str name, value;
	unsigned seen; /* entries of this name */
};

/*
 * Copy a main.cf to out with edits done; edits must be sorted by name. What is
 * not there is added at the end. Sets seen.
 */
void edit_text(struct str text, enum edit_mode mode, struct edit *edits,
    size_t count, struct buf *out);

/* Exits with 1 after a "fatal: ..."; the file is untouched then. */
int pc_edit(const struct postconf *pc);

#endif
