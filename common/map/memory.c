/* memory - records in memory, by key and in order of entry. */

#include "map/memory.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/xalloc.h"
#include "map/types.h"

#define KEY_MAX 70000

struct record {
	struct record *next;
	struct str key, val;
};

struct memory {
	struct arena arena;
	struct hash *index;
	struct record *first, **end, *at;
	bool started;
};

struct memory *memory_new(void)
{
	struct memory *t = xcalloc(1, sizeof(*t));

	t->index = hash_new();
	t->end = &t->first;
	return t;
}

void memory_free(struct memory *t)
{
	if (t == NULL)
		return;
	hash_free(t->index, NULL);
	arena_clear(&t->arena);
	free(t);
}

bool memory_put(struct map *m, struct memory *t, struct str key, struct str val,
    bool replace)
{
	AUTO_BUF folded = BUF_MAX(KEY_MAX);
	struct record *r;

	if (!map_fold_key(m, key, &folded))
		return false;
	r = hash_get(t->index, buf_str(&folded));
	if (r != NULL) {
		if (replace)
			r->val = arena_str(&t->arena, val);
		return false;
	}
	r = arena_alloc(&t->arena, sizeof(*r));
	r->key = arena_str(&t->arena, buf_str(&folded));
	r->val = arena_str(&t->arena, val);
	*t->end = r;
	t->end = &r->next;
	hash_put(t->index, r->key, r);
	return true;
}

enum st memory_get(const struct memory *t, struct str key, struct buf *val)
{
	const struct record *r = hash_get(t->index, key);

	if (r == NULL)
		return ST_NONE;
	buf_set(val, r->val);
	return ST_OK;
}

enum st memory_next(struct memory *t, struct buf *key, struct buf *val)
{
	t->at = t->started ? t->at->next : t->first;
	t->started = t->at != NULL;
	if (t->at == NULL)
		return ST_NONE;
	buf_set(key, t->at->key);
	buf_set(val, t->at->val);
	return ST_OK;
}
