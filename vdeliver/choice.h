/*
 * choice - syncs of files, or syncfs(2)? By what was measured.
 *
 * Few messages at a time are always synced by themselves. With more, the time
 * that a message took in the last batches decides; the way that lost is tried
 * again after a while, seldomer each time it loses: others may write to the
 * same file system, whose data syncfs(2) has to write as well.
 */
#ifndef VDELIVER_CHOICE_H
#define VDELIVER_CHOICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/macros.h"

enum choice_rule {
	CHOICE_FILES,  /* never syncfs */
	CHOICE_SYNCFS, /* always */
	CHOICE_AUTO,
};

/* The value of vdeliver_sync; ST_TEMP: it is none. */
enum st choice_parse(const char *word, enum choice_rule *rule, struct err *e)
    MUST_CHECK;

struct choice {
	enum choice_rule rule;
	bool syncfs;         /* what is measured now */
	int64_t cost[2];     /* us a message, by syncfs; 0: not known */
	int64_t since_ms;    /* when it began; 0: it did not */
	size_t done;         /* messages since then */
	unsigned wait, left; /* windows until the other is tried */
};

void choice_init(struct choice *c, enum choice_rule rule);

/* With so many messages under way: syncfs? */
bool choice_of(const struct choice *c, size_t under_way);

/* n messages are done, under_way were there; now of clock_ms(). */
void choice_done(struct choice *c, size_t n, size_t under_way, int64_t now_ms);

#endif
