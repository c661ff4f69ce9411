/*
 * conf - a configuration directory's main.cf over the built-in defaults.
 *
 * Names, types, defaults and limits are the rows of params.def. Values are
 * expanded ($name, ${name?yes}, ${name:no}, ${{a} == {b} ? {c} : {d}}) when
 * they are asked for; unknown names are user-defined and may be referred to.
 * Rules and texts: postconf(5) and Postfix' own messages.
 */
#ifndef COMMON_CONF_CONF_H
#define COMMON_CONF_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/macros.h"
#include "base/str.h"

struct conf;

/*
 * Read DIR/main.cf. Warnings (repeated name, indented first line, '#' in a
 * value) go to the log. ST_TEMP: "open DIR/main.cf: No such file or directory",
 * "DIR/main.cf, line N: missing '=' after attribute name: "TEXT"".
 * The caller frees *c.
 */
enum st conf_load(struct conf **c, const char *dir, struct err *e) MUST_CHECK;
/* The built-in defaults alone. */
struct conf *conf_defaults(const char *dir) MUST_CHECK;
/* NULL is fine. */
void conf_free(struct conf *c);

/* The text as it stands in main.cf, NULL when it does not set name. */
const char *conf_raw(const struct conf *c, const char *name);
/* The text of main.cf, else the default, else NULL: not expanded. */
const char *conf_text(const struct conf *c, const char *name);

/*
 * The expanded value, in memory that lives as long as c. A name that neither
 * main.cf nor params.def has is ST_NONE with *v "".
 * ST_TEMP: "unreasonable macro call nesting: ..." and the like; for typed
 * ones "bad numerical configuration: NAME = VALUE", "invalid NAME parameter
 * value V < MIN", "bad boolean configuration: NAME = VALUE", "parameter NAME:
 * bad time value or unit: VALUE", "bad string length 0 < 1: NAME = ".
 */
enum st conf_str(struct conf *c, const char *name, const char **v,
    struct err *e) MUST_CHECK;
enum st conf_int(struct conf *c, const char *name, int64_t *v, struct err *e)
    MUST_CHECK;
enum st conf_bool(struct conf *c, const char *name, bool *v, struct err *e)
    MUST_CHECK;
/* In seconds. */
enum st conf_time(struct conf *c, const char *name, int64_t *v, struct err *e)
    MUST_CHECK;
/* $-expansion of any text over c, added to out (its limit applies). */
enum st conf_expand(struct conf *c, struct str text, struct buf *out,
    struct err *e) MUST_CHECK;

/* Keep text as long as c lives: *kept is a C string. ST_TEMP: a NUL in it. */
enum st conf_keep(struct conf *c, struct str text, const char **kept,
    struct err *e) MUST_CHECK;
/*
 * What maptool needs: the defaults of Postfix 3.7, a value put in place of
 * main.cf's, and a name as if main.cf did not set it.
 */
void conf_like_37(struct conf *c);
void conf_set(struct conf *c, struct str name, struct str value);
void conf_unset(struct conf *c, const char *name);
/* Read DIR/main.cf into c; otherwise as conf_load(). */
enum st conf_read(struct conf *c, struct err *e) MUST_CHECK;

/* Names set in main.cf, in its order; stops when fn returns false. */
void conf_each(const struct conf *c,
    bool (*fn)(const char *name, const char *value, void *arg), void *arg);

enum param_type {
	PARAM_STR,  /* min is the least length */
	PARAM_RAW,  /* as PARAM_STR, but never expanded */
	PARAM_INT,  /* min..max */
	PARAM_BOOL, /* yes or no */
	PARAM_TIME, /* digits and a unit; a bare number takes unit */
};

/* A row of params.def. */
struct param {
	const char *name;
	enum param_type type;
	const char
	    *def; /* default text, may hold $name; NULL: by the machine */
	int64_t min, max; /* 0: any number, and the largest int */
	char unit;
	bool ours;  /* a vdeliver_* parameter, unknown to Postfix */
	bool newer; /* known to Postfix since a version after 3.7 */
	/*
	 * Postfix 3.7's default where def is that of a later version, NULL
	 * where it did not change. Only for conf_like_37().
	 */
	const char *def37;
};

/* The row of name, NULL when there is none; all rows, sorted by name. */
const struct param *param_find(const char *name);
const struct param *param_rows(size_t *count);

/* Compatibility levels compare by components: 3.10 > 3.9. <0, 0, >0; ST_TEMP
 * "malformed compatibility level syntax: ...". */
enum st compat_level_cmp(struct str a, struct str b, int *result, struct err *e)
    MUST_CHECK;

#endif
