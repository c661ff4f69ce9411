/*
 * expand - $name, ${name?yes}, ${{a} == {b} ? {c} : {d}} in a text.
 *
 * Pure: values come from a callback. What each form gives, and the texts of
 * the errors, are those of Postfix 3.7 (postconf(5), "main.cf file format").
 */
#ifndef COMMON_CONF_EXPAND_H
#define COMMON_CONF_EXPAND_H

#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

/*
 * The text of name, not expanded; NULL when there is none. It must stay as it
 * is until expand() returns.
 */
typedef const char *expand_get_fn(struct str name, void *arg);

/*
 * Add the expanded text to out. ST_TEMP: the syntax is wrong, references are
 * nested too deep (a loop) or too many, or out is full; out has a part then.
 */
enum st expand(struct str text, expand_get_fn *get, void *arg, struct buf *out,
    struct err *e) MUST_CHECK;

/*
 * Call fn for each name that text refers to, in all branches, also in those
 * that expand() would not take. ST_TEMP: the syntax is wrong.
 */
typedef void expand_name_fn(struct str name, void *arg);
enum st expand_names(struct str text, expand_name_fn *fn, void *arg,
    struct err *e) MUST_CHECK;

#endif
