/*
 * master - the services of master.cf, their commands' arguments, and the
 * parameters that these override. Form: master(5).
 */
#ifndef COMMON_CONF_MASTER_H
#define COMMON_CONF_MASTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/list.h"
#include "base/macros.h"
#include "base/str.h"

enum master_arg_kind {
	ARG_WORD,
	ARG_OPTION,     /* "-o name=value" */
	ARG_BAD_OPTION, /* "-o", and text that is nothing of that kind */
};

/* What follows the command: one word, or one -o with its text. */
struct master_arg {
	struct list link;
	enum master_arg_kind kind;
	bool daemon;            /* before the first word that is no option */
	bool braced;            /* a word that stood in braces */
	bool read_only;         /* nobody can set it: see postconf_names.h */
	struct str text;        /* not for ARG_OPTION */
	struct str name, value; /* of ARG_OPTION */
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
	struct list args; /* of struct master_arg */
};

struct master_cf {
	struct arena arena;
	struct list entries; /* of struct master_entry, in the file's order */
};

/* Each "-o name=value" of an entry: see master_next_option(). */
#define master_options(o, it)                                                  \
	for (struct master_arg *o = master_next_option((it), NULL); o != NULL; \
	     o = master_next_option((it), o))
struct master_arg *master_next_option(const struct master_entry *it,
    const struct master_arg *last);

/*
 * Read DIR/master.cf. ST_NONE: it cannot be opened, and e says why; m is empty
 * then. ST_TEMP: "file FILE: line N: bad field count" and the like. Bad -o
 * arguments are warned of. The caller clears m in any case.
 */
enum st master_cf_read(struct master_cf *m, const char *dir, struct err *e)
    MUST_CHECK;
void master_cf_clear(struct master_cf *m);

/*
 * One logical line to an entry, all in the arena. ST_TEMP: "bad field count"
 * and nothing else in it (ST_NONE for that), or "invalid type field ...".
 */
enum st master_parse(struct arena *a, struct str line, struct master_entry *it,
    struct err *e) MUST_CHECK;
/* Put a command and its arguments in place of those of *it. ST_NONE: none. */
enum st master_parse_command(struct arena *a, struct str text,
    struct master_entry *it, struct err *e) MUST_CHECK;
/* ST_TEMP: 'invalid FIELD field "V" in "WHERE"'. */
enum st master_check_field(enum master_field f, struct str value,
    struct str where, struct err *e) MUST_CHECK;

/* "service", "type" and so on. */
const char *master_field_name(enum master_field f);

#endif
