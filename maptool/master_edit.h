/*
 * master_edit - postconf -M, -F and -P with -e, -X or -#: change master.cf.
 *
 * An entry that -M sets comes in place of the first that its operand means,
 * or last; others that it means vanish. An entry that -F and -P change is
 * printed anew (as postconf -Mf does) behind the comments that follow it.
 * What is not meant stays as it is. How the file is replaced: postconf_file.h.
 */
#ifndef MAPTOOL_MASTER_EDIT_H
#define MAPTOOL_MASTER_EDIT_H

#include "base/buf.h"
#include "maptool/master_request.h"
#include "maptool/postconf_edit.h"

struct master_edit {
	struct master_request where;
	struct str value;         /* of EDIT_SET */
	struct master_entry *new; /* of -M with EDIT_SET, in the arena */
};

struct master_edits {
	const struct master_mode *what; /* -M, -F or -P */
	enum edit_mode mode;
	struct master_edit *all;
	size_t count;
	struct arena arena;
};

/* Take an operand in. ST_TEMP: it is bad, and e says why. */
enum st master_edit_add(struct master_edits *m, const char *operand,
    struct err *e) MUST_CHECK;
/* Copy a master.cf to out with edits done; file is for messages. */
enum st master_edit_text(struct master_edits *m, struct str text,
    const char *file, struct buf *out, struct err *e) MUST_CHECK;
void master_edits_clear(struct master_edits *m);

/* postconf -M, -F or -P (what) with -e, -X or -#. The exit status. */
int pc_edit_master(const struct postconf *pc, const struct master_mode *what);

#endif
