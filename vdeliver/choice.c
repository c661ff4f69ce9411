/* choice - how to sync, by what was measured. Runs in: worker. */

#include "vdeliver/choice.h"

#include <string.h>

/* So many messages at a time are few. */
#define FEW 2
/* Messages of one measurement. */
#define WINDOW 200
/* Windows until the other way is tried again, at first and at most. */
#define WAIT_FIRST 8
#define WAIT_MOST  1024

enum st choice_parse(const char *word, enum choice_rule *rule, struct err *e)
{
	static const struct {
		const char *word;
		enum choice_rule rule;
	} rows[] = {
		{ "auto", CHOICE_AUTO },
		{ "fsync", CHOICE_FILES },
		{ "syncfs", CHOICE_SYNCFS },
	};
	size_t i;

	for (i = 0; i < NELEM(rows); i++) {
		if (strcmp(rows[i].word, word) != 0)
			continue;
		*rule = rows[i].rule;
		return ST_OK;
	}
	return err_temp(e, "",
	    "parameter vdeliver_sync: bad value: %s (auto, fsync or syncfs)",
	    word);
}

void choice_init(struct choice *c, enum choice_rule rule)
{
	*c = (struct choice){ .rule = rule, .wait = WAIT_FIRST };
}

bool choice_of(const struct choice *c, size_t under_way)
{
	if (c->rule == CHOICE_AUTO)
		return c->syncfs && under_way > FEW;
	return c->rule == CHOICE_SYNCFS;
}

static void next_window(struct choice *c)
{
	bool better = c->cost[!c->syncfs] == 0 ||
	    c->cost[!c->syncfs] < c->cost[c->syncfs];

	if (better) {
		/* The one that is left was tried in vain, or is worse now. */
		if (c->cost[!c->syncfs] != 0 && c->wait < WAIT_MOST)
			c->wait *= 2;
		c->syncfs = !c->syncfs;
		c->left = c->wait;
	} else if (c->left == 0 || --c->left == 0) {
		c->cost[!c->syncfs] = 0;
		c->left = c->wait;
	}
}

void choice_done(struct choice *c, size_t n, size_t under_way, int64_t now_ms)
{
	if (c->rule != CHOICE_AUTO)
		return;
	if (under_way <= FEW || c->since_ms == 0) {
		c->since_ms = under_way <= FEW ? 0 : now_ms;
		c->done = 0;
		return;
	}
	c->done += n;
	if (c->done < WINDOW)
		return;
	c->cost[c->syncfs] =
	    1 + (now_ms - c->since_ms) * 1000 / (int64_t)c->done;
	c->since_ms = now_ms;
	c->done = 0;
	next_window(c);
}
