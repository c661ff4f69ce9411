/* bulk - the records of a new table, in memory. */

#include "map/bulk.h"

#include <stdlib.h>
#include <string.h>

#include "base/big.h"
#include "base/err.h"
#include "base/xalloc.h"

/* Records lie one behind the other in blocks that grow so far. */
#define BLOCK_FIRST ((size_t)1 << 14)
#define BLOCK_MAX   ((size_t)1 << 24)
#define FIRST_SLOTS 256

struct block {
	struct block *next;
	size_t size; /* of all of it */
	char data[];
};

/* A slot that is free is 0. */
struct slot {
	uint32_t hash;
	uint32_t place; /* index into recs + 1 */
};

struct bulk {
	struct block *blocks;
	char *at; /* room in the newest block */
	size_t room;

	struct bulk_rec *recs;
	size_t n, cap; /* gone ones included */
	size_t gone;   /* p is NULL */

	struct slot *slots;
	unsigned slot_bits;
};

struct bulk *bulk_new(void)
{
	struct bulk *b = xcalloc(1, sizeof(*b));

	b->slot_bits = 8;
	b->slots = big_alloc(FIRST_SLOTS * sizeof(*b->slots));
	return b;
}

static size_t slots_bytes(const struct bulk *b)
{
	return sizeof(*b->slots) << b->slot_bits;
}

static void drop_slots(struct bulk *b)
{
	big_free(b->slots, slots_bytes(b));
	b->slots = NULL;
}

void bulk_free(struct bulk *b)
{
	struct block *next;

	if (b == NULL)
		return;
	for (; b->blocks != NULL; b->blocks = next) {
		next = b->blocks->next;
		big_free(b->blocks, b->blocks->size);
	}
	big_free(b->recs, b->cap * sizeof(*b->recs));
	drop_slots(b);
	free(b);
}

uint32_t bulk_hash(struct str key)
{
	uint32_t h = 0;
	size_t i;

	for (i = 0; i < key.n; i++)
		h = h * 16777619u ^ (unsigned char)key.p[i];
	return h;
}

/* --- duplicates ---------------------------------------------------------- */

/* The slot where a search begins: the low bits alone would cluster. */
static size_t first_slot(const struct bulk *b, uint32_t hash)
{
	return (hash * 2654435769u) >> (32 - b->slot_bits);
}

static size_t next_slot(const struct bulk *b, size_t slot)
{
	return (slot + 1) & (((size_t)1 << b->slot_bits) - 1);
}

static void fill_slot(struct bulk *b, uint32_t index)
{
	uint32_t hash = b->recs[index].hash;
	size_t s = first_slot(b, hash);

	while (b->slots[s].place != 0)
		s = next_slot(b, s);
	b->slots[s] = (struct slot){ hash, index + 1 };
}

static void grow_slots(struct bulk *b)
{
	size_t i;

	drop_slots(b);
	b->slot_bits++;
	if (b->slot_bits > 31)
		bug("too many records");
	b->slots = big_alloc(slots_bytes(b));
	for (i = 0; i < b->n; i++)
		if (b->recs[i].p != NULL)
			fill_slot(b, (uint32_t)i);
}

static bool is_key(const struct bulk *b, const struct slot *s,
    const struct bulk_rec *r)
{
	const struct bulk_rec *other;

	if (s->hash != r->hash)
		return false;
	other = &b->recs[s->place - 1];
	return r->key_n == other->key_n &&
	    memcmp(r->p, other->p, r->key_n) == 0;
}

/* The slot of the same key, or the free one where it belongs. */
static struct slot *find_slot(const struct bulk *b, const struct bulk_rec *r)
{
	size_t s = first_slot(b, r->hash);

	while (b->slots[s].place != 0 && !is_key(b, &b->slots[s], r))
		s = next_slot(b, s);
	return &b->slots[s];
}

/* --- adding -------------------------------------------------------------- */

static char *space(struct bulk *b, size_t n)
{
	size_t size = b->blocks != NULL ? 2 * b->blocks->size : BLOCK_FIRST;
	struct block *block;
	char *p;

	if (n > b->room) {
		if (size > BLOCK_MAX)
			size = BLOCK_MAX;
		if (size < sizeof(*block) + n)
			size = sizeof(*block) + n;
		block = big_alloc(size);
		block->next = b->blocks;
		block->size = size;
		b->blocks = block;
		b->at = block->data;
		b->room = size - sizeof(*block);
	}
	p = b->at;
	b->at += n;
	b->room -= n;
	return p;
}

/* Give the last space back. */
static void unspace(struct bulk *b, size_t n)
{
	b->at -= n;
	b->room += n;
}

static char *copy(char *to, struct str s, bool nul)
{
	if (s.n != 0)
		memcpy(to, s.p, s.n);
	if (nul)
		to[s.n] = '\0';
	return to + s.n + nul;
}

static void append(struct bulk *b, const struct bulk_rec *r)
{
	size_t cap = b->cap == 0 ? FIRST_SLOTS / 2 : 2 * b->cap;

	if (b->n == b->cap) {
		b->recs = big_grow(b->recs, b->cap * sizeof(*b->recs),
		    cap * sizeof(*b->recs));
		b->cap = cap;
	}
	b->recs[b->n++] = *r;
}

