/*
 * check_state - what the files check*.c share; nobody else includes it.
 */
#ifndef VDELIVER_CHECK_STATE_H
#define VDELIVER_CHECK_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/macros.h"
#include "base/str.h"
#include "conf/conf.h"

/* How many of a kind are told one by one. */
#define CHECK_MANY 10

struct check {
	const char *dir;
	const char *dovecot; /* NULL: where it usually is */
	FILE *out;
	struct conf *conf;
	struct arena arena;
	size_t wrong, doubtful;
	bool fatal; /* something was found that keeps vdeliver from starting */
};

enum check_kind {
	CHECK_WRONG, /* mail is not delivered, or others can interfere */
	CHECK_DOUBT, /* most often not what was meant */
	CHECK_NOTE,  /* good to know */
};

/* Say what, and on a line of its own what to do about it. */
void check_say(struct check *c, enum check_kind kind, const char *remedy,
    const char *fmt, ...) PRINTF(4, 5);
/* The expanded value; "" with a finding when it cannot be expanded. */
const char *check_value(struct check *c, const char *param);

/*
 * The records of all tables of a parameter, as far as their types can list
 * them; a static: one gives its value under the key "*". Tables that cannot
 * be opened are passed over: check_tables() tells of them.
 */
typedef void check_record_fn(struct check *c, const char *table, struct str key,
    struct str value, void *arg);
void check_records(struct check *c, const char *param, check_record_fn *fn,
    void *arg);

/* check_tables.c: tables that are missing, old or open to all. */
void check_tables(struct check *c);
/* check_boxes.c: paths and ids that tables give, and the base. */
void check_base(struct check *c);
void check_paths(struct check *c);
void check_owners(struct check *c);
/* check_confine.c: could vdeliver_confine be switched on, or is it in vain? */
void check_confine(struct check *c);
/* check_dovecot.c: does Dovecot look where mail is delivered? */
void check_dovecot(struct check *c);

#endif
