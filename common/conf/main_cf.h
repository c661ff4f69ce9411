/*
 * main_cf - lines to name = value, in main.cf and other files of its form.
 */
#ifndef COMMON_CONF_MAIN_CF_H
#define COMMON_CONF_MAIN_CF_H

#include <stddef.h>

#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

/*
 * Cut "name = value": blanks around each are gone. ST_TEMP: "missing attribute
 * name" or "missing '=' after attribute name", and nothing else in it.
 */
enum st main_cf_split(struct str line, struct str *name, struct str *value,
    struct err *e) MUST_CHECK;

/*
 * Call fn for each name = value of a whole file's text; file is for messages.
 * Indented first lines are warned of in the log and left out. ST_TEMP: "FILE,
 * line N: missing '=' after attribute name: "TEXT"".
 */
typedef void main_cf_fn(struct str name, struct str value, size_t line,
    void *arg);
enum st main_cf_parse(struct str text, const char *file, main_cf_fn *fn,
    void *arg, struct err *e) MUST_CHECK;

#endif
