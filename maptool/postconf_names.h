/*
 * postconf_names - which names main.cf may set besides those of params.def,
 * and the warnings about those that nobody uses or that nobody sets.
 */
#ifndef MAPTOOL_POSTCONF_NAMES_H
#define MAPTOOL_POSTCONF_NAMES_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/macros.h"
#include "conf/conf.h"
#include "conf/master.h"
#include "maptool/postconf.h"

struct hash;

struct pc_names {
	struct arena arena;
	struct conf *conf;
	const char *dir;
	struct master_cf master;
	/* name → its default, of each transport of master.cf */
	struct hash *service;
	/* Names that main.cf or a default refer to, and those that -o do. */
	struct hash *referenced, *by_master;
	struct hash *local; /* entry and name → one of its -o refers to it */
};

/*
 * Read DIR/master.cf. When it is not there that is warned of, or, with must,
 * fatal; a bad line is fatal. dir is kept.
 */
void pc_names_read(struct pc_names *n, const char *dir, bool must);
/*
 * Learn all names. With main (c has main.cf) also warn of "undefined
 * parameter"; a value that cannot be expanded is fatal. What is read-only is
 * warned of and taken out of c.
 */
void pc_names_learn(struct pc_names *n, struct conf *c, bool main);
void pc_names_clear(struct pc_names *n);

/* Note that scope (an entry, NULL: main.cf) refers to name. */
void pc_refer(struct pc_names *n, const struct master_entry *scope,
    struct str name);

/*
 * Expand a text that stands in an entry's -o: $name is what another -o of it
 * says, else as in main.cf. ST_TEMP: as expand().
 */
enum st pc_expand_option(struct pc_names *n, const struct master_entry *it,
    struct str text, struct buf *out, struct err *e) MUST_CHECK;

/* Is name in the class PC_USER: set in main.cf, and referred to. */
bool pc_is_user(const struct pc_names *n, const char *name);
/* The default of a name of class PC_SERVICE, NULL for others. */
const char *pc_service_default(const struct pc_names *n, const char *name);

/* Warn of "unused parameter". */
void pc_warn_unused_main(const struct pc_names *n);
void pc_warn_unused_master(const struct pc_names *n);

#endif
