/* boxes - shared locks on mbox files. Runs in: worker, the taking thread. */

#include "vdeliver/boxes.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "mail/mbox_lock.h"

/* Under load the lock is given up this often, so that others get their turn. */
#define HOLD_MS 10000

struct boxes {
	const struct boxes_rules *rules;
	struct list all;
};

struct boxes *boxes_new(const struct boxes_rules *rules)
{
	struct boxes *bs = xcalloc(1, sizeof(*bs));

	bs->rules = rules;
	list_init(&bs->all);
	return bs;
}

static struct box *box_of(struct list *l)
{
	return CONTAINER_OF(l, struct box, link);
}

static void box_free(struct box *b)
{
	list_del(&b->link);
	mbox_clear(&b->mbox);
	free(b);
}

void boxes_free(struct boxes *bs)
{
	if (bs == NULL)
		return;
	list_foreach_safe(p, next, &bs->all)
		box_free(box_of(p));
	free(bs);
}

int64_t boxes_patience_ms(unsigned locks, int64_t attempts, int64_t delay_ms)
{
	int64_t kinds = 0;

	for (; locks != 0; locks &= locks - 1)
		kinds++;
	return kinds * attempts * delay_ms;
}

/* The lock that we wait for may be our own, by another name of the file. */
static bool share(struct boxes *bs, struct box *b)
{
	list_foreach(p, &bs->all)
		if (box_of(p)->st == ST_OK &&
		    mbox_share(&b->mbox, &box_of(p)->mbox))
			return true;
	return false;
}

static void try(struct boxes *bs, struct box *b)
{
	b->st = mbox_open(&b->mbox, &b->err);
	if (b->st == ST_NONE && share(bs, b))
		b->st = mbox_open(&b->mbox, &b->err);
	if (b->st == ST_OK)
		b->since_ms = clock_ms();
	if (b->st != ST_NONE)
		return;
	/* A step further: the next kind of lock has its own attempts. */
	if (b->mbox.step != b->at)
		b->tries = 0;
	b->at = b->mbox.step;
	b->tries++;
	b->next_ms = clock_deadline(bs->rules->delay_ms);
}

enum st boxes_state(const struct boxes *bs, const struct box *b,
    struct box_claim *c)
{
	if (b->st != ST_NONE)
		return b->st;
	if (c->at != b->at)
		c->from = 0;
	c->at = b->at;
	return b->tries - c->from < bs->rules->attempts &&
		clock_ms() < c->end_ms
	    ? ST_NONE
	    : ST_TEMP;
}

/* "a//b" and "a/./b" are "a/b". */
static char *plain(struct str path)
{
	char *out = xmalloc(path.n + 1);
	struct str part;
	size_t n = 0, i;

	while (str_word(&path, "/", &part)) {
		if (str_eqc(part, "."))
			continue;
		if (n > 0)
			out[n++] = '/';
		for (i = 0; i < part.n; i++)
			out[n++] = part.p[i];
	}
	out[n] = '\0';
	return out;
}

static bool is_open_to(const struct box *b, struct str path)
{
	if (!str_eqc(path, b->mbox.path) || b->shut)
		return false;
	/* One that was given up serves those who waited for it, no others. */
	return b->st == ST_OK || b->st == ST_NONE;
}

static struct box *find(struct boxes *bs, struct str path)
{
	struct box *b;

	list_foreach(p, &bs->all) {
		b = box_of(p);
		if (b->users > 0 && clock_ms() - b->since_ms > HOLD_MS)
			b->shut = true;
		if (is_open_to(b, path))
			return b;
	}
	return NULL;
}

struct box *boxes_get(struct boxes *bs, struct str path, struct box_claim *c)
{
	const struct boxes_rules *r = bs->rules;
	char *name = plain(path);
	struct box *b = find(bs, str_c(name));

	if (b == NULL) {
		b = xcalloc(1, sizeof(*b));
		mbox_init(&b->mbox, &r->mbox, str_c(name));
		list_add_tail(&bs->all, &b->link);
		try(bs, b);
	}
	b->refs++;
	c->at = b->at;
	c->from = b->tries > 0 ? b->tries - 1 : 0;
	c->end_ms = clock_deadline(
	    boxes_patience_ms(r->mbox.locks, r->attempts, r->delay_ms));
	free(name);
	return b;
}

void boxes_use(struct box *b)
{
	if (b->st != ST_OK)
		bug("box %s is used and not held", b->mbox.path);
	b->users++;
}

void boxes_unuse(struct box *b)
{
	b->users--;
}

void boxes_put(struct box *b)
{
	if (--b->refs == 0)
		box_free(b);
}

void boxes_poll(struct boxes *bs)
{
	int64_t now = clock_ms();

	list_foreach(p, &bs->all)
		if (box_of(p)->st == ST_NONE && box_of(p)->next_ms <= now)
			try(bs, box_of(p));
}

void boxes_rest(struct boxes *bs)
{
	struct box *b;

	list_foreach(p, &bs->all) {
		b = box_of(p);
		if (b->st != ST_OK || b->users > 0)
			continue;
		mbox_close(&b->mbox);
		b->st = ST_NONE;
		b->at = MBOX_AT_DOTLOCK;
		b->next_ms = clock_deadline(bs->rules->delay_ms);
	}
}

int64_t boxes_next(const struct boxes *bs)
{
	int64_t next = CLOCK_NEVER;

	list_foreach(p, (struct list *)&bs->all)
		if (box_of(p)->st == ST_NONE && box_of(p)->next_ms < next)
			next = box_of(p)->next_ms;
	return next;
}