bool bulk_put(struct bulk *b, struct str key, struct str val, bool nul,
    enum bulk_dup dup)
{
	char *p = space(b, key.n + val.n + 2);
	struct bulk_rec r = { p, (uint32_t)(key.n + nul),
		(uint32_t)(val.n + nul), 0 };
	struct bulk_rec *old;
	struct slot *slot;
	bool was_there;

	copy(copy(p, key, nul), val, nul);
	r.hash = bulk_hash(bulk_key(&r));
	if (b->n * 2 >= (size_t)1 << b->slot_bits)
		grow_slots(b);
	slot = find_slot(b, &r);
	was_there = slot->place != 0;
	if (was_there && dup == BULK_KEEP) {
		unspace(b, key.n + val.n + 2);
		return false;
	}
	if (was_there && dup == BULK_REPLACE) {
		old = &b->recs[slot->place - 1];
		old->p = NULL;
		b->gone++;
	}
	if (!was_there || dup == BULK_REPLACE)
		*slot = (struct slot){ r.hash, (uint32_t)b->n + 1 };
	append(b, &r);
	return !was_there;
}

size_t bulk_count(const struct bulk *b)
{
	return b->n - b->gone;
}

/* --- order --------------------------------------------------------------- */

static void drop_gone(struct bulk *b)
{
	size_t i, n = 0;

	for (i = 0; b->gone != 0 && i < b->n; i++)
		if (b->recs[i].p != NULL)
			b->recs[n++] = b->recs[i];
	if (b->gone != 0)
		b->n = n;
	b->gone = 0;
}

/* What all keys begin with says nothing about their order. */
static size_t common_start(const struct bulk *b)
{
	const struct bulk_rec *first = b->recs, *r;
	size_t n = b->n == 0 ? 0 : first->key_n, i, k;

	for (i = 1; i < b->n && n != 0; i++) {
		r = &first[i];
		for (k = 0; k < n && k < r->key_n && r->p[k] == first->p[k];)
			k++;
		n = k;
	}
	return n;
}

/* Most comparisons end with the bytes in start, and touch no key. */
struct place {
	uint64_t start;
	const struct bulk_rec *rec;
};

static uint64_t eight_bytes(const struct bulk_rec *r, size_t from)
{
	uint64_t v = 0;
	size_t i;

	for (i = from; i < from + 8; i++)
		v = v << 8 | (i < r->key_n ? (unsigned char)r->p[i] : 0);
	return v;
}

static int compare(const void *left, const void *right)
{
	const struct place *l = left, *r = right;
	const struct bulk_rec *a = l->rec, *b = r->rec;
	int diff;

	if (l->start != r->start)
		return l->start < r->start ? -1 : 1;
	diff = memcmp(a->p, b->p, a->key_n < b->key_n ? a->key_n : b->key_n);
	if (diff != 0)
		return diff;
	if (a->key_n != b->key_n)
		return a->key_n < b->key_n ? -1 : 1;
	/* The same key twice: in order of input. */
	return a < b ? -1 : a > b;
}

/* No more duplicates are looked for: their table's memory is for the rest. */
static struct bulk_rec *begin_sort(struct bulk *b)
{
	drop_gone(b);
	drop_slots(b);
	return big_alloc((b->n + 1) * sizeof(*b->recs));
}

static void end_sort(struct bulk *b, struct bulk_rec *sorted)
{
	big_free(b->recs, b->cap * sizeof(*b->recs));
	b->recs = sorted;
	b->cap = b->n + 1;
}

void bulk_sort_by_input(struct bulk *b)
{
	drop_gone(b);
}

void bulk_sort_by_key(struct bulk *b)
{
	struct bulk_rec *sorted = begin_sort(b);
	size_t bytes = (b->n + 1) * sizeof(struct place);
	size_t from = common_start(b), i;
	struct place *places = big_alloc(bytes);

	for (i = 0; i < b->n; i++)
		places[i] = (struct place){ eight_bytes(&b->recs[i], from),
			&b->recs[i] };
	qsort(places, b->n, sizeof(*places), compare);
	for (i = 0; i < b->n; i++) {
		if (i + BULK_AHEAD < b->n)
			__builtin_prefetch(places[i + BULK_AHEAD].rec);
		sorted[i] = *places[i].rec;
	}
	big_free(places, bytes);
	end_sort(b, sorted);
}

void bulk_sort_by_bucket(struct bulk *b, uint32_t mask)
{
	struct bulk_rec *sorted = begin_sort(b);
	/* starts[k]: where the records of bucket k begin, then go on. */
	size_t *starts = xcalloc((size_t)mask + 2, sizeof(*starts)), i;

	for (i = 0; i < b->n; i++)
		starts[(b->recs[i].hash & mask) + 1]++;
	for (i = 1; i <= mask; i++)
		starts[i] += starts[i - 1];
	for (i = 0; i < b->n; i++)
		sorted[starts[b->recs[i].hash & mask]++] = b->recs[i];
	free(starts);
	end_sort(b, sorted);
}

const struct bulk_rec *bulk_at(const struct bulk *b, size_t i)
{
	return &b->recs[i];
}
