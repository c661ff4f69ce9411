/*
 * refs - the tables that main.cf and master.cf refer to.
 *
 * Values are expanded first. A table is "type:name", also within braces, after
 * "proxy:" and in the arguments of a service; in parameters whose names end in
 * "_maps" and in alias_database also a path without a type.
 */
#ifndef MAPTOOL_REFS_H
#define MAPTOOL_REFS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/list.h"
#include "base/macros.h"
#include "base/str.h"
#include "conf/conf.h"

struct ref {
	struct list link;
	const char *type, *name, *spec; /* "hash", "/x", "hash:/x" */
	const char *param;              /* where it was met first */
	bool aliases;                   /* postalias makes it */
	bool cache;                     /* a daemon makes it itself */
	bool builtin;                   /* main.cf does not name it */
};

struct refs {
	struct arena arena;
	struct list list; /* of struct ref, each spec once */
};

/* All of a type that has a file of its own. ST_TEMP: a file cannot be read. */
enum st refs_find(struct refs *r, struct conf *c, const char *dir,
    struct err *e) MUST_CHECK;
void refs_clear(struct refs *r);

/* A parameter of what daemons keep for themselves, such as *_cache_database. */
bool refs_is_cache(struct str param);

#endif
