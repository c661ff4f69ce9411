/*
 * master_cf - the services of master.cf and the parameters they override.
 * Form: master(5).
 */
#ifndef MAPTOOL_MASTER_CF_H
#define MAPTOOL_MASTER_CF_H

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/list.h"
#include "base/macros.h"
#include "base/str.h"

/* "-o name=value" of a service. */
struct master_option {
	struct list link;
	struct str name, value;
};

/* Fields of an entry, in order; the command's arguments follow them. */
enum master_field {
	MF_SERVICE,
	MF_TYPE,
	MF_PRIVATE,
	MF_UNPRIVILEGED,
	MF_CHROOT,
	MF_WAKEUP,
	MF_LIMIT,
	MF_COMMAND, /* without its arguments */
	MF_COUNT
};

struct master_entry {
	struct list link;
	struct str field[MF_COUNT];
	struct str args;     /* as they stand there */
	struct list options; /* of struct master_option */
};

struct master_cf {
	struct arena arena;
	struct list entries; /* of struct master_entry, in the file's order */
};

/*
 * Read DIR/master.cf. ST_NONE: it cannot be opened, and e says why; m is empty
 * then. ST_TEMP: "file FILE: line N: bad field count" and the like. Bad -o
 * arguments are warned of and left out. The caller clears m in any case.
 */
enum st master_cf_read(struct master_cf *m, const char *dir, struct err *e)
    MUST_CHECK;
void master_cf_clear(struct master_cf *m);

#endif
