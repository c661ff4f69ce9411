/* answers - a bounded store of answers of tables. Runs in: router. */

#include "vdeliver/answers.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/xalloc.h"

/* Longer keys and values are rare, and not looked for often. */
#define KEY_MAX   512
#define VALUE_MAX 4096
/* What an entry costs besides its text, about. */
#define ENTRY_COST 160

struct entry {
	enum st st;
	size_t value_n, ext_n;
	char text[]; /* value, ext */
};

struct answers {
	struct hash *young, *old;
	size_t used; /* by the young */
};

struct answers *answers_new(void)
{
	struct answers *v = xcalloc(1, sizeof(*v));

	v->young = hash_new();
	v->old = hash_new();
	return v;
}

/* Question, flags and key as one key. */
static struct str entry_key(enum question question, uint32_t flags,
    struct str key, char text[KEY_MAX + 8])
{
	uint32_t head[2] = { (uint32_t)question, flags };

	memcpy(text, head, sizeof(head));
	if (key.n != 0)
		memcpy(text + sizeof(head), key.p, key.n);
	return (struct str){ text, sizeof(head) + key.n };
}

static void turn(struct answers *v)
{
	hash_free(v->old, free);
	v->old = v->young;
	v->young = hash_new();
	v->used = 0;
}

static void keep(struct answers *v, struct str key, struct entry *e)
{
	size_t cost = ENTRY_COST + key.n + e->value_n + e->ext_n;

	if (v->used + cost > ANSWERS_HALF)
		turn(v);
	v->used += cost;
	free(hash_put(v->young, key, e));
}

void answers_put(struct answers *v, enum question question, uint32_t flags,
    struct str key, const struct answer *a)
{
	char text[KEY_MAX + 8];
	struct entry *e;

	if ((a->st != ST_OK && a->st != ST_NONE) || key.n > KEY_MAX ||
	    a->value.n > VALUE_MAX || a->ext.n > KEY_MAX)
		return;
	e = xcalloc(1, sizeof(*e) + a->value.n + a->ext.n);
	e->st = a->st;
	e->value_n = a->value.n;
	e->ext_n = a->ext.n;
	if (a->value.n != 0)
		memcpy(e->text, a->value.p, a->value.n);
	if (a->ext.n != 0)
		memcpy(e->text + a->value.n, a->ext.p, a->ext.n);
	key = entry_key(question, flags, key, text);
	free(hash_del(v->old, key));
	keep(v, key, e);
}

bool answers_get(struct answers *v, enum question question, uint32_t flags,
    struct str key, struct answer *a)
{
	char text[KEY_MAX + 8];
	struct entry *e;

	if (key.n > KEY_MAX)
		return false;
	key = entry_key(question, flags, key, text);
	e = hash_get(v->young, key);
	if (e == NULL && (e = hash_del(v->old, key)) != NULL)
		keep(v, key, e);
	if (e == NULL)
		return false;
	*a = (struct answer){ .st = e->st,
		.value = { e->text, e->value_n },
		.ext = { e->text + e->value_n, e->ext_n },
		.dsn = "",
		.text = "" };
	return true;
}

void answers_forget_all(struct answers *v)
{
	turn(v);
	turn(v);
}

void answers_free(struct answers *v)
{
	if (v == NULL)
		return;
	hash_free(v->young, free);
	hash_free(v->old, free);
	free(v);
}
