/*
 * postconf_edit - postconf -e, -X and -#: change main.cf. How the file is
 * replaced: postconf_file.h.
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

/* Which of them the options ask for. */
enum edit_mode pc_edit_mode(const struct postconf *pc);

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
