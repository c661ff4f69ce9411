/*
 * module - find and load map_TYPE.so, which knows one kind of server.
 *
 * Modules lie in one directory: PKGLIBDIR of the build, or, for tests and
 * builds that are not installed, what MAP_MODULES says (an absolute path; not
 * looked at in a process with more rights than its caller). Run by root, the
 * file and every directory above it must belong to root and be writable for
 * nobody else; run by others, the file must belong to them or to root.
 */
#ifndef COMMON_MAP_MODULE_H
#define COMMON_MAP_MODULE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/macros.h"
#include "map/db_engine.h"

/*
 * The engine of type, which stays loaded until the process ends.
 *
 * ST_TEMP: "unsupported dictionary type: TYPE: FILE is not installed"; the
 * file is not safe; it cannot be loaded; it is of another version.
 */
enum st module_load(const char *type, const struct db_engine **engine,
    struct err *e) MUST_CHECK;
/* Does its file lie there? Whether it can be loaded is seen when it is. */
bool module_is_there(const char *type) MUST_CHECK;

#endif
